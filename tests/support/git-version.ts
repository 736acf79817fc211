/** Which git the answers are compared with, where versions of it differ. */
import { execFileSync } from 'node:child_process';

/** Where `deepen-relative` counts from: the client's boundary, as ours does, or, since git 2.54, the wants. */
export const GIT_DEEPENS_FROM_BOUNDARY = !isAtLeast(2, 54);

/** Whether `git archive ':(attr:…)path'` finds anything: before, the attributes were read too late. */
export const GIT_READS_ATTRIBUTES_BEFORE_PATHS = isAtLeast(2, 43);

/** Whether `yesterday noon` is yesterday at all times of day, and `today` a word. */
export const GIT_KNOWS_TODAY = isAtLeast(2, 55);

function isAtLeast(major: number, minor: number): boolean {
  const [, itsMajor, itsMinor] = /(\d+)\.(\d+)/.exec(execFileSync('git', ['version']).toString()) ?? [];
  return Number(itsMajor) > major || (Number(itsMajor) === major && Number(itsMinor) >= minor);
}
