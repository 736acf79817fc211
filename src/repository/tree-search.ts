/** Looks for trees and blobs under everything that some refs reach, newest first. */
import { fromHex, toHex } from '#bytes/hex.ts';
import { isTreeMode } from '#git/object/file-mode.ts';
import { TreeReader } from '#git/object/tree.ts';
import type { Ref } from '#git/ref-store.ts';
import { DateQueue } from '#git/walk/ancestry.ts';
import type { CommitGraph } from '#git/walk/commit-graph.ts';
import { IdTable } from '#git/walk/id-table.ts';
import type { PackedObjectStore } from './packed-object-store.ts';
import { Pause } from './pause.ts';

const TREES_AT_ONCE = 64;

export interface TreeSearchQuestion {
  readonly objects: PackedObjectStore;
  readonly refs: readonly Ref[];
  /** What is found gets a note of 1. */
  readonly wanted: IdTable;
  readonly signal: AbortSignal;
}

/** Reads trees, each once, until all that is wanted was seen. */
export class TreeSearch {
  readonly #question: TreeSearchQuestion;
  readonly #seen: IdTable;
  readonly #pause = new Pause();
  readonly #waiting: string[] = [];
  #history: CommitQueue | undefined;
  #missingCount: number;

  constructor(question: TreeSearchQuestion) {
    this.#question = question;
    this.#seen = new IdTable(question.objects.format);
    this.#missingCount = question.wanted.size;
  }

  /**
   * Goes on until so many trees were met in all.
   *
   * @returns whether it is over: what was not found is nowhere
   */
  async run(treesMax: number): Promise<boolean> {
    this.#history ??= await this.#begin();
    while (this.#missingCount > 0) {
      if (this.#seen.size > treesMax) return false;
      if (this.#waiting.length === 0 && !this.#takeCommit(this.#history)) return true;
      await this.#readSome();
    }
    return true;
  }

  /** Trees and blobs that refs lead to without a commit come first. */
  async #begin(): Promise<CommitQueue> {
    const { objects, refs } = this.#question;
    const graph = await objects.commitGraph();
    const history = new CommitQueue(graph);
    for (const { target, peeled = target } of refs) {
      if (this.#pause.isDue) await this.#pause.take();
      const position = graph.positionOf(peeled);
      if (position >= 0) history.push(position);
      else if ((await objects.header(peeled))?.type === 'tree') this.#enqueue(fromHex(peeled), 0);
      else this.#found(fromHex(peeled), 0);
    }
    return history;
  }

  /** @returns false when there is none left */
  #takeCommit(history: CommitQueue): boolean {
    const treeId = history.pop();
    if (treeId !== undefined) this.#enqueue(fromHex(treeId), 0);
    return treeId !== undefined;
  }

  async #readSome(): Promise<void> {
    const { objects, signal } = this.#question;
    signal.throwIfAborted();
    for (const { body } of await objects.readMany(this.#waiting.splice(-TREES_AT_ONCE))) {
      const reader = new TreeReader(body, objects.format);
      while (reader.next()) {
        if (isTreeMode(reader.mode)) this.#enqueue(body, reader.idStart);
        else this.#found(body, reader.idStart);
      }
      if (this.#pause.isDue) await this.#pause.take();
    }
  }

  #enqueue(ids: Uint8Array, idStart: number): void {
    const before = this.#seen.size;
    this.#seen.add(ids, idStart);
    if (this.#seen.size === before) return;
    this.#found(ids, idStart);
    this.#waiting.push(toHex(ids, idStart, idStart + this.#question.objects.format.idBytes));
  }

  #found(ids: Uint8Array, idStart: number): void {
    const { wanted } = this.#question;
    const number = wanted.find(ids, idStart);
    if (number < 0 || wanted.notes[number] !== 0) return;
    wanted.mark(ids, idStart, 1);
    this.#missingCount--;
  }
}

/** Commits and their ancestors, newest first. */
class CommitQueue {
  readonly #graph: CommitGraph;
  readonly #queue: DateQueue;
  readonly #seen: Uint8Array;

  constructor(graph: CommitGraph) {
    this.#graph = graph;
    this.#queue = new DateQueue(graph);
    this.#seen = new Uint8Array(graph.count);
  }

  push(position: number): void {
    if (position < 0 || this.#seen[position]) return;
    this.#seen[position] = 1;
    this.#queue.push(position);
  }

  /** @returns the tree of the next one; undefined when there is none left */
  pop(): string | undefined {
    if (this.#queue.size === 0) return undefined;
    const position = this.#queue.pop();
    const count = this.#graph.parentCount(position);
    for (let index = 0; index < count; index++) this.push(this.#graph.parentAt(position, index));
    return this.#graph.treeAt(position);
  }
}
