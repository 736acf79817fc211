/**
 * Finds which lines of two sequences differ, by Myers' divide and conquer in linear space: the middle of a shortest edit
 * script is where a search from the start and one from the end meet; the two halves are treated alike. A search that gets
 * costly settles for a good point instead, so the time stays bounded for hostile input — E. Myers, "An O(ND) Difference
 * Algorithm and Its Variations" (1986), section 4b; the bounds are those of git, so that the scripts are too.
 */
import type { CandidateLines } from './candidate-lines.ts';
import { approximateRoot } from './integer-root.ts';

/** Edit cost from which on a search looks for a good diagonal. */
const HEURISTIC_MIN_COST = 256;
/** A search never gives up below this cost. */
const COST_MAX_MIN = 256;
/** So many equal lines in a row are evidence that two places belong together. */
const SNAKE_LINES = 20;
/** A diagonal is good when its progress is so many times the cost. */
const PROGRESS_PER_COST = 4;
const FAR = 0x7fff_ffff;

/** A part of both sequences, which starts and ends in a difference unless it is empty. */
interface Box {
  readonly oldStart: number;
  readonly oldEnd: number;
  readonly newStart: number;
  readonly newEnd: number;
  /** Whether its script must be the shortest, whatever it costs. */
  readonly isExact: boolean;
}

interface SplitPoint {
  readonly oldIndex: number;
  readonly newIndex: number;
  readonly isFirstExact: boolean;
  readonly isSecondExact: boolean;
}

/** Sets the flags of the candidates that are not in the common subsequence. */
export function markDifferences(
  oldCandidates: CandidateLines,
  newCandidates: CandidateLines,
  oldChanged: Uint8Array,
  newChanged: Uint8Array,
): void {
  const search = new MiddleSearch(oldCandidates.ids, newCandidates.ids);
  const boxes: Box[] = [
    { oldStart: 0, oldEnd: oldCandidates.ids.length, newStart: 0, newEnd: newCandidates.ids.length, isExact: false },
  ];
  for (let box = boxes.pop(); box; box = boxes.pop()) {
    const core = trim(box, oldCandidates.ids, newCandidates.ids);
    if (core.oldStart === core.oldEnd) {
      for (let i = core.newStart; i < core.newEnd; i++) newChanged[newCandidates.lines[i] as number] = 1;
    } else if (core.newStart === core.newEnd) {
      for (let i = core.oldStart; i < core.oldEnd; i++) oldChanged[oldCandidates.lines[i] as number] = 1;
    } else {
      const split = search.split(core);
      boxes.push(
        { ...core, oldEnd: split.oldIndex, newEnd: split.newIndex, isExact: split.isFirstExact },
        { ...core, oldStart: split.oldIndex, newStart: split.newIndex, isExact: split.isSecondExact },
      );
    }
  }
}

function trim(box: Box, a: Int32Array, b: Int32Array): Box {
  let { oldStart, oldEnd, newStart, newEnd } = box;
  while (oldStart < oldEnd && newStart < newEnd && a[oldStart] === b[newStart]) {
    oldStart++;
    newStart++;
  }
  while (oldStart < oldEnd && newStart < newEnd && a[oldEnd - 1] === b[newEnd - 1]) {
    oldEnd--;
    newEnd--;
  }
  return { oldStart, oldEnd, newStart, newEnd, isExact: box.isExact };
}

/** One direction of a search: how far each diagonal (old index less new index) was followed. */
interface Front {
  /** Old index reached on a diagonal, at `diagonal + origin`. */
  readonly reach: Int32Array;
  readonly middle: number;
  low: number;
  high: number;
}

class MiddleSearch {
  readonly #a: Int32Array;
  readonly #b: Int32Array;
  readonly #costMax: number;
  readonly #origin: number;
  readonly #forwardReach: Int32Array;
  readonly #backwardReach: Int32Array;

  constructor(a: Int32Array, b: Int32Array) {
    const diagonals = a.length + b.length + 3;
    this.#a = a;
    this.#b = b;
    this.#costMax = Math.max(approximateRoot(diagonals), COST_MAX_MIN);
    this.#origin = b.length + 1;
    this.#forwardReach = new Int32Array(diagonals + 1);
    this.#backwardReach = new Int32Array(diagonals + 1);
  }

  split(box: Box): SplitPoint {
    const forward = this.#front(this.#forwardReach, box.oldStart - box.newStart, box.oldStart);
    const backward = this.#front(this.#backwardReach, box.oldEnd - box.newEnd, box.oldEnd);
    for (let cost = 1; ; cost++) {
      const forwardSnake = this.#advance(box, forward, backward);
      if (typeof forwardSnake !== 'number') return forwardSnake;
      const backwardSnake = this.#retreat(box, forward, backward);
      if (typeof backwardSnake !== 'number') return backwardSnake;
      if (box.isExact) continue;
      if (cost > HEURISTIC_MIN_COST && Math.max(forwardSnake, backwardSnake) > SNAKE_LINES) {
        const good = this.#goodForward(box, forward, cost) ?? this.#goodBackward(box, backward, cost);
        if (good) return good;
      }
      if (cost >= this.#costMax) return this.#furthest(box, forward, backward);
    }
  }

  #front(reach: Int32Array, middle: number, start: number): Front {
    reach[middle + this.#origin] = start;
    return { reach, middle, low: middle, high: middle };
  }

  /** Widens a front by a diagonal on each side; at the edge of the box it narrows instead, to keep its parity. */
  #widen(front: Front, box: Box, unreached: number): void {
    const { reach } = front;
    if (front.low > box.oldStart - box.newEnd) reach[--front.low - 1 + this.#origin] = unreached;
    else front.low++;
    if (front.high < box.oldEnd - box.newStart) reach[++front.high + 1 + this.#origin] = unreached;
    else front.high--;
  }

  /** @returns the point where the fronts meet, or the longest run of equal lines on the way */
  #advance(box: Box, forward: Front, backward: Front): SplitPoint | number {
    const [a, b, origin] = [this.#a, this.#b, this.#origin];
    const { reach } = forward;
    const mayMeet = ((forward.middle - backward.middle) & 1) !== 0;
    let longest = 0;
    this.#widen(forward, box, -1);
    for (let d = forward.high; d >= forward.low; d -= 2) {
      const below = reach[d - 1 + origin] as number;
      const above = reach[d + 1 + origin] as number;
      const start = below >= above ? below + 1 : above;
      let i = start;
      while (i < box.oldEnd && i - d < box.newEnd && a[i] === b[i - d]) i++;
      longest = Math.max(longest, i - start);
      reach[d + origin] = i;
      const isMeeting = mayMeet && backward.low <= d && d <= backward.high;
      if (isMeeting && (backward.reach[d + origin] as number) <= i) return exactSplit(i, i - d);
    }
    return longest;
  }

  #retreat(box: Box, forward: Front, backward: Front): SplitPoint | number {
    const [a, b, origin] = [this.#a, this.#b, this.#origin];
    const { reach } = backward;
    const mayMeet = ((forward.middle - backward.middle) & 1) === 0;
    let longest = 0;
    this.#widen(backward, box, FAR);
    for (let d = backward.high; d >= backward.low; d -= 2) {
      const below = reach[d - 1 + origin] as number;
      const above = reach[d + 1 + origin] as number;
      const start = below < above ? below : above - 1;
      let i = start;
      while (i > box.oldStart && i - d > box.newStart && a[i - 1] === b[i - d - 1]) i--;
      longest = Math.max(longest, start - i);
      reach[d + origin] = i;
      const isMeeting = mayMeet && forward.low <= d && d <= forward.high;
      if (isMeeting && i <= (forward.reach[d + origin] as number)) return exactSplit(i, i - d);
    }
    return longest;
  }

  /** The forward diagonal that got furthest for its cost and ends in a run of equal lines. */
  #goodForward(box: Box, forward: Front, cost: number): SplitPoint | undefined {
    let best = PROGRESS_PER_COST * cost;
    let split: SplitPoint | undefined;
    for (let d = forward.high; d >= forward.low; d -= 2) {
      const i = forward.reach[d + this.#origin] as number;
      const j = i - d;
      const progress = i - box.oldStart + (j - box.newStart) - Math.abs(d - forward.middle);
      const hasRoom =
        box.oldStart + SNAKE_LINES <= i && i < box.oldEnd && box.newStart + SNAKE_LINES <= j && j < box.newEnd;
      if (progress <= best || !hasRoom || !this.#isSnake(i - SNAKE_LINES, j - SNAKE_LINES)) continue;
      best = progress;
      split = { oldIndex: i, newIndex: j, isFirstExact: true, isSecondExact: false };
    }
    return split;
  }

  #goodBackward(box: Box, backward: Front, cost: number): SplitPoint | undefined {
    let best = PROGRESS_PER_COST * cost;
    let split: SplitPoint | undefined;
    for (let d = backward.high; d >= backward.low; d -= 2) {
      const i = backward.reach[d + this.#origin] as number;
      const j = i - d;
      const progress = box.oldEnd - i + (box.newEnd - j) - Math.abs(d - backward.middle);
      const hasRoom =
        box.oldStart < i && i <= box.oldEnd - SNAKE_LINES && box.newStart < j && j <= box.newEnd - SNAKE_LINES;
      if (progress <= best || !hasRoom || !this.#isSnake(i, j)) continue;
      best = progress;
      split = { oldIndex: i, newIndex: j, isFirstExact: false, isSecondExact: true };
    }
    return split;
  }

  #isSnake(i: number, j: number): boolean {
    for (let k = 0; k < SNAKE_LINES; k++) {
      if (this.#a[i + k] !== this.#b[j + k]) return false;
    }
    return true;
  }

  /** Out of patience: the point of either front that got furthest. */
  #furthest(box: Box, forward: Front, backward: Front): SplitPoint {
    const ahead = this.#furthestForward(box, forward);
    const behind = this.#furthestBackward(box, backward);
    const progressAhead = ahead.oldIndex + ahead.newIndex - (box.oldStart + box.newStart);
    const progressBehind = box.oldEnd + box.newEnd - (behind.oldIndex + behind.newIndex);
    return progressBehind < progressAhead ? ahead : behind;
  }

  #furthestForward(box: Box, forward: Front): SplitPoint {
    let [oldIndex, newIndex] = [-1, 0];
    for (let d = forward.high; d >= forward.low; d -= 2) {
      let i = Math.min(forward.reach[d + this.#origin] as number, box.oldEnd);
      if (i - d > box.newEnd) i = box.newEnd + d;
      if (i + i - d > oldIndex + newIndex) [oldIndex, newIndex] = [i, i - d];
    }
    return { oldIndex, newIndex, isFirstExact: true, isSecondExact: false };
  }

  #furthestBackward(box: Box, backward: Front): SplitPoint {
    let [oldIndex, newIndex] = [FAR, 0];
    for (let d = backward.high; d >= backward.low; d -= 2) {
      let i = Math.max(backward.reach[d + this.#origin] as number, box.oldStart);
      if (i - d < box.newStart) i = box.newStart + d;
      if (i + i - d < oldIndex + newIndex) [oldIndex, newIndex] = [i, i - d];
    }
    return { oldIndex, newIndex, isFirstExact: false, isSecondExact: true };
  }
}

function exactSplit(oldIndex: number, newIndex: number): SplitPoint {
  return { oldIndex, newIndex, isFirstExact: true, isSecondExact: true };
}
