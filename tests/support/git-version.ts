/** Which git the answers are compared with, where versions of it differ. */
import { execFileSync } from 'node:child_process';

/** Where `deepen-relative` counts from: the client's boundary, as ours does, or, since git 2.54, the wants. */
export const GIT_DEEPENS_FROM_BOUNDARY = !isAtLeast(2, 54);

function isAtLeast(major: number, minor: number): boolean {
  const [, itsMajor, itsMinor] = /(\d+)\.(\d+)/.exec(execFileSync('git', ['version']).toString()) ?? [];
  return Number(itsMajor) > major || (Number(itsMajor) === major && Number(itsMinor) >= minor);
}
