/** Lets other requests have a turn during long work on the main thread. */
import { setImmediate as yieldToOthers } from 'node:timers/promises';
import { limits } from '#limits.ts';

/** Looking at the clock costs more than most steps. */
const STEPS_PER_LOOK = 256;

export class Pause {
  #since = performance.now();
  #steps = 0;

  /** Whether the work has gone on for long enough: ask at every step. */
  get isDue(): boolean {
    if (++this.#steps % STEPS_PER_LOOK !== 0) return false;
    return performance.now() - this.#since > limits.walkSliceMs;
  }

  async take(): Promise<void> {
    await yieldToOthers();
    this.#since = performance.now();
  }
}
