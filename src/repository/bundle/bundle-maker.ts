/**
 * Keeps a bundle of each large repository in storage: a clone that asks for it downloads the file, from the object store where it
 * can, and fetches only what came since. A bundle is made of branches and tags as any clone may have them, replaced when the
 * repository has outgrown it, and removed once nobody can be reading it.
 */
import { fromHex } from '#bytes/hex.ts';
import type { Database } from '#db/client.ts';
import { encodeBundleHeader } from '#git/bundle/bundle-header.ts';
import type { Ref } from '#git/ref-store.ts';
import { limits } from '#limits.ts';
import type { BlobStore } from '#storage/blob-store.ts';
import { bundleKey } from '#storage/storage-key.ts';
import { writeStream } from '#storage/write-stream.ts';
import { RepositoryGoneError } from '../errors.ts';
import type { RepositoryEngine, RepositorySnapshot } from '../repository-engine.ts';
import { uuidV7 } from '../uuid-v7.ts';
import { bundledRefs } from './bundled-refs.ts';

export interface BundleStores {
  readonly db: Database;
  readonly blobs: BlobStore;
  readonly engine: Pick<RepositoryEngine, 'snapshot' | 'planPack'>;
}

/**
 * Makes what is missing and removes what is old. Idempotent; one process of a forge does it at a time.
 *
 * @param repositoryMinBytes smaller repositories have no bundle
 */
export async function maintainBundles(
  stores: BundleStores,
  signal: AbortSignal,
  repositoryMinBytes: number = limits.bundleMinBytes,
): Promise<void> {
  await sweepBundles(stores);
  for (const candidate of await findCandidates(stores.db, repositoryMinBytes)) {
    signal.throwIfAborted();
    await makeBundle(stores, candidate, signal).catch((error: unknown) => {
      // Deleted meanwhile: the sweep finds what there is of its bundle.
      if (!(error instanceof RepositoryGoneError)) throw error;
    });
  }
}

interface Candidate {
  readonly repositoryId: number;
  readonly sizeBytes: number;
  readonly hiddenRefs: readonly string[];
}

/** Large repositories that have no bundle, or have outgrown it. */
async function findCandidates({ sql }: Database, repositoryMinBytes: number): Promise<Candidate[]> {
  return await sql<Candidate[]>`
    select r.id as "repositoryId", r.size_bytes as "sizeBytes",
           coalesce(r.git_settings->'transfer.hideRefs', '[]') || coalesce(r.git_settings->'uploadpack.hideRefs', '[]') as "hiddenRefs"
    from repository r
    left join bundle b on b.repository_id = r.id and b.ready_at is not null and b.retired_at is null
    where r.size_bytes >= ${repositoryMinBytes}
      and coalesce((r.git_settings->>'uploadpack.advertiseBundleURIs')::boolean, true)
      and (b.id is null or r.size_bytes > b.repository_size_bytes * ${1 + limits.bundleGrowthMin}::double precision)
    order by r.id`;
}

async function makeBundle(stores: BundleStores, candidate: Candidate, signal: AbortSignal): Promise<void> {
  const { db, blobs, engine } = stores;
  const { repositoryId, sizeBytes, hiddenRefs } = candidate;
  const snapshot = await engine.snapshot(repositoryId, signal);
  const refs = bundledRefs(snapshot.refs, hiddenRefs);
  if (refs.length === 0 || refs.length > limits.bundleRefsMax) return;
  const id = uuidV7();
  const tips = Buffer.concat([...new Set(refs.map((ref) => ref.target))].map((target) => fromHex(target)));
  await db.sql`
    insert into bundle (id, repository_id, repository_size_bytes, refs_version, tips)
    values (${id}, ${repositoryId}, ${sizeBytes}, ${snapshot.refsVersion}, ${tips})`;
  await writeStream(blobs, {
    key: bundleKey(id),
    chunks: bundleBytes(stores, snapshot, refs, signal),
    signal,
    onUploadStarted: async (uploadId) =>
      void (await db.sql`update bundle set upload_id = ${uploadId} where id = ${id}`),
  });
  await publish(db, repositoryId, id);
}

async function* bundleBytes(
  { engine }: BundleStores,
  snapshot: RepositorySnapshot,
  refs: readonly Ref[],
  signal: AbortSignal,
): AsyncIterable<Uint8Array> {
  yield encodeBundleHeader(snapshot.objects.format, refs);
  const plan = await engine.planPack(snapshot, {
    wants: [...new Set(refs.map((ref) => ref.target))],
    haves: [],
    thinPack: false,
    ofsDelta: true,
    includeTag: false,
    visibleRefs: [],
    clientShallow: [],
    shallowUpdate: undefined,
    filter: undefined,
    signal,
  });
  yield* plan.stream();
}

/** The new one is offered from now on, and the one before no more. */
async function publish(db: Database, repositoryId: number, id: string): Promise<void> {
  await db.transaction(async (tx) => {
    await tx`
      update bundle set retired_at = now()
      where repository_id = ${repositoryId} and ready_at is not null and retired_at is null`;
    await tx`update bundle set ready_at = now(), upload_id = null where id = ${id}`;
  });
}

/** Bundles that were never finished, whose repository is gone, or that were replaced long enough ago. */
async function sweepBundles({ db, blobs }: BundleStores): Promise<void> {
  const rubbish = await db.sql<{ id: string; uploadId: string | null }[]>`
    select id, upload_id as "uploadId" from bundle
    where (ready_at is null and created_at < now() - ${limits.bundleMakingMaxMs} * interval '1 millisecond')
      or retired_at < now() - ${limits.packRetiredGraceMs} * interval '1 millisecond'
      or repository_id is null`;
  for (const { id, uploadId } of rubbish) {
    if (uploadId !== null) await blobs.abortUpload(bundleKey(id), uploadId);
    await blobs.delete(bundleKey(id));
    await db.sql`delete from bundle where id = ${id}`;
  }
}
