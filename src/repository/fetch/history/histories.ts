/** Reads histories in threads, as fetches ask for them, and keeps them within a budget. */
import { LRUCache } from 'lru-cache';
import { fromHex } from '#bytes/hex.ts';
import type { CommitGraph } from '#git/walk/commit-graph.ts';
import { limits } from '#limits.ts';
import type { PackStorage } from '../../pack-files.ts';
import type { PackedObjectStore } from '../../packed-object-store.ts';
import { Pause } from '../../pause.ts';
import { History } from './history.ts';
import type { BroughtObjects, CommitTrees } from './history-scan.ts';
import { HistoryThread } from './history-thread.ts';

export interface HistoryRequest {
  readonly repositoryId: number;
  readonly objects: PackedObjectStore;
  readonly graph: CommitGraph;
  /** Newest first. */
  readonly positions: readonly number[];
  /** Their ids, one slot after another. */
  readonly ids: Uint8Array;
  readonly signal: AbortSignal;
}

export class Histories {
  readonly #threads: readonly HistoryThread[];
  readonly #histories = new LRUCache<number, History>({
    maxSize: limits.historiesMaxBytes,
    sizeCalculation: (history) => history.sizeBytes,
  });
  /** The last scan of each repository: the next waits for it, since it may find what it wants there. */
  readonly #underWay = new Map<number, Promise<unknown>>();
  /** Commits to send from which on they are read here. */
  readonly commitsMin: number;
  /** Scans so far. */
  scanCount = 0;

  constructor(storage: PackStorage, threadCount: number, commitsMin: number) {
    this.commitsMin = commitsMin;
    const count = Math.min(threadCount, limits.historyThreadsMax);
    this.#threads = Array.from({ length: count }, () => new HistoryThread(storage));
  }

  /** @returns a history that has all these commits */
  async load(request: HistoryRequest): Promise<History> {
    const { repositoryId, signal } = request;
    for (;;) {
      const history = this.#histories.get(repositoryId) ?? new History(request.objects.format);
      const lacking = await lackingOf(history, request);
      if (lacking.length === 0) return history;
      const underWay = this.#underWay.get(repositoryId);
      if (underWay) {
        await underWay;
        signal.throwIfAborted();
        continue;
      }
      const scan = this.#extend(history, request, lacking);
      const settled = scan.catch(() => {}).finally(() => this.#underWay.delete(repositoryId));
      this.#underWay.set(repositoryId, settled);
      await scan;
      return history;
    }
  }

  async stop(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.stop()));
  }

  /** Shares the commits out among the threads. */
  async #extend(history: History, request: HistoryRequest, lacking: readonly number[]): Promise<void> {
    this.scanCount++;
    const cancel = new Int32Array(new SharedArrayBuffer(4));
    const stop = () => Atomics.store(cancel, 0, 1);
    request.signal.throwIfAborted();
    request.signal.addEventListener('abort', stop, { once: true });
    try {
      const shareCount = Math.ceil(lacking.length / this.#threads.length);
      const scans = this.#threads.map((thread, index) =>
        this.#scan(thread, request, lacking.slice(index * shareCount, (index + 1) * shareCount), cancel),
      );
      // All have ended before anyone hears of it, so that no scan goes on behind a failure.
      for (const scan of scans) scan.catch(stop);
      const settled = await Promise.allSettled(scans);
      for (const result of settled) if (result.status === 'rejected') throw result.reason;
      for (const scan of scans) {
        const { ids, brought } = await scan;
        await history.add(ids, brought);
      }
    } finally {
      request.signal.removeEventListener('abort', stop);
    }
    this.#histories.set(request.repositoryId, history);
  }

  async #scan(
    thread: HistoryThread,
    { objects, graph, positions, ids }: HistoryRequest,
    numbers: readonly number[],
    cancel: Int32Array<SharedArrayBuffer>,
  ): Promise<{ ids: Uint8Array; brought: BroughtObjects }> {
    const { idBytes } = objects.format;
    const own = new Uint8Array(numbers.length * idBytes);
    numbers.forEach((number, index) => {
      own.set(ids.subarray(number * idBytes, (number + 1) * idBytes), index * idBytes);
    });
    const commits = await treesOf(
      graph,
      numbers.map((number) => positions[number] as number),
      idBytes,
    );
    const packs = (await objects.load()).map(({ id, objectCount, sizeBytes }) => ({ id, objectCount, sizeBytes }));
    return { ids: own, brought: await thread.scan({ format: objects.format.name, packs, commits, cancel }) };
  }
}

/** @returns numbers of the commits that the history lacks */
async function lackingOf(history: History, { ids, objects }: HistoryRequest): Promise<number[]> {
  const { idBytes } = objects.format;
  const lacking: number[] = [];
  const pause = new Pause();
  for (let number = 0; number * idBytes < ids.length; number++) {
    if (!history.has(ids, number * idBytes)) lacking.push(number);
    if (pause.isDue) await pause.take();
  }
  return lacking;
}

async function treesOf(graph: CommitGraph, positions: readonly number[], idBytes: number): Promise<CommitTrees> {
  const pause = new Pause();
  const treeIds = new Uint8Array(positions.length * idBytes);
  const parentStarts = new Uint32Array(positions.length + 1);
  const parents: number[] = [];
  for (const [index, position] of positions.entries()) {
    treeIds.set(fromHex(graph.treeAt(position)), index * idBytes);
    for (let number = 0; number < graph.parentCount(position); number++) {
      const parent = graph.parentAt(position, number);
      if (parent >= 0) parents.push(parent);
    }
    parentStarts[index + 1] = parents.length;
    if (pause.isDue) await pause.take();
  }
  const parentTreeIds = new Uint8Array(parents.length * idBytes);
  for (const [index, parent] of parents.entries()) {
    parentTreeIds.set(fromHex(graph.treeAt(parent)), index * idBytes);
    if (pause.isDue) await pause.take();
  }
  return { count: positions.length, treeIds, parentStarts, parentTreeIds };
}
