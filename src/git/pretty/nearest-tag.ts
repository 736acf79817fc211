/** Which tag in a commit's history is the nearest: `builtin/describe.c`, "describe_commit". */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { limits } from '#limits.ts';
import { DateQueue } from '../walk/ancestry.ts';
import type { CommitGraph } from '../walk/commit-graph.ts';

/** A tagged commit, and how many commits of the history it does not reach. */
interface Candidate {
  readonly commit: number;
  readonly bit: number;
  readonly isAnnotated: boolean;
  depth: number;
}

const CANDIDATES_MAX = 10;
/** Flags of a commit, beside the bits of the candidates that reach it. */
const SEEN = 1;
const QUEUED = 0x8000;

/** Walks back by date, and counts for each tag the commits that it does not reach. For one search. */
export class NearestTag {
  readonly #graph: CommitGraph;
  readonly #tags: ReadonlyMap<number, { readonly isAnnotated: boolean }>;
  readonly #signal: AbortSignal;
  readonly #flags: Uint16Array;
  readonly #queue: DateQueue;
  readonly #candidates: Candidate[] = [];
  #turnBeganAt = performance.now();

  /** @param tags commits that may be the answer */
  constructor(graph: CommitGraph, tags: ReadonlyMap<number, { readonly isAnnotated: boolean }>, signal: AbortSignal) {
    this.#graph = graph;
    this.#tags = tags;
    this.#signal = signal;
    this.#flags = new Uint16Array(graph.count);
    this.#queue = new DateQueue(graph);
  }

  async find(start: number): Promise<{ readonly commit: number; readonly depth: number } | undefined> {
    this.#flags[start] = SEEN;
    this.#push(start);
    for (let seenCount = 0; this.#queue.size > 0; seenCount++) {
      const commit = this.#pop();
      if (this.#noteTag(commit, seenCount) === 'enough') {
        this.#push(commit);
        break;
      }
      for (const candidate of this.#candidates) {
        if (!this.#has(commit, candidate.bit)) candidate.depth++;
      }
      if (this.#queue.size === 0 && this.#isDecided(commit)) break;
      this.#pushParents(commit);
      await this.#rest();
    }
    // Of equals the one that was found first, which is the newest.
    const best = this.#candidates.toSorted((a, b) => a.depth - b.depth)[0];
    if (best !== undefined) await this.#finishDepth(best);
    return best;
  }

  #noteTag(commit: number, depth: number): 'on' | 'enough' {
    const tag = this.#tags.get(commit);
    if (tag === undefined) return 'on';
    if (this.#candidates.length === CANDIDATES_MAX) return 'enough';
    const bit = 2 << this.#candidates.length;
    this.#candidates.push({ commit, bit, isAnnotated: tag.isAnnotated, depth });
    this.#add(commit, bit);
    return 'on';
  }

  /** Whether all candidates that are the best so far reach the commit. */
  #isDecided(commit: number): boolean {
    if (!this.#candidates.some(({ isAnnotated }) => isAnnotated)) return false;
    const depth = Math.min(...this.#candidates.map((candidate) => candidate.depth));
    return this.#candidates.every((candidate) => candidate.depth > depth || this.#has(commit, candidate.bit));
  }

  /** The search stopped early: the rest is counted for the winner alone, until nothing is queued that it does not reach. */
  async #finishDepth(best: Candidate): Promise<void> {
    let outsideCount = this.#flags.reduce((count, flags) => count + isOutside(flags, best.bit), 0);
    while (this.#queue.size > 0) {
      const commit = this.#pop();
      if (!this.#has(commit, best.bit)) {
        best.depth++;
        outsideCount--;
      } else if (outsideCount === 0) return;
      outsideCount += this.#pushParents(commit, best.bit);
      await this.#rest();
    }
  }

  /** @returns by how much the number of queued commits that the bit does not reach has changed */
  #pushParents(commit: number, bit = 0): number {
    let change = 0;
    for (let index = 0; index < this.#graph.parentCount(commit); index++) {
      const parent = this.#graph.parentAt(commit, index);
      if (parent < 0) continue;
      const before = this.#flags[parent] as number;
      this.#add(parent, (this.#flags[commit] as number) & ~QUEUED);
      if (before === 0) this.#push(parent);
      change += isOutside(this.#flags[parent] as number, bit) - isOutside(before, bit);
    }
    return change;
  }

  #push(commit: number): void {
    this.#queue.push(commit);
    this.#add(commit, QUEUED);
  }

  #pop(): number {
    const commit = this.#queue.pop();
    this.#flags[commit] = (this.#flags[commit] as number) & ~QUEUED;
    return commit;
  }

  #has(commit: number, bit: number): boolean {
    return ((this.#flags[commit] as number) & bit) !== 0;
  }

  #add(commit: number, flags: number): void {
    this.#flags[commit] = (this.#flags[commit] as number) | flags;
  }

  async #rest(): Promise<void> {
    if (performance.now() - this.#turnBeganAt < limits.walkSliceMs) return;
    await nextTurn();
    this.#signal.throwIfAborted();
    this.#turnBeganAt = performance.now();
  }
}

/** 1 for a queued commit that the bit does not reach. */
function isOutside(flags: number, bit: number): number {
  return (flags & QUEUED) !== 0 && (flags & bit) === 0 ? 1 : 0;
}
