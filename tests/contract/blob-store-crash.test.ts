/** What a process that dies in mid-write leaves: nothing that can be seen, and nothing that cannot be removed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ListMultipartUploadsCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BlobStore } from '#storage/blob-store.ts';
import { FilesystemBlobStore } from '#storage/filesystem-blob-store.ts';
import { S3BlobStore } from '#storage/s3-blob-store.ts';
import { openS3Client } from '#storage/s3-client.ts';
import { createTestBucket, hasS3 } from '../support/bucket.ts';
import { readAll } from './blob-store-contract.ts';
import type { CrashingStore } from './crashing-writer.ts';

describe('a process killed on the file system', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'blob-store-crash-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('in put leaves each object whole or absent', async () => {
    const lines = await killWriter('put', { kind: 'filesystem', folder }, 12);
    const store = await FilesystemBlobStore.open(folder);
    await expectWholeOrAbsent(store, lines);
    await store.close();
  });

  test('in an upload leaves nothing to see, and the next start sweeps the rest', async () => {
    const [line = ''] = await killWriter('upload', { kind: 'filesystem', folder }, 1);
    const [, key = '', uploadId = ''] = line.split(' ');
    const temporary = join(folder, 'tmp');

    const young = await FilesystemBlobStore.open(folder);
    expect(await young.size(key)).toBeUndefined();
    expect(await readdir(temporary)).toContain(uploadId);
    await young.close();

    const store = await FilesystemBlobStore.open(folder, { staleUploadMs: 0 });
    expect(await readdir(temporary)).toEqual([]);
    await store.close();
  });

  test('in an upload leaves what abortUpload removes', async () => {
    const [line = ''] = await killWriter('upload', { kind: 'filesystem', folder }, 1);
    const [, key = '', uploadId = ''] = line.split(' ');
    const store = await FilesystemBlobStore.open(folder);
    await store.abortUpload(key, uploadId);
    expect(await readdir(join(folder, 'tmp'))).toEqual([]);
    await store.close();
  });
});

describe.skipIf(!hasS3)('a process killed on S3', () => {
  test('in put leaves each object whole or absent', async () => {
    const options = await createTestBucket();
    const lines = await killWriter('put', { kind: 's3', options }, 12);
    const store = new S3BlobStore(options);
    await expectWholeOrAbsent(store, lines);
    await store.close();
  });

  test('in an upload leaves nothing to see, and what abortUpload removes', async () => {
    const options = await createTestBucket();
    const [line = ''] = await killWriter('upload', { kind: 's3', options }, 1);
    const [, key = '', uploadId = ''] = line.split(' ');
    const store = new S3BlobStore(options);
    const client = openS3Client(options);
    const unfinished = async () =>
      (await client.send(new ListMultipartUploadsCommand({ Bucket: options.bucket }))).Uploads;

    expect(await store.size(key)).toBeUndefined();
    expect(await unfinished()).toMatchObject([{ Key: key, UploadId: uploadId }]);
    await store.abortUpload(key, uploadId);
    expect((await unfinished()) ?? []).toEqual([]);
    await store.close();
    client.destroy();
  });
});

/** Starts a writer and kills it once it has printed that many lines. @returns all it printed */
async function killWriter(mode: 'put' | 'upload', store: CrashingStore, lineCount: number): Promise<string[]> {
  const script = join(import.meta.dirname, 'crashing-writer.ts');
  const child = spawn(process.execPath, [script, mode, JSON.stringify(store)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const lines: string[] = [];
  for await (const line of createInterface(child.stdout)) {
    lines.push(line);
    if (lines.length === lineCount) child.kill('SIGKILL');
  }
  await exited;
  expect(lines.length).toBeGreaterThanOrEqual(lineCount);
  return lines;
}

async function expectWholeOrAbsent(store: BlobStore, lines: readonly string[]): Promise<void> {
  const keys = lines.map((line) => line.split(' ')[1] ?? '');
  const present: boolean[] = [];
  for (const key of keys) {
    const exists = (await store.size(key)) !== undefined;
    present.push(exists);
    if (exists) expect((await readAll(store, key)).equals(Buffer.alloc(3_000_000, 'x'))).toBe(true);
  }
  // A key is printed once the put of the one before has resolved: all but the last were acknowledged.
  expect(present.slice(0, -1)).not.toContain(false);
}
