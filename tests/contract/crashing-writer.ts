/**
 * A process for a test to kill in mid-write. It prints a line before each step: `put <key>`, or `part <key> <upload id>` once
 * two parts of an upload have arrived.
 *
 * Arguments: `put` or `upload`, then the store as JSON.
 */
import { randomUUID } from 'node:crypto';
import { writeSync } from 'node:fs';
import type { BlobStore } from '#storage/blob-store.ts';
import { FilesystemBlobStore } from '#storage/filesystem-blob-store.ts';
import { S3BlobStore, type S3BlobStoreOptions } from '#storage/s3-blob-store.ts';
import { packKey } from '#storage/storage-key.ts';

export type CrashingStore = { kind: 'filesystem'; folder: string } | { kind: 's3'; options: S3BlobStoreOptions };

const PUT_BYTES = 3_000_000;
const PART_BYTES = 5 * 1024 * 1024;

const [mode, storeJson = ''] = process.argv.slice(2);
const store = await openStore(JSON.parse(storeJson));
await (mode === 'put' ? putForever(store) : upload(store));

async function openStore(crashing: CrashingStore): Promise<BlobStore> {
  return crashing.kind === 's3' ? new S3BlobStore(crashing.options) : await FilesystemBlobStore.open(crashing.folder);
}

async function putForever(blobStore: BlobStore): Promise<never> {
  const bytes = Buffer.alloc(PUT_BYTES, 'x');
  for (;;) {
    const key = packKey(randomUUID());
    report(`put ${key}`);
    await blobStore.put(key, bytes);
  }
}

async function upload(blobStore: BlobStore): Promise<never> {
  const key = packKey(randomUUID());
  const session = await blobStore.startUpload(key);
  await session.uploadPart(1, Buffer.alloc(PART_BYTES, 'x'));
  await session.uploadPart(3, Buffer.alloc(PART_BYTES, 'x'));
  report(`part ${key} ${session.uploadId}`);
  for (let partNumber = 4; ; partNumber++) await session.uploadPart(partNumber, Buffer.alloc(PART_BYTES, 'x'));
}

function report(line: string): void {
  writeSync(1, `${line}\n`);
}
