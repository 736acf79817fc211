/** Questions about ancestors, answered on a CommitGraph by marking positions. */
import type { CommitGraph } from './commit-graph.ts';

/**
 * Marks every commit reachable from `tips`, themselves included.
 *
 * @param tips positions; -1 is skipped
 * @param marks one byte a commit; commits that carry `bit` already are taken to have been walked
 */
export function markAncestors(graph: CommitGraph, tips: Iterable<number>, marks: Uint8Array, bit: number): void {
  const stack: number[] = [];
  const visit = (position: number) => {
    if (position < 0 || ((marks[position] as number) & bit) !== 0) return;
    marks[position] = (marks[position] as number) | bit;
    stack.push(position);
  };
  for (const tip of tips) visit(tip);
  for (let position = stack.pop(); position !== undefined; position = stack.pop()) {
    const count = graph.parentCount(position);
    for (let index = 0; index < count; index++) visit(graph.parentAt(position, index));
  }
}

/**
 * Whether `ancestor` is reachable from `descendant`, itself included. Walks newest first, which finds an ancestor soon; that there is none shows only
 * when all history was seen, for committer dates cannot be trusted to order it.
 */
export function isAncestor(graph: CommitGraph, ancestor: number, descendant: number): boolean {
  if (ancestor < 0 || descendant < 0) return false;
  const seen = new Uint8Array(graph.count);
  const queue = new DateQueue(graph);
  seen[descendant] = 1;
  queue.push(descendant);
  for (let position = queue.pop(); position >= 0; position = queue.pop()) {
    if (position === ancestor) return true;
    const count = graph.parentCount(position);
    for (let index = 0; index < count; index++) {
      const parent = graph.parentAt(position, index);
      if (parent < 0 || seen[parent]) continue;
      seen[parent] = 1;
      queue.push(parent);
    }
  }
  return false;
}

/** Positions by committer date, newest first: a binary heap. */
export class DateQueue {
  readonly #graph: CommitGraph;
  readonly #heap: number[] = [];

  constructor(graph: CommitGraph) {
    this.#graph = graph;
  }

  get size(): number {
    return this.#heap.length;
  }

  push(position: number): void {
    const heap = this.#heap;
    let at = heap.length;
    heap.push(position);
    while (at > 0) {
      const parent = (at - 1) >>> 1;
      if (!this.#isNewer(position, heap[parent] as number)) break;
      heap[at] = heap[parent] as number;
      at = parent;
    }
    heap[at] = position;
  }

  /** @returns -1 when empty */
  pop(): number {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (top === undefined || last === undefined) return -1;
    if (heap.length === 0) return top;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && this.#isNewer(heap[child + 1] as number, heap[child] as number)) child++;
      if (!this.#isNewer(heap[child] as number, last)) break;
      heap[at] = heap[child] as number;
      at = child;
    }
    heap[at] = last;
    return top;
  }

  #isNewer(a: number, b: number): boolean {
    return this.#graph.dateAt(a) > this.#graph.dateAt(b);
  }
}
