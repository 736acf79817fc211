/** What a forge that runs as a process of its own stands on, and how to look at it from outside once it was killed. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { ListMultipartUploadsCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3';
import { inject } from 'vitest';
import type { S3Config } from '#config.ts';
import type { BlobStore } from '#storage/blob-store.ts';
import { FilesystemBlobStore } from '#storage/filesystem-blob-store.ts';
import { S3BlobStore } from '#storage/s3-blob-store.ts';
import { createTestBucket } from './bucket.ts';
import { createTestDatabase } from './database.ts';
import { testRedisUrl } from './redis.ts';

/** Where a forge keeps its state, and how to look at it from outside. */
export interface ForgeSetting {
  readonly settings: Readonly<Record<string, string>>;
  /** Once the server runs. */
  databaseUrl(): string;
  openBlobs(): Promise<BlobStore>;
  /** Everything in storage, unfinished uploads and temporary files included. */
  listStored(): Promise<string[]>;
}

export async function inFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'crash-'));
  try {
    await work(folder);
  } finally {
    // The database of a killed server writes a last time before it ends too.
    await rm(folder, { recursive: true, force: true, maxRetries: 20, retryDelay: 250 });
  }
}

/** Everything below one folder, as it is without settings. */
export function embeddedSetting(folder: string): ForgeSetting {
  const postgres = path.join(folder, 'postgres');
  const blobs = path.join(folder, 'blobs');
  return {
    settings: { DATA_DIR: folder },
    databaseUrl: () => {
      const password = readFileSync(path.join(postgres, 'password'), 'utf8');
      const port = readFileSync(path.join(postgres, 'data/postmaster.pid'), 'utf8').split('\n')[3];
      return `postgres://opencodehub:${password}@127.0.0.1:${port}/opencodehub`;
    },
    // Opened as by a start much later, when what is unfinished is stale.
    openBlobs: () => FilesystemBlobStore.open(blobs, { staleUploadMs: 0 }),
    listStored: async () => [...listFiles(path.join(blobs, 'objects')), ...listFiles(path.join(blobs, 'tmp'))],
  };
}

function listFiles(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(folder, path.join(entry.parentPath, entry.name)));
}

/** Postgres, Redis and S3. */
export async function serviceSetting(): Promise<ForgeSetting> {
  const [{ url }, s3] = [await createTestDatabase(), await createTestBucket()];
  return {
    settings: {
      DATABASE_URL: url,
      REDIS_URL: testRedisUrl(),
      S3_BUCKET: s3.bucket,
      S3_ENDPOINT: s3.endpoint ?? '',
      S3_REGION: s3.region,
      S3_ACCESS_KEY_ID: s3.credentials?.accessKeyId ?? '',
      S3_SECRET_ACCESS_KEY: s3.credentials?.secretAccessKey ?? '',
      S3_FORCE_PATH_STYLE: 'true',
    },
    databaseUrl: () => url,
    openBlobs: async () => new S3BlobStore(s3),
    listStored: () => listBucket(s3),
  };
}

async function listBucket({ bucket }: S3Config): Promise<string[]> {
  const url = new URL(inject('s3Url') ?? '');
  const credentials = { accessKeyId: url.username, secretAccessKey: url.password };
  const client = new S3Client({ endpoint: url.origin, region: 'us-east-1', forcePathStyle: true, credentials });
  try {
    const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
    const keys = Uploads.map((upload) => `unfinished upload of ${upload.Key}`);
    for (let token: string | undefined, isFirst = true; isFirst || token !== undefined; isFirst = false) {
      const page = await client.send(new ListObjectsV2Command({ Bucket: bucket, ContinuationToken: token }));
      keys.push(...(page.Contents ?? []).map((object) => object.Key ?? ''));
      token = page.NextContinuationToken;
    }
    return keys;
  } finally {
    client.destroy();
  }
}
