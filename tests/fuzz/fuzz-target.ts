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

/** @returns how many inputs were tried @throws {Error} names seed and number of the input that found something */
export async function fuzz(session: FuzzSession, name: string, plan: FuzzPlan): Promise<number> {
  const residentBefore = process.memoryUsage.rss();
  const endsAt = Date.now() + plan.secondsMax * 1_000;
  let beatAt = 0;
  let run = 0;
  for (; run < plan.runsMax; run++) {
    const startedAt = Date.now();
    if (startedAt > endsAt) break;
    if (startedAt > beatAt + 1_000) {
      beatAt = startedAt;
      if (plan.heartbeatFile) beat(plan.heartbeatFile, `${name} seed ${plan.seed} input ${run}\n`);
    }
    try {
      await session.attempt(new Random(`${name}:${plan.seed}:${run}`));
    } catch (error) {
      throw new Error(`fuzz ${name}: seed ${plan.seed}, input ${run}: ${describe(error)}`, { cause: error });
    }
    const tookMs = Date.now() - startedAt;
    if (tookMs > INPUT_MAX_MS) throw new Error(`fuzz ${name}: seed ${plan.seed}, input ${run}: took ${tookMs} ms`);
    if (run % 512 === 0) requireBoundedMemory(residentBefore, `${name}: seed ${plan.seed}, input ${run}`);
  }
  return run;
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
