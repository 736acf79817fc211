/** Reads histories in threads, as fetches ask for them, and keeps them within a budget. */
import { LRUCache } from 'lru-cache';
import type { CommitGraph } from '#git/walk/commit-graph.ts';
import { limits } from '#limits.ts';
import type { PackStorage } from '../../pack-files.ts';
import type { PackedObjectStore } from '../../packed-object-store.ts';
import { Pause } from '../../pause.ts';
import { SharedWork } from '../../shared-work.ts';
import { commitTrees, parentsOf } from '../walk/commit-trees.ts';
import type { WalkResult, WalkTask } from '../walk/walk-task.ts';
import { History } from './history.ts';
import type { ThreadTask } from './history-messages.ts';
import type { BroughtObjects } from './history-scan.ts';
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

export interface WalkRequest {
  readonly objects: PackedObjectStore;
  readonly task: WalkTask;
  readonly signal: AbortSignal;
}

export interface HistoriesOptions {
  readonly threadCount: number;
  /** Default `limits.historyCommitsMin`. */
  readonly commitsMin?: number;
  /** Default `limits.historyThreadIdleMs`. */
  readonly idleMs?: number;
}

export class Histories {
  readonly #threads: readonly HistoryThread[];
  readonly #histories = new LRUCache<number, History>({
    maxSize: limits.historiesMaxBytes,
    sizeCalculation: (history) => history.sizeBytes,
  });
  /** By repository. Who comes later waits for the one under way, since it may bring what is wanted. */
  readonly #scans = new SharedWork<History>();
  /** Commits to send from which on they are read here. */
  readonly commitsMin: number;
  /** Scans so far. */
  scanCount = 0;

  constructor(
    storage: PackStorage,
    { threadCount, commitsMin = limits.historyCommitsMin, idleMs = limits.historyThreadIdleMs }: HistoriesOptions,
  ) {
    this.commitsMin = commitsMin;
    const count = Math.min(threadCount, limits.historyThreadsMax);
    this.#threads = Array.from({ length: count }, () => new HistoryThread(storage, idleMs));
  }

  get runningThreadCount(): number {
    return this.#threads.filter((thread) => thread.isRunning).length;
  }

  /** @returns what is kept of a repository's history */
  find(repositoryId: number): History | undefined {
    return this.#histories.get(repositoryId);
  }

  /** @returns a history that has all these commits @throws {LimitExceededError} */
  async load(request: HistoryRequest): Promise<History> {
    const { repositoryId, signal } = request;
    let history = this.#histories.get(repositoryId) ?? new History(request.objects.format);
    for (;;) {
      const lacking = await lackingOf(history, request);
      if (lacking.length === 0) return history;
      const extended = history;
      history = await this.#scans.share(`${repositoryId}`, signal, (shared) =>
        this.#extend(extended, { ...request, signal: shared }, lacking),
      );
    }
  }

  /** Walks in a thread. */
  async walk({ objects, task, signal }: WalkRequest): Promise<WalkResult> {
    const idlest = this.#threads.toSorted((a, b) => a.load - b.load)[0] as HistoryThread;
    return cancellable(signal, async (cancel) =>
      idlest.run({ ...(await taskOf(objects)), work: { kind: 'walk', walk: task }, cancel }),
    );
  }

  async stop(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.stop()));
  }

  /** Shares the commits out among the threads, unless they are few. */
  async #extend(history: History, request: HistoryRequest, lacking: readonly number[]): Promise<History> {
    this.scanCount++;
    const threadCount = Math.min(this.#threads.length, Math.ceil(lacking.length / limits.historyShareCommits));
    const shareCount = Math.ceil(lacking.length / threadCount);
    const shares = this.#threads
      .toSorted((a, b) => a.load - b.load)
      .slice(0, threadCount)
      .map((thread, index) => ({ thread, numbers: lacking.slice(index * shareCount, (index + 1) * shareCount) }));
    await cancellable(request.signal, async (cancel) => {
      const scans = shares.map(({ thread, numbers }) => scanIn(thread, request, numbers, cancel));
      // All have ended before anyone hears of it, so that no scan goes on behind a failure.
      for (const scan of scans) scan.catch(() => Atomics.store(cancel, 0, 1));
      const settled = await Promise.allSettled(scans);
      for (const result of settled) if (result.status === 'rejected') throw result.reason;
      for (const scan of scans) {
        const { ids, brought } = await scan;
        await history.add(ids, brought);
      }
    });
    this.#histories.set(request.repositoryId, history);
    return history;
  }
}

/** @param run gets a flag that is set when nobody waits any more */
async function cancellable<Result>(
  signal: AbortSignal,
  run: (cancel: Int32Array<SharedArrayBuffer>) => Promise<Result>,
): Promise<Result> {
  const cancel = new Int32Array(new SharedArrayBuffer(4));
  const stop = () => Atomics.store(cancel, 0, 1);
  signal.throwIfAborted();
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await run(cancel);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

async function scanIn(
  thread: HistoryThread,
  { objects, graph, positions, ids }: HistoryRequest,
  numbers: readonly number[],
  cancel: Int32Array<SharedArrayBuffer>,
): Promise<{ ids: Uint8Array; brought: BroughtObjects }> {
  const { idBytes } = objects.format;
  const pause = new Pause();
  const own = new Uint8Array(numbers.length * idBytes);
  const ownPositions: number[] = [];
  for (const number of numbers) {
    own.set(ids.subarray(number * idBytes, (number + 1) * idBytes), ownPositions.length * idBytes);
    ownPositions.push(positions[number] as number);
    if (pause.isDue) await pause.take();
  }
  const { trees } = await commitTrees(graph, ownPositions, (position) => parentsOf(graph, position), idBytes);
  const work = { kind: 'scan', commits: trees } as const;
  return { ids: own, brought: await thread.run({ ...(await taskOf(objects)), work, cancel }) };
}

async function taskOf(objects: PackedObjectStore): Promise<Pick<ThreadTask, 'format' | 'packs'>> {
  const packs = (await objects.load()).map(({ id, objectCount, sizeBytes }) => ({ id, objectCount, sizeBytes }));
  return { format: objects.format.name, packs };
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
