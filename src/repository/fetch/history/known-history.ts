/** Finds most of what a fetch needs in the history that is kept, so that only commits with something special about them are walked. */
import { LimitExceededError } from '#git/errors.ts';
import { WANTED } from '#git/walk/commit-difference.ts';
import type { IdTable } from '#git/walk/id-table.ts';
import type { PackedObjectStore } from '../../packed-object-store.ts';
import { Pause } from '../../pause.ts';
import type { Closure } from '../closure.ts';
import type { CommitsToSend } from '../commits-to-send.ts';
import type { Histories } from './histories.ts';
import { DEPTH_MAX } from './history-scan.ts';

/** Where the histories of a repository are kept. */
export interface HistorySource {
  readonly repositoryId: number;
  readonly histories: Histories;
}

export interface HistoryQuestion {
  readonly source: HistorySource | undefined;
  readonly objects: PackedObjectStore;
  readonly closure: Closure;
  /** Trees and blobs at this depth or deeper are left out. */
  readonly depthLimit: number;
  readonly signal: AbortSignal;
}

export interface HistorySplit {
  /** Commits that are to be walked. */
  readonly others: CommitsToSend;
  /** Adds what the rest of them bring. */
  readonly collect: (needed: IdTable) => Promise<void>;
}

/** Takes from kept history, when the commits are many, what most of them bring. */
export async function splitByHistory(question: HistoryQuestion, commits: CommitsToSend): Promise<HistorySplit> {
  const { source, objects, closure, depthLimit, signal } = question;
  const all: HistorySplit = { others: commits, collect: async () => {} };
  const isDepthKept = depthLimit === Number.POSITIVE_INFINITY || depthLimit <= DEPTH_MAX;
  if (!source || !isDepthKept || commits.positions.length < source.histories.commitsMin) return all;
  const { plain, others } = await divide(closure, commits, objects.format.idBytes);
  if (plain.positions.length < source.histories.commitsMin) return all;
  const { repositoryId, histories } = source;
  try {
    const history = await histories.load({ repositoryId, objects, graph: closure.graph, ...plain, signal });
    return { others, collect: (needed) => history.collect(plain.ids, depthLimit, needed, signal) };
  } catch (error) {
    if (error instanceof LimitExceededError) return all;
    throw error;
  }
}

/** A commit is plain when all its parents are sent: then what is sent of it is what it brings. */
async function divide(
  { graph, marks, boundary, childrenHad }: Closure,
  { positions, ids }: CommitsToSend,
  idBytes: number,
): Promise<{ plain: CommitsToSend; others: CommitsToSend }> {
  const pause = new Pause();
  const parts = { plain: new CommitList(ids, idBytes), others: new CommitList(ids, idBytes) };
  for (const [number, position] of positions.entries()) {
    let isPlain = !boundary.has(position) && !childrenHad.has(position);
    for (let index = graph.parentCount(position) - 1; isPlain && index >= 0; index--) {
      const parent = graph.parentAt(position, index);
      if (parent >= 0) isPlain = marks[parent] === WANTED;
    }
    parts[isPlain ? 'plain' : 'others'].add(position, number);
    if (pause.isDue) await pause.take();
  }
  return { plain: parts.plain.finish(), others: parts.others.finish() };
}

class CommitList {
  readonly #from: Uint8Array;
  readonly #idBytes: number;
  readonly #ids: Uint8Array;
  readonly #positions: number[] = [];

  constructor(from: Uint8Array, idBytes: number) {
    this.#from = from;
    this.#idBytes = idBytes;
    this.#ids = new Uint8Array(from.length);
  }

  add(position: number, number: number): void {
    const start = number * this.#idBytes;
    this.#ids.set(this.#from.subarray(start, start + this.#idBytes), this.#positions.length * this.#idBytes);
    this.#positions.push(position);
  }

  finish(): CommitsToSend {
    return { positions: this.#positions, ids: this.#ids.subarray(0, this.#positions.length * this.#idBytes) };
  }
}
