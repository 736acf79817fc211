/** Questions about ancestors, answered on a CommitGraph by marking positions. */
import type { CommitGraph } from './commit-graph.ts';

/**
 * Marks every commit reachable from `tips`, themselves included.
 *
 * @param tips positions; -1 is skipped
 * @param marks one byte a commit; commits that carry `bit` already are taken to have been walked
 */
export function markAncestors(graph: CommitGraph, tips: Iterable<number>, marks: Uint8Array, bit: number): void {
  const walk = markingAncestors(graph, tips, marks, bit);
  while (!walk.next().done);
}

/**
 * The same in small steps, between which others may have a turn.
 *
 * @param hasNoParents commits that are taken to begin history
 */
export function* markingAncestors(
  graph: CommitGraph,
  tips: Iterable<number>,
  marks: Uint8Array,
  bit: number,
  hasNoParents: (position: number) => boolean = () => false,
): Generator<void, void> {
  const stack: number[] = [];
  const visit = (position: number) => {
    if (position < 0 || ((marks[position] as number) & bit) !== 0) return;
    marks[position] = (marks[position] as number) | bit;
    stack.push(position);
  };
  for (const tip of tips) visit(tip);
  let steps = 0;
  for (let position = stack.pop(); position !== undefined; position = stack.pop()) {
    if (++steps % STEPS_BETWEEN_PAUSES === 0) yield;
    if (hasNoParents(position)) continue;
    const count = graph.parentCount(position);
    for (let index = 0; index < count; index++) visit(graph.parentAt(position, index));
  }
}

/** Commits that a walk looks at before it pauses: less than a millisecond. */
export const STEPS_BETWEEN_PAUSES = 2048;

/** Whether `ancestor` is reachable from `descendant`, itself included. Looks at commits of later generations than the ancestor's alone. */
export function isAncestor(graph: CommitGraph, ancestor: number, descendant: number): boolean {
  if (ancestor < 0 || descendant < 0) return false;
  const oldest = graph.generationAt(ancestor);
  const seen = new Uint8Array(graph.count);
  const queue = DateQueue.byGeneration(graph);
  seen[descendant] = 1;
  queue.push(descendant);
  for (let position = queue.pop(); position >= 0; position = queue.pop()) {
    if (position === ancestor) return true;
    const count = graph.parentCount(position);
    for (let index = 0; index < count; index++) {
      const parent = graph.parentAt(position, index);
      if (parent < 0 || seen[parent] || graph.generationAt(parent) < oldest) continue;
      seen[parent] = 1;
      queue.push(parent);
    }
  }
  return false;
}

/** Positions by date, newest first; of one date, the one that came first. A binary heap. */
export class DateQueue {
  readonly #graph: Pick<CommitGraph, 'dateAt'>;
  readonly #heap: number[] = [];
  /** When each of them came. */
  readonly #arrivals: number[] = [];
  #arrivalCount = 0;

  /** By committer date. */
  constructor(graph: Pick<CommitGraph, 'dateAt'>) {
    this.#graph = graph;
  }

  /** No commit comes before one that leads to it. */
  static byGeneration(graph: Pick<CommitGraph, 'generationAt'>): DateQueue {
    return new DateQueue({ dateAt: (position) => graph.generationAt(position) });
  }

  get size(): number {
    return this.#heap.length;
  }

  push(position: number): void {
    let at = this.#heap.length;
    const arrival = this.#arrivalCount++;
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      if (!this.#comesBefore(position, arrival, parent)) break;
      this.#move(parent, at);
      at = parent;
    }
    this.#heap[at] = position;
    this.#arrivals[at] = arrival;
  }

  /** What `pop` would return. */
  peek(): number {
    return this.#heap[0] ?? -1;
  }

  /** @returns -1 when empty */
  pop(): number {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    const arrival = this.#arrivals.pop() as number;
    if (top === undefined || last === undefined) return -1;
    if (heap.length === 0) return top;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length) {
        const other = child + 1;
        if (this.#comesBefore(heap[other] as number, this.#arrivals[other] as number, child)) child = other;
      }
      if (this.#comesBefore(last, arrival, child)) break;
      this.#move(child, at);
      at = child;
    }
    heap[at] = last;
    this.#arrivals[at] = arrival;
    return top;
  }

  #move(from: number, to: number): void {
    this.#heap[to] = this.#heap[from] as number;
    this.#arrivals[to] = this.#arrivals[from] as number;
  }

  /** Whether a commit comes before the one at `index`. */
  #comesBefore(position: number, arrival: number, index: number): boolean {
    const date = this.#graph.dateAt(position);
    const otherDate = this.#graph.dateAt(this.#heap[index] as number);
    return date > otherDate || (date === otherDate && arrival < (this.#arrivals[index] as number));
  }
}
