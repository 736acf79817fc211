/**
 * Moves groups of changed lines to where they read best. A group whose first line equals the line behind it may slide down by
 * one, and up likewise: the same change, shown elsewhere. Groups that meet are joined; one that can stand beside a change of
 * the other text does; any other goes where the indent heuristic likes it best.
 */
import { compareScores, type SplitScore, scoreGroup } from './split-score.ts';
import type { TextLines } from './text-lines.ts';

/** So far a group is slid at most by the heuristic. */
const SLIDE_MAX_LINES = 100;

export interface ChangedText {
  readonly text: TextLines;
  readonly ids: Int32Array;
  /** A flag a line; changed in place. */
  readonly changed: Uint8Array;
}

/** Places the groups of `own`. Unchanged lines pair up, so the groups of both texts, empty ones included, do too. */
export function placeGroups(own: ChangedText, other: ChangedText): void {
  const group = new GroupCursor(own);
  const opposite = new GroupCursor(other);
  do {
    if (!group.isEmpty) placeGroup(own, group, opposite);
    opposite.moveNext();
  } while (group.moveNext());
}

function placeGroup(own: ChangedText, group: GroupCursor, opposite: GroupCursor): void {
  const { size, highestEnd, lastAlignedEnd } = slideThrough(group, opposite);
  if (group.end === highestEnd) return;
  if (lastAlignedEnd !== undefined) slideUpTo(lastAlignedEnd, group, opposite);
  else slideUpTo(bestEnd(own.text, group.end, highestEnd, size), group, opposite);
}

/** Slides the group all the way up, then all the way down, until it no longer grows by joining others. */
function slideThrough(
  group: GroupCursor,
  opposite: GroupCursor,
): { size: number; highestEnd: number; lastAlignedEnd: number | undefined } {
  for (;;) {
    const size = group.size;
    while (group.slideUp()) opposite.movePrevious();
    const highestEnd = group.end;
    let lastAlignedEnd = opposite.isEmpty ? undefined : group.end;
    while (group.slideDown()) {
      opposite.moveNext();
      if (!opposite.isEmpty) lastAlignedEnd = group.end;
    }
    if (group.size === size) return { size, highestEnd, lastAlignedEnd };
  }
}

function slideUpTo(end: number, group: GroupCursor, opposite: GroupCursor): void {
  while (group.end > end && group.slideUp()) opposite.movePrevious();
}

function bestEnd(text: TextLines, lowestEnd: number, highestEnd: number, size: number): number {
  let best: SplitScore | undefined;
  let result = lowestEnd;
  for (let end = Math.max(highestEnd, lowestEnd - size - 1, lowestEnd - SLIDE_MAX_LINES); end <= lowestEnd; end++) {
    const score = scoreGroup(text, end - size, end);
    // Of equals the lowest.
    if (best && compareScores(score, best) > 0) continue;
    best = score;
    result = end;
  }
  return result;
}

/** A run of changed lines `[start, end)`. Between any two unchanged lines there is one, mostly empty. */
class GroupCursor {
  readonly #ids: Int32Array;
  readonly #changed: Uint8Array;
  start = 0;
  end = 0;

  constructor({ ids, changed }: ChangedText) {
    this.#ids = ids;
    this.#changed = changed;
    this.#extendDown();
  }

  get isEmpty(): boolean {
    return this.start === this.end;
  }

  get size(): number {
    return this.end - this.start;
  }

  /** @returns false at the last group */
  moveNext(): boolean {
    if (this.end === this.#ids.length) return false;
    this.start = this.end + 1;
    this.end = this.start;
    this.#extendDown();
    return true;
  }

  movePrevious(): void {
    this.end = this.start - 1;
    this.start = this.end;
    this.#extendUp();
  }

  /** Moves the group by a line and joins the one that it then touches. @returns false when it cannot */
  slideDown(): boolean {
    if (this.end >= this.#ids.length || this.#ids[this.start] !== this.#ids[this.end]) return false;
    this.#changed[this.start++] = 0;
    this.#changed[this.end++] = 1;
    this.#extendDown();
    return true;
  }

  slideUp(): boolean {
    if (this.start === 0 || this.#ids[this.start - 1] !== this.#ids[this.end - 1]) return false;
    this.#changed[--this.start] = 1;
    this.#changed[--this.end] = 0;
    this.#extendUp();
    return true;
  }

  #extendDown(): void {
    while (this.#changed[this.end] === 1) this.end++;
  }

  #extendUp(): void {
    while (this.#changed[this.start - 1] === 1) this.start--;
  }
}
