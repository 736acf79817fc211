/**
 * Whether a client has enough in common with us: does every commit that it wants descend from one that it has? Git asks this
 * anew for each round (`ok_to_give_up` in `upload-pack.c`, `can_all_from_reach_with_flag` in `commit-reach.c`); here each
 * commit is looked at once in a request, however many haves come.
 */
import type { CommitGraph } from '#git/walk/commit-graph.ts';

/** The part of a commit graph that a walk needs. */
export type Ancestry = Pick<CommitGraph, 'count' | 'dateAt' | 'parentCount' | 'parentAt'>;

/**
 * Walks down from the wants, newest commit first. What is older than the oldest have is not walked on from, but for the wants, which
 * may be: a branch that was left alone for long. A commit that the client has makes all its explored descendants reached; edges to
 * children are kept for that.
 */
export class WantCoverage {
  readonly #graph: Ancestry;
  readonly #state: Uint8Array;
  readonly #frontier: NewestFirstQueue;
  readonly #unexploredWants: number[] = [];
  /** Explored edges as linked lists: `#lastEdge[parent]` is the newest edge, `#edgeChild` and `#edgeBefore` go on. */
  readonly #lastEdge: Int32Array;
  readonly #edgeChild: number[] = [];
  readonly #edgeBefore: number[] = [];
  #unreachedWantCount = 0;
  #oldestHaveDate = Number.POSITIVE_INFINITY;

  /** @param wants positions of the wanted commits; wants that are no commits do not count */
  constructor(graph: Ancestry, wants: Iterable<number>) {
    this.#graph = graph;
    this.#state = new Uint8Array(graph.count);
    this.#lastEdge = new Int32Array(graph.count).fill(-1);
    this.#frontier = new NewestFirstQueue(graph);
    for (const position of wants) {
      if (this.#marked(position, WANTED)) continue;
      this.#mark(position, WANTED | QUEUED);
      this.#unreachedWantCount++;
      this.#unexploredWants.push(position);
    }
  }

  /**
   * Notes that the client has a commit, and with it its parents.
   *
   * @returns whether that is news: false for a parent of an earlier have
   */
  addHave(position: number): boolean {
    this.#oldestHaveDate = Math.min(this.#oldestHaveDate, this.#graph.dateAt(position));
    for (let i = 0; i < this.#graph.parentCount(position); i++) {
      const parent = this.#graph.parentAt(position, i);
      if (parent >= 0) this.#has(parent);
    }
    return this.#has(position);
  }

  /** Whether every want descends from a have, or is one. */
  isComplete(): boolean {
    while (this.#unreachedWantCount > 0) {
      const position = this.#unexploredWants.pop() ?? this.#frontier.popNotOlderThan(this.#oldestHaveDate);
      if (position < 0) break;
      this.#explore(position);
    }
    return this.#unreachedWantCount === 0;
  }

  #has(position: number): boolean {
    if (this.#marked(position, HAD)) return false;
    this.#mark(position, HAD);
    if (this.#marked(position, QUEUED)) this.#reach(position);
    return true;
  }

  #explore(position: number): void {
    if (this.#marked(position, REACHED)) return;
    for (let i = 0; i < this.#graph.parentCount(position); i++) {
      const parent = this.#graph.parentAt(position, i);
      if (parent < 0) continue;
      this.#addEdge(parent, position);
      if (!this.#marked(parent, QUEUED)) {
        this.#mark(parent, QUEUED);
        this.#frontier.push(parent);
      }
      if (this.#marked(parent, HAD | REACHED)) this.#reach(parent);
    }
  }

  /** Marks a commit and all explored descendants. */
  #reach(start: number): void {
    const pending = [start];
    for (let position = pending.pop(); position !== undefined; position = pending.pop()) {
      if (!this.#marked(position, REACHED)) {
        this.#mark(position, REACHED);
        if (this.#marked(position, WANTED)) this.#unreachedWantCount--;
      }
      // Each edge leads up once: it leaves the list as it is followed.
      for (let edge = this.#lastEdge[position] as number; edge >= 0; edge = this.#edgeBefore[edge] as number) {
        pending.push(this.#edgeChild[edge] as number);
      }
      this.#lastEdge[position] = -1;
    }
  }

  #addEdge(parent: number, child: number): void {
    this.#edgeChild.push(child);
    this.#edgeBefore.push(this.#lastEdge[parent] as number);
    this.#lastEdge[parent] = this.#edgeChild.length - 1;
  }

  #marked(position: number, bits: number): boolean {
    return ((this.#state[position] as number) & bits) !== 0;
  }

  #mark(position: number, bits: number): void {
    this.#state[position] = (this.#state[position] as number) | bits;
  }
}

const WANTED = 1;
/** Was put into the frontier, now or earlier. */
const QUEUED = 2;
/** The client has it. */
const HAD = 4;
/** It is, or descends from, one that the client has. */
const REACHED = 8;

/** A binary heap of commits, the newest on top. */
class NewestFirstQueue {
  readonly #graph: Ancestry;
  readonly #positions: number[] = [];

  constructor(graph: Ancestry) {
    this.#graph = graph;
  }

  push(position: number): void {
    let index = this.#positions.length;
    const date = this.#graph.dateAt(position);
    while (index > 0) {
      const above = (index - 1) >> 1;
      if (this.#dateOf(above) >= date) break;
      this.#positions[index] = this.#positions[above] as number;
      index = above;
    }
    this.#positions[index] = position;
  }

  /** @returns -1 when all that is left is older */
  popNotOlderThan(date: number): number {
    const top = this.#positions[0];
    if (top === undefined || this.#graph.dateAt(top) < date) return -1;
    const last = this.#positions.pop() as number;
    if (this.#positions.length > 0) this.#sink(last);
    return top;
  }

  #sink(position: number): void {
    const date = this.#graph.dateAt(position);
    let index = 0;
    for (;;) {
      let below = 2 * index + 1;
      if (below + 1 < this.#positions.length && this.#dateOf(below + 1) > this.#dateOf(below)) below++;
      if (below >= this.#positions.length || this.#dateOf(below) <= date) break;
      this.#positions[index] = this.#positions[below] as number;
      index = below;
    }
    this.#positions[index] = position;
  }

  #dateOf(index: number): number {
    return this.#graph.dateAt(this.#positions[index] as number);
  }
}
