/**
 * Which lines take part in the search for a common subsequence. Lines at both ends that are equal, and lines that the other
 * text does not have, are settled before; so are very frequent lines, such as a lone brace, amid lines that have no match.
 */
import { approximateRoot } from './integer-root.ts';
import type { InternedLines } from './text-lines.ts';

export interface CandidateLines {
  /** Interned numbers of the lines that take part. */
  readonly ids: Int32Array;
  /** The line that each of them is. */
  readonly lines: Int32Array;
}

/** Occurrences in the other text from which on a line counts as frequent: about the root of the lines, at most this. */
const FREQUENT_MIN_MAX = 1024;
/** How far around a frequent line to look for lines without a match. */
const NEIGHBOURHOOD_LINES = 100;
/** A frequent line is dropped when fewer than one in so many lines of its run have a match. */
const MATCHLESS_RATIO = 4;

const MATCHLESS = 0;
const MATCHED = 1;
const FREQUENT = 2;

/** @param oldChanged a flag a line, set for lines that are settled as removed @param newChanged the same, as added */
export function selectCandidates(
  interned: InternedLines,
  oldChanged: Uint8Array,
  newChanged: Uint8Array,
): { oldCandidates: CandidateLines; newCandidates: CandidateLines } {
  const { oldIds, newIds, idCount } = interned;
  const start = commonPrefix(oldIds, newIds);
  const suffix = commonSuffix(oldIds, newIds, start);
  const oldEnd = oldIds.length - suffix;
  const newEnd = newIds.length - suffix;
  return {
    oldCandidates: select(oldIds, start, oldEnd, countIds(newIds, idCount), oldChanged),
    newCandidates: select(newIds, start, newEnd, countIds(oldIds, idCount), newChanged),
  };
}

function commonPrefix(a: Int32Array, b: Int32Array): number {
  const max = Math.min(a.length, b.length);
  let length = 0;
  while (length < max && a[length] === b[length]) length++;
  return length;
}

function commonSuffix(a: Int32Array, b: Int32Array, prefix: number): number {
  const max = Math.min(a.length, b.length) - prefix;
  let length = 0;
  while (length < max && a[a.length - 1 - length] === b[b.length - 1 - length]) length++;
  return length;
}

function countIds(ids: Int32Array, idCount: number): Int32Array {
  const counts = new Int32Array(idCount);
  for (const id of ids) counts[id] = (counts[id] as number) + 1;
  return counts;
}

function select(
  ids: Int32Array,
  start: number,
  end: number,
  otherCounts: Int32Array,
  changed: Uint8Array,
): CandidateLines {
  const classes = classify(ids, start, end, otherCounts);
  const lines = new Int32Array(end - start);
  let count = 0;
  for (let i = 0; i < classes.length; i++) {
    const kind = classes[i];
    const isKept = kind === MATCHED || (kind === FREQUENT && !isAmidMatchless(classes, i));
    if (isKept) lines[count++] = start + i;
    else changed[start + i] = 1;
  }
  const kept = lines.subarray(0, count);
  return { lines: kept, ids: kept.map((line) => ids[line] as number) };
}

function classify(ids: Int32Array, start: number, end: number, otherCounts: Int32Array): Uint8Array {
  const frequentMin = Math.min(approximateRoot(ids.length), FREQUENT_MIN_MAX);
  const classes = new Uint8Array(end - start);
  for (let i = 0; i < classes.length; i++) {
    const count = otherCounts[ids[start + i] as number] as number;
    if (count > 0) classes[i] = count < frequentMin ? MATCHED : FREQUENT;
  }
  return classes;
}

/** Whether the run of lines around a frequent one, up to the next matched line on each side, is nearly all matchless. */
function isAmidMatchless(classes: Uint8Array, index: number): boolean {
  const before = countRun(classes, index, -1);
  if (before.matchless === 0) return false;
  const after = countRun(classes, index, 1);
  if (after.matchless === 0) return false;
  const matchless = before.matchless + after.matchless;
  // The line itself counts once for each direction.
  const frequent = before.frequent + after.frequent + 2;
  return frequent * MATCHLESS_RATIO < frequent + matchless;
}

function countRun(classes: Uint8Array, index: number, step: 1 | -1): { matchless: number; frequent: number } {
  const run = { matchless: 0, frequent: 0 };
  for (let distance = 1; distance <= NEIGHBOURHOOD_LINES; distance++) {
    const kind = classes[index + step * distance];
    if (kind === undefined || kind === MATCHED) break;
    if (kind === MATCHLESS) run.matchless++;
    else run.frequent++;
  }
  return run;
}
