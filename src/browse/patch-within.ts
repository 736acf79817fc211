import { makePatch } from '#git/diff/patch.ts';
import type { PatchJob, PatchResult } from './patch-job.ts';

/** Compares two texts for a page that has room for so many lines. */
export function patchWithin({ oldBytes, newBytes, linesMax }: PatchJob): PatchResult {
  const patch = makePatch(oldBytes, newBytes);
  if (patch.kind === 'binary') return patch;
  const lineCount = patch.hunks.reduce((sum, hunk) => sum + hunk.lines.length, 0);
  return lineCount > linesMax ? { kind: 'too-long' } : patch;
}
