import { mkdtemp, readdir, readlink, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { BlobStoreError } from '#storage/errors.ts';
import { FilesystemBlobStore } from '#storage/filesystem-blob-store.ts';
import { MemoryBlobStore } from '#storage/memory-blob-store.ts';
import { S3BlobStore } from '#storage/s3-blob-store.ts';
import { createTestBucket, hasS3 } from '../support/bucket.ts';
import { describeBlobStore, freshKey } from './blob-store-contract.ts';

describeBlobStore('MemoryBlobStore', async () => {
  const store = new MemoryBlobStore();
  return { open: async () => store };
});

describe('on the file system', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'blob-store-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  describeBlobStore('FilesystemBlobStore', async () => ({ open: () => FilesystemBlobStore.open(folder) }));

  describe('FilesystemBlobStore', () => {
    test('lets go of a deleted file when its stream is aborted, though nobody pulls any more', async () => {
      const store = await FilesystemBlobStore.open(folder);
      const key = freshKey();
      await store.put(key, Buffer.alloc(5_000_000));
      const controller = new AbortController();
      const stream = store.stream(key, undefined, { signal: controller.signal })[Symbol.asyncIterator]();
      await stream.next();
      await store.delete(key);
      expect(await openPaths()).toContainEqual(expect.stringContaining(key));
      controller.abort();
      await vi.waitFor(async () => expect(await openPaths()).not.toContainEqual(expect.stringContaining(key)));
      await store.close();
    });

    test('leaves no empty folder and no temporary file behind', async () => {
      const emptied = await mkdtemp(join(folder, 'emptied-'));
      const store = await FilesystemBlobStore.open(emptied);
      const key = freshKey();
      await store.put(key, Buffer.from('x'));
      await expect(store.put(key, Buffer.from('y'))).rejects.toThrow();
      await store.delete(key);
      await store.check();
      expect((await readdir(emptied, { recursive: true })).sort()).toEqual(['objects', 'tmp']);
      await store.close();
    });

    test('says so when the disk refuses', async () => {
      const lost = await mkdtemp(join(folder, 'lost-'));
      const store = await FilesystemBlobStore.open(lost);
      await rm(lost, { recursive: true });
      await expect(store.check()).rejects.toThrow(BlobStoreError);
      await expect(store.put(freshKey(), Buffer.from('x'))).rejects.toThrow(BlobStoreError);
      await expect(store.startUpload(freshKey())).rejects.toThrow(BlobStoreError);
    });
  });
});

describe.skipIf(!hasS3)('on S3', () => {
  describeBlobStore('S3BlobStore', async () => {
    const bucket = await createTestBucket();
    return { open: async () => new S3BlobStore({ ...bucket, prefix: 'shared/forge' }) };
  });
});

/** What this process holds open; a deleted file is among it until it is closed. */
async function openPaths(): Promise<string[]> {
  const descriptors = await readdir('/proc/self/fd');
  return await Promise.all(descriptors.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')));
}
