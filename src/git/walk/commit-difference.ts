/** Which commits some want and others do not have. */
import { DateQueue, markingAncestors, STEPS_BETWEEN_PAUSES } from './ancestry.ts';
import type { CommitGraph } from './commit-graph.ts';

export const WANTED = 1;
export const HAD = 2;

/**
 * Walks from both sides by generation, so that a commit is met after all that lead to it, and stops when what is left is had: a fetch of the newest
 * commits costs as little in a long history as in a short one.
 *
 * @param wants,haves positions; -1 is skipped
 * @param marks one byte a commit, zeros. Afterwards those that are wanted and not had are marked WANTED, and their parents as what they are;
 * others may be marked or not
 * @param hasNoParents commits that are taken to begin history
 * @returns the commits that are wanted and not had
 */
export function* walkDifference(
  graph: CommitGraph,
  { wants, haves }: { readonly wants: readonly number[]; readonly haves: readonly number[] },
  marks: Uint8Array,
  hasNoParents: (position: number) => boolean = () => false,
): Generator<void, number[]> {
  if (!haves.some((position) => position >= 0)) return yield* walkAll(graph, wants, marks, hasNoParents);
  const walk = new DifferenceWalk(graph, marks);
  for (const position of haves) walk.meet(position, HAD);
  for (const position of wants) walk.meet(position, WANTED);
  const found: number[] = [];
  for (let steps = 1; walk.undecidedCount > 0; steps++) {
    if (steps % STEPS_BETWEEN_PAUSES === 0) yield;
    const position = walk.next();
    const mark = (marks[position] as number) & HAD ? HAD : WANTED;
    if (mark === WANTED) found.push(position);
    if (hasNoParents(position)) continue;
    for (let index = 0; index < graph.parentCount(position); index++) walk.meet(graph.parentAt(position, index), mark);
  }
  return found;
}

/** With nothing to compare, any order will do, and a heap is not needed. */
function* walkAll(
  graph: CommitGraph,
  wants: readonly number[],
  marks: Uint8Array,
  hasNoParents: (position: number) => boolean,
): Generator<void, number[]> {
  yield* markingAncestors(graph, wants, marks, WANTED, hasNoParents);
  const found: number[] = [];
  for (let position = 0; position < graph.count; position++) if (marks[position] === WANTED) found.push(position);
  return found;
}

class DifferenceWalk {
  readonly #queue: DateQueue;
  readonly #marks: Uint8Array;
  /** Commits in the queue that nothing shows to be had. */
  undecidedCount = 0;

  constructor(graph: CommitGraph, marks: Uint8Array) {
    this.#queue = DateQueue.byGeneration(graph);
    this.#marks = marks;
  }

  meet(position: number, mark: number): void {
    if (position < 0) return;
    const before = this.#marks[position] as number;
    const after = before | mark;
    if (before === after) return;
    this.#marks[position] = after;
    if (before === 0) this.#queue.push(position);
    if (after === WANTED) this.undecidedCount++;
    if (before === WANTED) this.undecidedCount--;
  }

  next(): number {
    const position = this.#queue.pop();
    if (this.#marks[position] === WANTED) this.undecidedCount--;
    return position;
  }
}
