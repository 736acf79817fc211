/** The engine over packs in bulk storage and refs in Postgres: puts the parts of this folder together. */
import { LRUCache } from 'lru-cache';
import { fromHex } from '#bytes/hex.ts';
import type { Database } from '#db/client.ts';
import { announceWork, appendToOutbox } from '#db/outbox.ts';
import type { ObjectFormat, ObjectId } from '#git/object/object-id.ts';
import type { Ref } from '#git/ref-store.ts';
import { visibleRefs } from '#git/refs/visible-refs.ts';
import { limits } from '#limits.ts';
import type { BlobStore } from '#storage/blob-store.ts';
import { RepositoryGoneError } from './errors.ts';
import { deepen } from './fetch/deepen.ts';
import { Histories } from './fetch/history/histories.ts';
import { planPack } from './fetch/pack-plan.ts';
import { refsHiddenFromFetches } from './git-settings.ts';
import { GrowingCommitGraph } from './growing-commit-graph.ts';
import type { Sha1Mode } from './ingest/ingest-messages.ts';
import { IngestThreads } from './ingest/ingest-threads.ts';
import { RetainBudget } from './ingest/retain-budget.ts';
import { PackFiles } from './pack-files.ts';
import { PackLeases } from './pack-lease.ts';
import { createObjectCache, type LoadedPack, PackedObjectStore, type StoredPack } from './packed-object-store.ts';
import { receivePush } from './push.ts';
import type { SortedRefs } from './ref-snapshot.ts';
import type {
  PackPlan,
  PackRequest,
  PushOutcome,
  PushRequest,
  RepositoryEngine,
  RepositorySnapshot,
} from './repository-engine.ts';
import type { RepositoryRecord } from './repository-record.ts';
import { type RepositoryState, RepositoryStates } from './repository-state.ts';
import { type SightOptions, VisibleObjects } from './visible-objects.ts';

export interface EngineOptions {
  readonly db: Database;
  readonly blobs: BlobStore;
  /** Threads that index packs. */
  readonly threadCount: number;
  /** Default `dc`: received objects are looked at for collision attacks. */
  readonly sha1?: Sha1Mode;
  /** Default `limits.historyCommitsMin`. */
  readonly historyCommitsMin?: number;
}

interface PackedSnapshot extends RepositorySnapshot {
  readonly refs: SortedRefs;
  readonly objects: PackedObjectStore;
}

export class PackedRepositoryEngine implements RepositoryEngine {
  readonly #db: Database;
  readonly #blobs: BlobStore;
  readonly #files: PackFiles;
  readonly #states: RepositoryStates;
  readonly #leases: PackLeases;
  readonly #threads: IngestThreads;
  readonly #histories: Histories;
  readonly #budget = new RetainBudget(limits.packRetainProcessMaxBytes);
  readonly #objectCache = createObjectCache(limits.objectCacheMaxBytes);
  /** Stores of repositories whose packs have not changed: with them their tables stay loaded. */
  readonly #stores = new LRUCache<number, { packs: readonly StoredPack[]; objects: PackedObjectStore }>({
    maxSize: limits.openObjectsMax,
    sizeCalculation: ({ packs }) => packs.reduce((sum, pack) => sum + pack.objectCount, 1),
  });
  readonly #graphs = new LRUCache<number, GrowingCommitGraph>({
    maxSize: limits.cachedCommitsMax,
    sizeCalculation: (graph) => graph.ids.size + 1,
  });

  constructor({ db, blobs, threadCount, sha1 = 'dc', historyCommitsMin = limits.historyCommitsMin }: EngineOptions) {
    this.#db = db;
    this.#blobs = blobs;
    this.#files = new PackFiles(blobs, {
      tablesMaxBytes: limits.packTablesCacheMaxBytes,
      blocksMaxBytes: limits.packBlocksCacheMaxBytes,
    });
    this.#states = new RepositoryStates(db);
    this.#leases = new PackLeases(db, blobs);
    this.#threads = new IngestThreads(threadCount, { sha1 });
    this.#histories = new Histories(blobs, { threadCount, commitsMin: historyCommitsMin });
  }

  async snapshot(repositoryId: number): Promise<PackedSnapshot> {
    const state = await this.#states.read(repositoryId);
    const objects = this.#openCached(repositoryId, state);
    return {
      repositoryId,
      refsVersion: state.refsVersion,
      packsVersion: state.packsVersion,
      refs: state.refs,
      objects,
      containsMany: (ids) => containsMany(objects, ids),
      reachableMany: (ids, refs, options) =>
        findReachable(objects, ids, refs, { ...options, source: { repositoryId, histories: this.#histories } }),
      deepen: (request) => deepen(objects, request),
    };
  }

  async readableSnapshot({
    id,
    gitSettings,
  }: Pick<RepositoryRecord, 'id' | 'gitSettings'>): Promise<RepositorySnapshot> {
    const snapshot = await this.snapshot(id);
    return { ...snapshot, refs: visibleRefs(snapshot.refs, refsHiddenFromFetches(gitSettings)) };
  }

  planPack(snapshot: RepositorySnapshot, request: PackRequest): Promise<PackPlan> {
    const { objects, repositoryId } = snapshot as PackedSnapshot;
    return planPack(objects, this.#files, request, { repositoryId, histories: this.#histories });
  }

  receive(request: PushRequest): Promise<PushOutcome> {
    return receivePush(
      {
        db: this.#db,
        files: this.#files,
        states: this.#states,
        ingest: { blobs: this.#blobs, leases: this.#leases, threads: this.#threads, budget: this.#budget },
        source: { repositoryId: request.repositoryId, histories: this.#histories },
        openObjects: (format, packs) => this.#open(request.repositoryId, format, packs),
      },
      request,
    );
  }

  async setHead(repositoryId: number, headTarget: string): Promise<void> {
    await this.#db.transaction(async (tx) => {
      const rows = await tx`
        update repository set head_target = ${headTarget}, refs_version = refs_version + 1, updated_at = now()
        where id = ${repositoryId} returning id`;
      if (rows.length === 0) throw new RepositoryGoneError(repositoryId);
      await appendToOutbox(tx, 'head', { repositoryId });
    });
    void announceWork(this.#db).catch(() => {});
  }

  async close(): Promise<void> {
    await Promise.all([this.#threads.stop(), this.#histories.stop()]);
  }

  #openCached(repositoryId: number, { format, packs }: RepositoryState): PackedObjectStore {
    const cached = this.#stores.get(repositoryId);
    if (cached?.packs === packs) return cached.objects;
    const objects = this.#open(repositoryId, format, packs);
    this.#stores.set(repositoryId, { packs, objects });
    return objects;
  }

  #open(repositoryId: number, format: ObjectFormat, packs: readonly StoredPack[]): PackedObjectStore {
    return new PackedObjectStore(format, packs, this.#files, this.#objectCache, async (loaded) =>
      (await this.#graphOf(repositoryId, format, loaded)).view(),
    );
  }

  async #graphOf(
    repositoryId: number,
    format: ObjectFormat,
    packs: readonly LoadedPack[],
  ): Promise<GrowingCommitGraph> {
    let graph = this.#graphs.get(repositoryId);
    if (!graph?.isWithin(packs)) graph = new GrowingCommitGraph(format);
    // Whoever comes meanwhile adds to the same one.
    this.#graphs.set(repositoryId, graph);
    try {
      await graph.add(packs);
    } catch (error) {
      this.#graphs.delete(repositoryId);
      throw error;
    }
    this.#graphs.set(repositoryId, graph);
    return graph;
  }
}

/** Looks at what is there alone: an id that nobody has need not be searched for in trees. */
async function findReachable(
  objects: PackedObjectStore,
  ids: readonly ObjectId[],
  refs: readonly Ref[],
  options: SightOptions,
): Promise<boolean[]> {
  const present = await containsMany(objects, ids);
  const slots = ids.filter((_, index) => present[index]).map((id) => fromHex(id));
  const visible = new VisibleObjects(objects, refs, options);
  const invisible = new Set(await visible.findInvisible(Buffer.concat(slots)));
  let slot = 0;
  return present.map((isPresent) => isPresent && !invisible.has(slot++));
}

async function containsMany(objects: PackedObjectStore, ids: readonly ObjectId[]): Promise<boolean[]> {
  await objects.load();
  return ids.map((id) => objects.locate(fromHex(id)) !== undefined);
}
