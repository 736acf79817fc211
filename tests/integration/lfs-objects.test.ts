/** What becomes of LFS objects in storage: granted, uploaded, verified, abandoned, and removed with their repository. */
import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { UserPrincipal } from '#auth/principal.ts';
import { LfsObjects, type UploadGrant } from '#lfs/lfs-objects.ts';
import type { LfsPointer } from '#lfs/lfs-pointer.ts';
import { sweepLfsUploads } from '#lfs/lfs-sweeper.ts';
import { limits } from '#limits.ts';
import { RepositoryGoneError } from '#repository/errors.ts';
import type { BlobStore, PresignedUpload } from '#storage/blob-store.ts';
import { MemoryBlobStore } from '#storage/memory-blob-store.ts';
import { S3BlobStore } from '#storage/s3-blob-store.ts';
import { lfsKey } from '#storage/storage-key.ts';
import { createTestAccounts, createTestUser, type TestAccounts } from '../support/accounts.ts';
import { createTestBucket, hasS3 } from '../support/bucket.ts';
import { hasDatabase } from '../support/database.ts';

const NEVER = new AbortController().signal;

/** Signs addresses and holds nobody to them: what a store could do that ignores checksums. */
function openCarelessStore(): BlobStore {
  const store: BlobStore = new MemoryBlobStore();
  store.presignWrite = async (key, { sizeBytes }) =>
    sizeBytes > limits.presignedWriteMaxBytes ? undefined : { url: new URL(`memory:///${key}`), headers: {} };
  return store;
}

describe.skipIf(!hasDatabase)('LFS objects', () => {
  let accounts: TestAccounts;
  let owner: UserPrincipal;
  let blobs: BlobStore;
  let objects: LfsObjects;
  let count = 0;

  beforeAll(async () => {
    accounts = await createTestAccounts({ rateLimits: 'off' });
    owner = await createTestUser(accounts.workflows, 'ada');
    blobs = openCarelessStore();
    objects = new LfsObjects(accounts.database, blobs);
  });
  afterAll(() => accounts.close());

  async function createRepository(): Promise<number> {
    const name = `repository-${++count}`;
    const outcome = await accounts.catalog.create(owner, { ownerId: owner.userId, name, visibility: 'private' });
    if (outcome.kind !== 'created') throw new Error(outcome.kind);
    return outcome.repository.id;
  }

  /** @returns the key under which the client is to put the object */
  async function grant(repositoryId: number, pointer: LfsPointer): Promise<string> {
    const [granted] = await objects.grantUploads(repositoryId, [pointer]);
    return decodeURIComponent(direct(granted).url.pathname.slice(1));
  }

  async function uploadRows(repositoryId: number): Promise<number> {
    const rows = await accounts.database.sql`select 1 from lfs_upload where repository_id = ${repositoryId}`;
    return rows.length;
  }

  async function expireUploads(): Promise<void> {
    await accounts.database.sql`update lfs_upload set expires_at = now() - interval '1 second'`;
  }

  test('are there once they were uploaded and verified, and not before', async () => {
    const repositoryId = await createRepository();
    const { bytes, pointer } = makeObject();
    const key = await grant(repositoryId, pointer);
    expect(await objects.verify(repositoryId, pointer, NEVER)).toEqual({ kind: 'missing' });
    await blobs.put(key, bytes);
    expect(await objects.find(repositoryId, pointer.oid)).toBeUndefined();
    expect(await objects.verify(repositoryId, pointer, NEVER)).toEqual({ kind: 'present' });
    expect(await objects.find(repositoryId, pointer.oid)).toMatchObject(pointer);
    expect(await uploadRows(repositoryId)).toBe(0);
    expect(await objects.verify(repositoryId, pointer, NEVER)).toEqual({ kind: 'present' });
    expect(await objects.grantUploads(repositoryId, [pointer])).toEqual([{ kind: 'present' }]);
  });

  test.each([
    ['of another size', randomBytes(99)],
    ['of the right size', randomBytes(1_000)],
  ])('other bytes %s are refused and removed', async (_, wrong) => {
    const repositoryId = await createRepository();
    const { pointer } = makeObject();
    const key = await grant(repositoryId, pointer);
    await blobs.put(key, wrong);
    expect(await objects.verify(repositoryId, pointer, NEVER)).toEqual({ kind: 'wrong-content' });
    expect(await blobs.size(key)).toBeUndefined();
    expect(await uploadRows(repositoryId)).toBe(0);
    expect(await objects.find(repositoryId, pointer.oid)).toBeUndefined();
  });

  test('verifying does not take what was granted to another repository, or for another size', async () => {
    const [repositoryId, other] = [await createRepository(), await createRepository()];
    const { bytes, pointer } = makeObject();
    await blobs.put(await grant(repositoryId, pointer), bytes);
    expect(await objects.verify(other, pointer, NEVER)).toEqual({ kind: 'missing' });
    const lying = { ...pointer, sizeBytes: pointer.sizeBytes + 1 };
    expect(await objects.verify(repositoryId, lying, NEVER)).toEqual({ kind: 'missing' });
    expect(await objects.verify(repositoryId, pointer, NEVER)).toEqual({ kind: 'present' });
  });

  test('the upload that arrived is found among several', async () => {
    const repositoryId = await createRepository();
    const { bytes, pointer } = makeObject();
    const keys = [];
    for (let tries = 0; tries < 3; tries++) keys.push(await grant(repositoryId, pointer));
    await blobs.put(keys[1] ?? '', bytes);
    expect(await objects.verify(repositoryId, pointer, NEVER)).toEqual({ kind: 'present' });
    expect(lfsKey((await objects.find(repositoryId, pointer.oid))?.blobId ?? '')).toBe(keys[1]);
  });

  test('of two that arrive at once one stays', async () => {
    const repositoryId = await createRepository();
    const { bytes, pointer } = makeObject();
    const receive = () => objects.receive(repositoryId, pointer.oid, toChunks(bytes), NEVER);
    expect(await Promise.all([receive(), receive(), receive()])).toEqual(Array(3).fill({ kind: 'stored' }));
    expect(await uploadRows(repositoryId)).toBe(2);
    await sweepLfsUploads(accounts.database, blobs);
    expect(await uploadRows(repositoryId)).toBe(0);
    const object = await objects.find(repositoryId, pointer.oid);
    expect(await blobs.size(lfsKey(object?.blobId ?? ''))).toBe(bytes.length);
  });

  test('beyond what a store takes in one request pass through us', async () => {
    const repositoryId = await createRepository();
    const oid = makeObject().pointer.oid;
    const grants = await objects.grantUploads(repositoryId, [
      { oid, sizeBytes: limits.presignedWriteMaxBytes + 1 },
      { oid: makeObject().pointer.oid, sizeBytes: limits.lfsObjectMaxBytes + 1 },
    ]);
    expect(grants).toEqual([{ kind: 'streamed' }, { kind: 'too-large' }]);
    expect(await uploadRows(repositoryId)).toBe(0);
  });

  test('the sweeper removes what was granted and abandoned, and keeps what is verified or under way', async () => {
    const repositoryId = await createRepository();
    const [kept, abandoned, fresh] = [makeObject(), makeObject(), makeObject()];
    await blobs.put(await grant(repositoryId, kept.pointer), kept.bytes);
    await objects.verify(repositoryId, kept.pointer, NEVER);
    const abandonedKey = await grant(repositoryId, abandoned.pointer);
    await blobs.put(abandonedKey, abandoned.bytes);
    await grant(repositoryId, makeObject().pointer);
    await expireUploads();
    const freshKey = await grant(repositoryId, fresh.pointer);
    await blobs.put(freshKey, fresh.bytes);
    expect(await sweepLfsUploads(accounts.database, blobs)).toBeGreaterThanOrEqual(2);
    expect(await blobs.size(abandonedKey)).toBeUndefined();
    expect(await blobs.size(freshKey)).toBe(fresh.bytes.length);
    const object = await objects.find(repositoryId, kept.pointer.oid);
    expect(await blobs.size(lfsKey(object?.blobId ?? ''))).toBe(kept.bytes.length);
    expect(await objects.verify(repositoryId, abandoned.pointer, NEVER)).toEqual({ kind: 'missing' });
  });

  test('an upload whose lease ran out becomes no object', async () => {
    const repositoryId = await createRepository();
    const { bytes, pointer } = makeObject();
    const received = objects.receive(repositoryId, pointer.oid, sweepInBetween(bytes), NEVER);
    await expect(received).rejects.toThrow(/lease/);
    expect(await objects.find(repositoryId, pointer.oid)).toBeUndefined();

    async function* sweepInBetween(whole: Uint8Array): AsyncGenerator<Uint8Array> {
      yield whole;
      await expireUploads();
      await sweepLfsUploads(accounts.database, blobs);
    }
  });

  test('a failing store leaves no object and no upload', async () => {
    const repositoryId = await createRepository();
    const bytes = randomBytes(3 * limits.lfsPartBytes);
    const failing = new LfsObjects(accounts.database, failingAfterFirstPart(new MemoryBlobStore()));
    const oid = sha256(bytes);
    await expect(failing.receive(repositoryId, oid, toChunks(bytes), NEVER)).rejects.toThrow('the disk is full');
    expect(await uploadRows(repositoryId)).toBe(0);
  });

  test('a deleted repository leaves its objects to the sweeper, after a day for those who are reading', async () => {
    const repositoryId = await createRepository();
    const { bytes, pointer } = makeObject();
    await objects.receive(repositoryId, pointer.oid, toChunks(bytes), NEVER);
    const key = lfsKey((await objects.find(repositoryId, pointer.oid))?.blobId ?? '');
    expect(await accounts.catalog.delete(repositoryId)).toBe(true);
    expect(await objects.find(repositoryId, pointer.oid)).toBeUndefined();
    await sweepLfsUploads(accounts.database, blobs);
    expect(await blobs.size(key)).toBe(bytes.length);
    await expireUploads();
    await sweepLfsUploads(accounts.database, blobs);
    expect(await blobs.size(key)).toBeUndefined();
    expect(await uploadRows(repositoryId)).toBe(0);
  });

  test('nothing becomes an object of a repository that was deleted meanwhile', async () => {
    const repositoryId = await createRepository();
    const { bytes, pointer } = makeObject();
    await blobs.put(await grant(repositoryId, pointer), bytes);
    await accounts.catalog.delete(repositoryId);
    await expect(objects.verify(repositoryId, pointer, NEVER)).rejects.toThrow(RepositoryGoneError);
    const received = objects.receive(repositoryId, pointer.oid, toChunks(bytes), NEVER);
    await expect(received).rejects.toThrow(RepositoryGoneError);
  });

  test('as many uploads as allowed are under way, and the next is asked to come back', async () => {
    const repositoryId = await createRepository();
    const busy = new LfsObjects(accounts.database, blobs);
    const release = Promise.withResolvers<void>();
    const { bytes, pointer } = makeObject();
    const waiting = Array.from({ length: limits.lfsUploadsMax }, () =>
      busy.receive(repositoryId, pointer.oid, waitFor(release.promise, bytes), NEVER),
    );
    expect(await busy.receive(repositoryId, pointer.oid, toChunks(bytes), NEVER)).toEqual({ kind: 'busy' });
    release.resolve();
    await Promise.all(waiting);
    expect(await busy.receive(repositoryId, pointer.oid, toChunks(bytes), NEVER)).toEqual({ kind: 'stored' });
  });

  test.skipIf(!hasS3)('on S3 the store checks what arrives, and its record is enough', async () => {
    const s3 = new S3BlobStore(await createTestBucket());
    const onS3 = new LfsObjects(accounts.database, s3);
    const repositoryId = await createRepository();
    const { bytes, pointer } = makeObject();
    const [granted] = await onS3.grantUploads(repositoryId, [pointer]);
    const { url, headers } = direct(granted);
    const put = async (body: Uint8Array) =>
      (await fetch(url, { method: 'PUT', headers, body: Uint8Array.from(body) })).status;
    expect(await put(randomBytes(bytes.length))).toBe(400);
    expect(await onS3.verify(repositoryId, pointer, NEVER)).toEqual({ kind: 'missing' });
    expect(await put(bytes)).toBe(200);
    expect(await onS3.verify(repositoryId, pointer, NEVER)).toEqual({ kind: 'present' });
    const object = await onS3.find(repositoryId, pointer.oid);
    const address = object && (await onS3.downloadAddress(object));
    expect(Buffer.from(await (await fetch(address ?? '')).arrayBuffer())).toEqual(bytes);
    // As where presigning is off, and for what is larger than one request.
    const large = randomBytes(2 * limits.lfsPartBytes + 1);
    expect(await onS3.receive(repositoryId, sha256(large), toChunks(large), NEVER)).toEqual({ kind: 'stored' });
    await s3.close();
  });
});

function makeObject(): { bytes: Buffer; pointer: LfsPointer } {
  const bytes = randomBytes(1_000);
  return { bytes, pointer: { oid: sha256(bytes), sizeBytes: bytes.length } };
}

function direct(grant: UploadGrant | undefined): PresignedUpload {
  if (grant?.kind !== 'direct') throw new Error(`granted ${grant?.kind}`);
  return grant.upload;
}

async function* toChunks(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < bytes.length; start += 65_536) yield bytes.subarray(start, start + 65_536);
}

async function* waitFor(released: Promise<void>, bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  await released;
  yield bytes;
}

function failingAfterFirstPart(store: MemoryBlobStore): BlobStore {
  const original = store.startUpload.bind(store);
  store.startUpload = async (key) => {
    const session = await original(key);
    const uploadPart = session.uploadPart.bind(session);
    session.uploadPart = async (partNumber, bytes) => {
      if (partNumber > 1) throw new Error('the disk is full');
      await uploadPart(partNumber, bytes);
    };
    return session;
  };
  return store;
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
