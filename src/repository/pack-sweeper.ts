/** Removes packs that nobody will read: pending ones whose writer died, and retired ones after the grace that slow readers are given. */
import type { Database } from '#db/client.ts';
import { limits } from '#limits.ts';
import type { BlobStore } from '#storage/blob-store.ts';
import { removePack } from './pack-lease.ts';

/**
 * Sweeps until nothing is left to sweep. Any number of processes may sweep at once.
 *
 * @returns packs removed
 */
export async function sweepPacks(db: Database, blobs: BlobStore): Promise<number> {
  let count = 0;
  while (await sweepOne(db, blobs)) count++;
  return count;
}

/** The row stays locked while the files go, so a writer that wakes up late cannot make the pack live meanwhile. */
function sweepOne(db: Database, blobs: BlobStore): Promise<boolean> {
  return db.transaction(async (tx) => {
    const [row] = await tx<{ id: string; upload_id: string | null }[]>`
      select id, upload_id from pack
      where (state = 'pending' and lease_until < now())
        or (state = 'retired' and retired_at < now() - ${limits.packRetiredGraceMs} * interval '1 millisecond')
      limit 1 for update skip locked`;
    if (!row) return false;
    await removePack(tx, blobs, row.id, row.upload_id ?? undefined);
    return true;
  });
}
