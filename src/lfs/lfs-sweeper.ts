/** Removes uploads that nobody finished, and the objects of deleted repositories, which were turned into expired uploads. */
import type { Database } from '#db/client.ts';
import { limits } from '#limits.ts';
import type { BlobStore } from '#storage/blob-store.ts';
import { lfsKey } from '#storage/storage-key.ts';

interface ExpiredRow {
  readonly id: string;
  readonly uploadId: string | null;
}

/**
 * Sweeps until nothing is left to sweep. Any number of processes may sweep at once.
 *
 * @returns uploads removed
 */
export async function sweepLfsUploads(database: Database, blobs: BlobStore, signal?: AbortSignal): Promise<number> {
  let count = 0;
  for (;;) {
    signal?.throwIfAborted();
    const removed = await sweepBatch(database, blobs);
    if (removed === 0) return count;
    count += removed;
  }
}

/** The rows stay locked while the bytes go, so that nobody makes objects of them meanwhile. */
function sweepBatch(database: Database, blobs: BlobStore): Promise<number> {
  return database.transaction(async (tx) => {
    const rows = await tx<ExpiredRow[]>`
      select id, upload_id as "uploadId" from lfs_upload where expires_at < now()
      order by expires_at limit ${limits.lfsSweepBatch} for update skip locked`;
    await Promise.all(rows.map((row) => removeBytes(blobs, row)));
    await tx`delete from lfs_upload where id = any(${rows.map(({ id }) => id)}::uuid[])`;
    return rows.length;
  });
}

async function removeBytes(blobs: BlobStore, { id, uploadId }: ExpiredRow): Promise<void> {
  if (uploadId !== null) await blobs.abortUpload(lfsKey(id), uploadId);
  await blobs.delete(lfsKey(id));
}
