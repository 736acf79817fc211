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
  const residentBefore = process.memoryUsage.rss();
  const endsAt = Date.now() + plan.secondsMax * 1_000;
  const { parallel = 1 } = session;
  let beatAt = 0;
  let checkAt = CHECK_EVERY;
  let run = 0;
  while (run < plan.runsMax) {
    const now = Date.now();
    if (now > endsAt) break;
    if (now > beatAt + 1_000) {
      beatAt = now;
      if (plan.heartbeatFile) beat(plan.heartbeatFile, `${name} seed ${plan.seed} input ${run}\n`);
      requireBoundedMemory(residentBefore, `${name}: seed ${plan.seed}, input ${run}`);
    }
    const count = Math.min(parallel, plan.runsMax - run);
    if (count === 1) await attempt(session, name, plan.seed, run);
    else await attemptAll(session, name, plan.seed, run, count);
    run += count;
    if (run < checkAt) continue;
    checkAt = run + CHECK_EVERY;
    await check(session, name, plan.seed, run);
  }
  await check(session, name, plan.seed, run);
  return run;
}

async function attempt(session: FuzzSession, name: string, seed: number, run: number): Promise<void> {
  const startedAt = Date.now();
  try {
    await session.attempt(new Random(`${name}:${seed}:${run}`));
  } catch (error) {
    throw new Error(`fuzz ${name}: seed ${seed}, input ${run}: ${describe(error)}`);
  }
  const tookMs = Date.now() - startedAt;
  if (tookMs > INPUT_MAX_MS) throw new Error(`fuzz ${name}: seed ${seed}, input ${run}: took ${tookMs} ms`);
}

async function attemptAll(session: FuzzSession, name: string, seed: number, run: number, count: number): Promise<void> {
  const attempts = Array.from({ length: count }, (_, index) => attempt(session, name, seed, run + index));
  for (const result of await Promise.allSettled(attempts)) {
    if (result.status === 'rejected') throw result.reason;
  }
}

async function check(session: FuzzSession, name: string, seed: number, run: number): Promise<void> {
  try {
    await session.check?.();
  } catch (error) {
    throw new Error(`fuzz ${name}: seed ${seed}, before input ${run}: ${describe(error)}`);
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

function beat(file: string, text: string): void {
  writeFileSync(file, text);
  utimesSync(file, new Date(), new Date());
}

function requireBoundedMemory(before: number, where: string): void {
  const grownMib = (process.memoryUsage.rss() - before) / 2 ** 20;
  if (grownMib > GROWTH_MAX_MIB) throw new Error(`fuzz ${where}: memory grew by ${Math.round(grownMib)} MiB`);
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
