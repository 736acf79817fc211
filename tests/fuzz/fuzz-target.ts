/** What a fuzzer tries, and the loop that tries it: the same seed and number make the same input. */
import { utimesSync, writeFileSync } from 'node:fs';
import { GitError } from '#git/errors.ts';
import { Random } from './random.ts';

export interface FuzzTarget {
  readonly name: string;
  readonly open: () => FuzzSession | Promise<FuzzSession>;
}

export interface FuzzSession {
  /** Makes one input and gives it to the code. @throws whatever the code must not do */
  readonly attempt: (random: Random) => void | Promise<void>;
  /** How many inputs may be under way at once; one when absent. */
  readonly parallel?: number;
  /** What must hold whatever was sent. Asked now and then, and at the end, while no input is under way. @throws what does not */
  readonly check?: () => Promise<void>;
  /** What became of the inputs so far, for whoever runs it for long. */
  readonly describe?: () => string;
  readonly close?: () => Promise<void>;
}

export interface FuzzPlan {
  readonly seed: number;
  /** Of which the first that is used up ends the run. */
  readonly runsMax: number;
  readonly secondsMax: number;
  /** Written to about once a second with the number of the input at hand, for whoever watches for a hang. */
  readonly heartbeatFile?: string | undefined;
}

/** One input takes milliseconds; this is for a machine that does much else. */
const INPUT_MAX_MS = 15_000;
const GROWTH_MAX_MIB = 1_000;
/** Inputs between two checks of a server. */
const CHECK_EVERY = 1_000;

/** @returns how many inputs were tried @throws {Error} names seed and number of the input that found something */
export async function fuzz(session: FuzzSession, name: string, plan: FuzzPlan): Promise<number> {
  const run = new Run(session, name, plan);
  // A stack costs more than most inputs; what finds something is tried once more for the sake of its own.
  const { stackTraceLimit } = Error;
  if (!session.parallel) Error.stackTraceLimit = 0;
  try {
    while (!run.isOver) await run.untilCheck(stackTraceLimit);
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
  return run.count;
}

class Run {
  readonly #session: FuzzSession;
  readonly #name: string;
  readonly #plan: FuzzPlan;
  readonly #residentBefore = process.memoryUsage.rss();
  readonly #endsAt: number;
  #beatAt = 0;
  #next = 0;
  #checkAt = 0;
  #hasFailed = false;

  constructor(session: FuzzSession, name: string, plan: FuzzPlan) {
    this.#session = session;
    this.#name = name;
    this.#plan = plan;
    this.#endsAt = Date.now() + plan.secondsMax * 1_000;
  }

  get count(): number {
    return this.#next;
  }

  get isOver(): boolean {
    return this.#next >= this.#plan.runsMax || Date.now() > this.#endsAt;
  }

  /** Inputs up to the next check, and that check. @param stackTraceLimit for the one that finds something */
  async untilCheck(stackTraceLimit: number): Promise<void> {
    const { parallel = 1, check } = this.#session;
    this.#checkAt = Math.min(this.#next + CHECK_EVERY, this.#plan.runsMax);
    const lanes = await Promise.allSettled(Array.from({ length: parallel }, () => this.#lane(stackTraceLimit)));
    for (const lane of lanes) if (lane.status === 'rejected') throw lane.reason;
    await check?.().catch((error: unknown) => {
      throw new Error(`fuzz ${this.#where(this.#next)}, before it: ${describe(error)}`);
    });
  }

  /** One input after the other, of those that no other lane has taken. */
  async #lane(stackTraceLimit: number): Promise<void> {
    while (this.#next < this.#checkAt && !this.#hasFailed) {
      const now = Date.now();
      if (now > this.#endsAt) return;
      if (now > this.#beatAt + 1_000) this.#beat(now);
      const number = this.#next++;
      try {
        await this.#session.attempt(this.#random(number));
      } catch (error) {
        this.#hasFailed = true;
        throw new Error(`fuzz ${this.#where(number)}: ${describe(await this.#again(number, error, stackTraceLimit))}`);
      }
      const tookMs = Date.now() - now;
      if (tookMs > INPUT_MAX_MS) throw new Error(`fuzz ${this.#where(number)}: took ${tookMs} ms`);
    }
  }

  /** @returns the same error with its stack, or that of the first time */
  async #again(number: number, error: unknown, stackTraceLimit: number): Promise<unknown> {
    if (this.#session.parallel) return error;
    Error.stackTraceLimit = stackTraceLimit;
    try {
      await this.#session.attempt(this.#random(number));
    } catch (again) {
      return again;
    }
    return error;
  }

  #random(number: number): Random {
    return new Random(`${this.#name}:${this.#plan.seed}:${number}`);
  }

  #where(number: number): string {
    return `${this.#name}: seed ${this.#plan.seed}, input ${number}`;
  }

  #beat(now: number): void {
    this.#beatAt = now;
    const { heartbeatFile } = this.#plan;
    if (heartbeatFile) {
      writeFileSync(heartbeatFile, `${this.#where(this.#next)}\n`);
      utimesSync(heartbeatFile, new Date(), new Date());
    }
    const grownMib = (process.memoryUsage.rss() - this.#residentBefore) / 2 ** 20;
    if (grownMib > GROWTH_MAX_MIB) {
      throw new Error(`fuzz ${this.#where(this.#next)}: memory grew by ${Math.round(grownMib)} MiB`);
    }
  }
}

/** Lets through what the code may say about bad input, and nothing else. */
export function allowGitErrors(run: () => void): void {
  try {
    run();
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
