/**
 * The large objects of repositories. Each repository has its own, under keys that nobody can derive from an object's hash: knowing one
 * opens nothing, and an object is never shared, nor replaced, across repositories.
 *
 * Bytes go between client and store alone where the store has a door of its own, and through this process otherwise. Either way
 * an object exists when its bytes are in storage and their size and SHA-256 were found right. Who may do what was decided by the
 * caller.
 */
import type { Database } from '#db/client.ts';
import { limits } from '#limits.ts';
import { uuidV7 } from '#repository/uuid-v7.ts';
import type { BlobStore, ByteRange, PresignedUpload, RequestOptions } from '#storage/blob-store.ts';
import { lfsKey } from '#storage/storage-key.ts';
import {
  extendUpload,
  findObjects,
  findUploads,
  insertUploads,
  type LfsObject,
  publishUpload,
  recordUploadSession,
  removeUpload,
} from './lfs-object-rows.ts';
import type { LfsPointer } from './lfs-pointer.ts';
import { sha256OfBlob } from './sha256-of-blob.ts';
import { StreamedUpload } from './streamed-upload.ts';

/** What a client that wants to upload is to do. */
export type UploadGrant =
  | { readonly kind: 'present' }
  /** It is there and has another size: the client's pointer lies. */
  | { readonly kind: 'size-differs' }
  | { readonly kind: 'too-large' }
  /** To the store itself; then `verify`. */
  | { readonly kind: 'direct'; readonly upload: PresignedUpload }
  /** To us: `receive`. */
  | { readonly kind: 'streamed' };

export type VerifyOutcome =
  | { readonly kind: 'present' }
  | { readonly kind: 'missing' }
  /** What arrived is not what it was said to be, and is gone again. */
  | { readonly kind: 'wrong-content' };

export type ReceiveOutcome =
  | { readonly kind: 'stored' }
  | { readonly kind: 'too-large' }
  | { readonly kind: 'wrong-content'; readonly sha256: string }
  /** As many uploads are under way as this process takes. */
  | { readonly kind: 'busy' };

export interface LfsDownload {
  readonly contentType?: string | undefined;
  /** The store tells browsers to save it under this name. */
  readonly fileName?: string | undefined;
}

export class LfsObjects {
  readonly #database: Database;
  readonly #blobs: BlobStore;
  #uploadsUnderWay = 0;

  constructor(database: Database, blobs: BlobStore) {
    this.#database = database;
    this.#blobs = blobs;
  }

  async find(repositoryId: number, oid: string): Promise<LfsObject | undefined> {
    return (await this.findMany(repositoryId, [oid])).get(oid);
  }

  /** By oid. */
  findMany(repositoryId: number, oids: readonly string[]): Promise<ReadonlyMap<string, LfsObject>> {
    return findObjects(this.#database.sql, repositoryId, oids);
  }

  /** @returns undefined when the object has to come through us: `read` */
  downloadAddress(object: LfsObject, download: LfsDownload = {}): Promise<URL | undefined> {
    return this.#blobs.presignRead(lfsKey(object.blobId), { expiresInMs: limits.lfsAddressLifetimeMs, ...download });
  }

  read(object: LfsObject, range: ByteRange, options: RequestOptions): AsyncIterable<Uint8Array> {
    return this.#blobs.stream(lfsKey(object.blobId), range, options);
  }

  /** What to do with each pointer, in their order. */
  async grantUploads(repositoryId: number, pointers: readonly LfsPointer[]): Promise<UploadGrant[]> {
    const present = await this.findMany(
      repositoryId,
      pointers.map(({ oid }) => oid),
    );
    const uploads: (LfsPointer & { uploadId: string })[] = [];
    const grants = await Promise.all(
      pointers.map(async (pointer): Promise<UploadGrant> => {
        const object = present.get(pointer.oid);
        if (object !== undefined) return { kind: object.sizeBytes === pointer.sizeBytes ? 'present' : 'size-differs' };
        if (pointer.sizeBytes > limits.lfsObjectMaxBytes) return { kind: 'too-large' };
        const uploadId = uuidV7();
        const upload = await this.#presign(uploadId, pointer);
        if (upload === undefined) return { kind: 'streamed' };
        uploads.push({ ...pointer, uploadId });
        return { kind: 'direct', upload };
      }),
    );
    // Before anybody has an address: what arrives there is always known to a row.
    const expiresInMs = limits.lfsAddressLifetimeMs + limits.lfsUploadGraceMs;
    if (uploads.length > 0) {
      await insertUploads(
        this.#database.sql,
        uploads.map((upload) => ({ ...upload, repositoryId, expiresInMs })),
      );
    }
    return grants;
  }

  /** Looks whether an object that was uploaded to the store is there and right, and makes it the repository's. */
  async verify(repositoryId: number, pointer: LfsPointer, signal: AbortSignal): Promise<VerifyOutcome> {
    const object = await this.find(repositoryId, pointer.oid);
    if (object !== undefined) return { kind: object.sizeBytes === pointer.sizeBytes ? 'present' : 'missing' };
    const uploadIds = await findUploads(this.#database.sql, repositoryId, pointer, limits.lfsUploadsTriedMax);
    for (const uploadId of uploadIds) {
      const state = await this.#inspect(uploadId, pointer, signal);
      if (state === 'missing') continue;
      if (state === 'wrong-content') {
        await this.#discard(uploadId);
        return { kind: state };
      }
      if (await publishUpload(this.#database, repositoryId, pointer, uploadId)) return { kind: 'present' };
    }
    // Another request may have made it an object since we looked.
    return { kind: (await this.find(repositoryId, pointer.oid)) === undefined ? 'missing' : 'present' };
  }

  /**
   * Takes an object's bytes. When they are not those that `oid` names, nothing of them stays.
   *
   * @throws {RepositoryGoneError}
   */
  async receive(
    repositoryId: number,
    oid: string,
    body: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
  ): Promise<ReceiveOutcome> {
    if (this.#uploadsUnderWay >= limits.lfsUploadsMax) return { kind: 'busy' };
    this.#uploadsUnderWay++;
    try {
      return await this.#receive(repositoryId, oid, body, signal);
    } finally {
      this.#uploadsUnderWay--;
    }
  }

  async #receive(
    repositoryId: number,
    oid: string,
    body: AsyncIterable<Uint8Array>,
    signal: AbortSignal,
  ): Promise<ReceiveOutcome> {
    const { sql } = this.#database;
    const uploadId = uuidV7();
    const lease = { uploadId, repositoryId, oid, sizeBytes: 0, expiresInMs: limits.lfsUploadLeaseMs };
    await insertUploads(sql, [lease]);
    const renewal = setInterval(() => {
      void extendUpload(sql, uploadId, limits.lfsUploadLeaseMs).catch(() => {});
    }, limits.lfsUploadLeaseMs / 3);
    const upload = new StreamedUpload({
      blobs: this.#blobs,
      key: lfsKey(uploadId),
      signal,
      recordSession: (sessionId) => recordUploadSession(sql, uploadId, sessionId),
    });
    try {
      const received = await upload.receive(body, limits.lfsObjectMaxBytes);
      if (received === undefined) return await this.#giveUp(upload, uploadId, { kind: 'too-large' });
      const { sha256, sizeBytes } = received;
      if (sha256 !== oid) return await this.#giveUp(upload, uploadId, { kind: 'wrong-content', sha256 });
      await upload.complete();
      if (await publishUpload(this.#database, repositoryId, { oid, sizeBytes }, uploadId)) return { kind: 'stored' };
      throw new Error(`store LFS object ${oid}: the lease of its upload ran out`);
    } catch (error) {
      // What cannot be removed now is left to the sweeper: the client is to hear of the first failure.
      await this.#giveUp(upload, uploadId, undefined).catch(() => {});
      throw error;
    } finally {
      clearInterval(renewal);
    }
  }

  async #giveUp<Outcome>(upload: StreamedUpload, uploadId: string, outcome: Outcome): Promise<Outcome> {
    await upload.abort();
    await this.#discard(uploadId);
    return outcome;
  }

  /** Removes bytes and row. Not those of an upload that became an object: its row is gone. */
  async #discard(uploadId: string): Promise<void> {
    await removeUpload(this.#database, uploadId, () => this.#blobs.delete(lfsKey(uploadId)));
  }

  #presign(uploadId: string, { oid, sizeBytes }: LfsPointer): Promise<PresignedUpload | undefined> {
    const sha256 = Buffer.from(oid, 'hex');
    return this.#blobs.presignWrite(lfsKey(uploadId), { expiresInMs: limits.lfsAddressLifetimeMs, sizeBytes, sha256 });
  }

  /** The store's own record of the checksum is believed; where it keeps none, the bytes are read. */
  async #inspect(
    uploadId: string,
    { oid, sizeBytes }: LfsPointer,
    signal: AbortSignal,
  ): Promise<'right' | 'missing' | 'wrong-content'> {
    const key = lfsKey(uploadId);
    const storedBytes = await this.#blobs.size(key, { signal });
    if (storedBytes === undefined) return 'missing';
    if (storedBytes !== sizeBytes) return 'wrong-content';
    const checksum = (await this.#blobs.checksum(key, { signal })) ?? (await sha256OfBlob(this.#blobs, key, signal));
    return Buffer.from(checksum).toString('hex') === oid ? 'right' : 'wrong-content';
  }
}
