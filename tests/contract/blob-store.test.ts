import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe } from 'vitest';
import { FilesystemBlobStore } from '#storage/filesystem-blob-store.ts';
import { MemoryBlobStore } from '#storage/memory-blob-store.ts';
import { S3BlobStore } from '#storage/s3-blob-store.ts';
import { createTestBucket, hasS3 } from '../support/bucket.ts';
import { describeBlobStore } from './blob-store-contract.ts';

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
});

describe.skipIf(!hasS3)('on S3', () => {
  describeBlobStore('S3BlobStore', async () => {
    const bucket = await createTestBucket();
    return { open: async () => new S3BlobStore({ ...bucket, prefix: 'shared/forge' }) };
  });
});
