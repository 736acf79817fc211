/** Lets other requests have a turn during long work on the main thread. */
import { setImmediate as yieldToOthers } from 'node:timers/promises';
import { limits } from '#limits.ts';

/** Looking at the clock costs more than most steps. */
const STEPS_PER_LOOK = 256;

export class Pause {
  readonly #stepsPerLook: number;
  #since = performance.now();
  #steps = 0;

  constructor(stepsPerLook = STEPS_PER_LOOK) {
    this.#stepsPerLook = stepsPerLook;
  }

  /** Whether the work has gone on for long enough: ask at every step. */
  get isDue(): boolean {
    if (++this.#steps % this.#stepsPerLook !== 0) return false;
    return performance.now() - this.#since > limits.walkSliceMs;
  }

  async take(): Promise<void> {
    await yieldToOthers();
    this.#since = performance.now();
  }
}

/** Runs a walk that yields between small steps. */
export async function runWithPauses<Result>(walk: Generator<void, Result>, signal?: AbortSignal): Promise<Result> {
  const pause = new Pause(1);
  for (let step = walk.next(); ; step = walk.next()) {
    if (step.done) return step.value;
    if (!pause.isDue) continue;
    signal?.throwIfAborted();
    await pause.take();
  }
}
