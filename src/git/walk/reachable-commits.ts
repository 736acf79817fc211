/** Which commits some tips reach, found out no further than it is asked. */
import { DateQueue, markingAncestors, STEPS_BETWEEN_PAUSES } from './ancestry.ts';
import type { CommitGraph } from './commit-graph.ts';

const REACHED = 1;

/** Commits that are looked at by generation; whoever asks deeper may ask more, and without a heap the rest goes several times as fast. */
const ORDERED_STEPS_MAX = 8 * STEPS_BETWEEN_PAUSES;

export class ReachableCommits {
  readonly #graph: CommitGraph;
  readonly #marks: Uint8Array;
  readonly #queue: DateQueue;
  #steps = 0;
  /** Marks what is left, in any order. */
  #rest: Generator<void, void> | undefined;
  #isComplete = false;

  /** @param tips positions; -1 is skipped */
  constructor(graph: CommitGraph, tips: Iterable<number>) {
    this.#graph = graph;
    this.#marks = new Uint8Array(graph.count);
    this.#queue = DateQueue.byGeneration(graph);
    for (const tip of tips) this.#meet(tip);
  }

  /** Whether it is known by now that a commit is reached. */
  isFound(position: number): boolean {
    return this.#marks[position] === REACHED;
  }

  /** Whether a commit is a tip or an ancestor of one; in small steps, between which others may have a turn, and may ask too. */
  *has(position: number): Generator<void, boolean> {
    const generation = this.#graph.generationAt(position);
    while (!this.isFound(position) && this.#mayReach(generation)) {
      if (this.#rest) this.#isComplete = this.#rest.next().done === true;
      else this.#step();
      if (this.#rest || this.#steps % STEPS_BETWEEN_PAUSES === 0) yield;
    }
    return this.isFound(position);
  }

  /** Whether going on can lead to a commit of this generation that is not marked. */
  #mayReach(generation: number): boolean {
    if (this.#rest) return !this.#isComplete;
    const next = this.#queue.peek();
    return next >= 0 && this.#graph.generationAt(next) > generation;
  }

  #step(): void {
    const position = this.#queue.pop();
    for (const parent of this.#parentsOf(position)) this.#meet(parent);
    if (++this.#steps === ORDERED_STEPS_MAX) this.#leaveOrder();
  }

  #leaveOrder(): void {
    const tips: number[] = [];
    for (let position = this.#queue.pop(); position >= 0; position = this.#queue.pop()) {
      for (const parent of this.#parentsOf(position)) tips.push(parent);
    }
    this.#rest = markingAncestors(this.#graph, tips, this.#marks, REACHED);
  }

  #meet(position: number): void {
    if (position < 0 || this.#marks[position]) return;
    this.#marks[position] = REACHED;
    this.#queue.push(position);
  }

  *#parentsOf(position: number): Iterable<number> {
    const count = this.#graph.parentCount(position);
    for (let index = 0; index < count; index++) yield this.#graph.parentAt(position, index);
  }
}
