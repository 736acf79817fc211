/**
 * The right to write a pack. A lease is a row in state `pending` whose time its writer keeps extending; it is there before anything is
 * in storage, and says where to look. A writer that dies stops extending, and `pack-sweeper.ts` removes what it left.
 */
import type { Database, TransactionSql } from '#db/client.ts';
import { limits } from '#limits.ts';
import type { BlobStore } from '#storage/blob-store.ts';
import { packIndexKey, packKey, packSummaryKey } from '#storage/storage-key.ts';
import { uuidV7 } from './uuid-v7.ts';

export class PackLeases {
  readonly #db: Database;
  readonly #blobs: BlobStore;

  constructor(db: Database, blobs: BlobStore) {
    this.#db = db;
    this.#blobs = blobs;
  }

  /** Takes an id; nothing is written before `begin`. */
  reserve(): PackLease {
    return new PackLease(this.#db, this.#blobs);
  }
}

export class PackLease {
  readonly packId = uuidV7();
  readonly #db: Database;
  readonly #blobs: BlobStore;
  #uploadId: string | undefined;
  #renewal: NodeJS.Timeout | undefined;
  #isSettled = false;

  constructor(db: Database, blobs: BlobStore) {
    this.#db = db;
    this.#blobs = blobs;
  }

  async begin(): Promise<void> {
    await this.#db.sql`
      insert into pack (id, state, source, lease_until)
      values (${this.packId}, 'pending', 'receive', now() + ${limits.packLeaseMs} * interval '1 millisecond')`;
    this.#renewal = setInterval(() => void this.#renew().catch(() => {}), limits.packLeaseMs / 3);
    this.#renewal.unref();
  }

  async recordUpload(uploadId: string): Promise<void> {
    this.#uploadId = uploadId;
    await this.#db.sql`update pack set upload_id = ${uploadId} where id = ${this.packId}`;
  }

  /** The pack is live: nothing is left to extend or to abandon. */
  end(): void {
    this.#isSettled = true;
    clearInterval(this.#renewal);
  }

  /**
   * Removes whatever was stored, then the row. Does nothing to a pack that went live: its row is locked and looked at first, so a writer that
   * is wrong about what became of its transaction destroys nothing.
   */
  async abandon(): Promise<void> {
    if (this.#isSettled) return;
    this.end();
    await this.#db.transaction(async (tx) => {
      const [row] = await tx`select 1 from pack where id = ${this.packId} and state = 'pending' for update`;
      if (row) await removePack(tx, this.#blobs, this.packId, this.#uploadId);
    });
  }

  async #renew(): Promise<void> {
    await this.#db.sql`
      update pack set lease_until = now() + ${limits.packLeaseMs} * interval '1 millisecond'
      where id = ${this.packId} and state = 'pending'`;
  }
}

/** Removes all that a pack may have in storage, then its row, which the caller has locked. */
export async function removePack(
  tx: TransactionSql,
  blobs: BlobStore,
  packId: string,
  uploadId: string | undefined,
): Promise<void> {
  if (uploadId !== undefined) await blobs.abortUpload(packKey(packId), uploadId);
  await Promise.all([packKey(packId), packIndexKey(packId), packSummaryKey(packId)].map((key) => blobs.delete(key)));
  await tx`delete from pack where id = ${packId}`;
}
