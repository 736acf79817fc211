/** Manners of a long walk: all requests of the process share one thread, so between two steps it lets the others have a turn. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { limits } from '#limits.ts';

export class TimeSlice {
  #startedAt = performance.now();

  /** Resolves at once while the slice lasts, otherwise when everybody else who is ready had a turn. Awaiting what is cached gives none. */
  async rest(): Promise<void> {
    if (performance.now() - this.#startedAt < limits.walkSliceMs) return;
    await nextTurn();
    this.#startedAt = performance.now();
  }
}
