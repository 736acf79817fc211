/** Commits still to be visited, newest first, as git log visits them: of equal dates the one that came first. */
import type { CommitGraph } from '#git/walk/commit-graph.ts';

interface Waiting {
  readonly position: number;
  readonly dateSeconds: number;
  readonly order: number;
}

export class CommitQueue {
  readonly #graph: CommitGraph;
  readonly #seen: Uint8Array;
  /** A binary heap: every entry comes before its two children. */
  readonly #heap: Waiting[] = [];
  #pushedCount = 0;

  constructor(graph: CommitGraph) {
    this.#graph = graph;
    this.#seen = new Uint8Array(graph.count);
  }

  /** Positions that wait, in no order. */
  get waiting(): number[] {
    return this.#heap.map(({ position }) => position);
  }

  /** A commit that was pushed before, or is not in the graph (-1), is passed over. */
  push(position: number): void {
    if (position < 0 || this.#seen[position] === 1) return;
    this.#seen[position] = 1;
    this.#heap.push({ position, dateSeconds: this.#graph.dateAt(position), order: this.#pushedCount++ });
    this.#siftUp(this.#heap.length - 1);
  }

  pushParents(position: number): void {
    const count = this.#graph.parentCount(position);
    for (let index = 0; index < count; index++) this.push(this.#graph.parentAt(position, index));
  }

  /** Lets a commit that was visited be pushed once more: clocks that run backwards lead to some too early. */
  readmit(position: number): void {
    this.#seen[position] = 0;
  }

  /** @returns undefined when no commit waits */
  pop(): number | undefined {
    const top = this.#heap[0];
    const last = this.#heap.pop();
    if (!top || !last) return undefined;
    if (this.#heap.length > 0) {
      this.#heap[0] = last;
      this.#siftDown();
    }
    return top.position;
  }

  #siftUp(start: number): void {
    let index = start;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!this.#isBefore(index, parent)) return;
      this.#swap(index, parent);
      index = parent;
    }
  }

  #siftDown(): void {
    let index = 0;
    for (;;) {
      const left = 2 * index + 1;
      let first = index;
      if (left < this.#heap.length && this.#isBefore(left, first)) first = left;
      if (left + 1 < this.#heap.length && this.#isBefore(left + 1, first)) first = left + 1;
      if (first === index) return;
      this.#swap(index, first);
      index = first;
    }
  }

  #isBefore(a: number, b: number): boolean {
    const [left, right] = [this.#heap[a] as Waiting, this.#heap[b] as Waiting];
    if (left.dateSeconds !== right.dateSeconds) return left.dateSeconds > right.dateSeconds;
    return left.order < right.order;
  }

  #swap(a: number, b: number): void {
    const entry = this.#heap[a] as Waiting;
    this.#heap[a] = this.#heap[b] as Waiting;
    this.#heap[b] = entry;
  }
}
