/**
 * Where the history of a shallow clone ends — git-fetch(1), "--depth", "--shallow-since", "--shallow-exclude". The same commits, in the
 * same order, as git's `shallow.c` finds.
 *
 * The walks are generators that pause every so often: whoever runs them decides when others have a turn.
 */
import { DateQueue, markingAncestors, STEPS_BETWEEN_PAUSES } from './ancestry.ts';
import type { CommitGraph } from './commit-graph.ts';

export interface ShallowBoundary {
  /** Positions of the last commits of the history. Some may turn out to be inside: `isInside` decides. */
  readonly last: readonly number[];
  /** For each commit of the graph: 1 when it is in the history and so are its parents. */
  readonly isInside: Uint8Array;
}

export type BoundaryWalk = Generator<void, ShallowBoundary>;

/**
 * Visits a commit may take on average before the walk gives git's order up. Going deep first, as git does, a commit is visited again
 * whenever a shorter way to it shows up, which histories can be made for.
 */
const VISITS_PER_COMMIT_MAX = 16;

/**
 * History of `depth` commits from each head down: `get_shallow_commits`.
 *
 * @param heads positions, in the order of the request
 * @param depth 1 for the heads alone
 */
export function* boundaryByDepth(graph: CommitGraph, heads: readonly number[], depth: number): BoundaryWalk {
  const walk = new DepthWalk(graph, depth);
  const visitsMax = VISITS_PER_COMMIT_MAX * (graph.count + heads.length);
  let visits = 0;
  for (const head of heads) {
    for (let position = walk.start(head); position >= 0; position = walk.goOn(position)) {
      if (++visits % STEPS_BETWEEN_PAUSES === 0) yield;
    }
  }
  for (let position = walk.next(); position >= 0; position = walk.next()) {
    for (; position >= 0; position = walk.goOn(position)) {
      if (++visits % STEPS_BETWEEN_PAUSES === 0) yield;
      if (visits > visitsMax) return yield* boundaryByBreadth(graph, heads, depth);
    }
  }
  return { last: walk.last.reverse(), isInside: walk.isInside };
}

class DepthWalk {
  readonly #graph: CommitGraph;
  readonly #depth: number;
  /** The least depth at which each commit was met so far, the heads at 0. */
  readonly #depths: Int32Array;
  readonly #stack: number[] = [];
  readonly isInside: Uint8Array;
  readonly last: number[] = [];

  constructor(graph: CommitGraph, depth: number) {
    this.#graph = graph;
    this.#depth = depth;
    this.#depths = new Int32Array(graph.count).fill(NOT_MET);
    this.isInside = new Uint8Array(graph.count);
  }

  start(head: number): number {
    this.#depths[head] = 0;
    return head;
  }

  /** @returns -1 when nothing waits */
  next(): number {
    return this.#stack.pop() ?? -1;
  }

  /** Looks at a commit. Its last parent follows at once, the others wait. @returns -1 when no parent follows */
  goOn(position: number): number {
    const depth = (this.#depths[position] as number) + 1;
    if (depth >= this.#depth) {
      this.last.push(position);
      return -1;
    }
    this.isInside[position] = 1;
    const count = this.#graph.parentCount(position);
    for (let index = 0; index < count; index++) {
      const parent = this.#graph.parentAt(position, index);
      if (parent < 0 || depth >= (this.#depths[parent] as number)) continue;
      this.#depths[parent] = depth;
      if (index === count - 1) return parent;
      this.#stack.push(parent);
    }
    return -1;
  }
}

const NOT_MET = 2 ** 31 - 1;

/** The same commits as `boundaryByDepth`, in one visit each and in an order of its own. */
export function* boundaryByBreadth(graph: CommitGraph, heads: readonly number[], depth: number): BoundaryWalk {
  const isMet = new Uint8Array(graph.count);
  const isInside = new Uint8Array(graph.count);
  let level = markNew(heads, isMet);
  let steps = 0;
  for (let levelDepth = 1; levelDepth < depth && level.length > 0; levelDepth++) {
    const parents: number[] = [];
    for (const position of level) {
      if (++steps % STEPS_BETWEEN_PAUSES === 0) yield;
      isInside[position] = 1;
      for (let index = 0; index < graph.parentCount(position); index++) parents.push(graph.parentAt(position, index));
    }
    level = markNew(parents, isMet);
  }
  return { last: level, isInside };
}

/** Marks what the heads reach without going through a commit of the client's boundary, and not that: there nothing ends. */
export function* markingAbove(
  graph: CommitGraph,
  heads: readonly number[],
  boundary: ReadonlySet<number>,
  isInside: Uint8Array,
): Generator<void, void> {
  const isMet = new Uint8Array(graph.count);
  const pending = markNew(heads, isMet);
  let steps = 0;
  for (let position = pending.pop(); position !== undefined; position = pending.pop()) {
    if (boundary.has(position)) continue;
    if (++steps % STEPS_BETWEEN_PAUSES === 0) yield;
    isInside[position] = 1;
    for (let index = 0; index < graph.parentCount(position); index++) {
      pending.push(...markNew([graph.parentAt(position, index)], isMet));
    }
  }
}

function markNew(positions: readonly number[], isMet: Uint8Array): number[] {
  return positions.filter((position) => {
    if (position < 0 || isMet[position]) return false;
    isMet[position] = 1;
    return true;
  });
}

export interface Selection {
  /** Committer dates from there on, seconds since 1970. */
  readonly sinceSeconds: number | undefined;
  /** Positions of commits that are left out with everything they reach. */
  readonly excluded: readonly number[];
}

/**
 * History as `git rev-list --max-age=… --not …` selects it: `get_shallow_commits_by_rev_list`. A commit that is too old ends the walk; when
 * something is excluded, so is all that it reaches.
 *
 * @returns `last` is empty and nothing is inside when no commit is selected
 */
export function* boundaryBySelection(
  graph: CommitGraph,
  heads: readonly number[],
  { sinceSeconds = Number.NEGATIVE_INFINITY, excluded }: Selection,
): Generator<void, ShallowBoundary & { readonly isEmpty: boolean }> {
  const marks = new Uint8Array(graph.count);
  yield* markingAncestors(graph, excluded, marks, EXCLUDED);
  const queue = new DateQueue(graph);
  const visit = (position: number) => {
    if (position < 0 || marks[position]) return;
    marks[position] = SEEN;
    queue.push(position);
  };
  for (const head of heads) visit(head);
  const reached: number[] = [];
  const tooOld: number[] = [];
  let steps = 0;
  for (let position = queue.pop(); position >= 0; position = queue.pop()) {
    if (++steps % STEPS_BETWEEN_PAUSES === 0) yield;
    if (graph.dateAt(position) < sinceSeconds) {
      tooOld.push(position);
      continue;
    }
    reached.push(position);
    for (let index = 0; index < graph.parentCount(position); index++) visit(graph.parentAt(position, index));
  }
  if (excluded.length > 0) yield* markingAncestors(graph, tooOld, marks, EXCLUDED);
  return endOf(
    graph,
    reached.filter((position) => ((marks[position] as number) & EXCLUDED) === 0),
  );
}

const SEEN = 1;
const EXCLUDED = 2;

/** A selected commit is the last of its line when a parent is not selected. */
function endOf(graph: CommitGraph, selected: readonly number[]): ShallowBoundary & { readonly isEmpty: boolean } {
  const isSelected = new Uint8Array(graph.count);
  for (const position of selected) isSelected[position] = 1;
  const last = selected.filter((position) => {
    for (let index = 0; index < graph.parentCount(position); index++) {
      const parent = graph.parentAt(position, index);
      if (parent >= 0 && !isSelected[parent]) return true;
    }
    return false;
  });
  for (const position of last) isSelected[position] = 0;
  return { last, isInside: isSelected, isEmpty: selected.length === 0 };
}
