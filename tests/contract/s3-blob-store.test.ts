/** The S3 store on the wire: what it holds open, how much it reads ahead, and a server that goes away. */
import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { limits } from '#limits.ts';
import { BlobStoreError } from '#storage/errors.ts';
import { S3BlobStore, type S3BlobStoreOptions } from '#storage/s3-blob-store.ts';
import { openS3Client } from '#storage/s3-client.ts';
import { createTestBucket, hasS3 } from '../support/bucket.ts';
import { collect, freshKey, readAll } from './blob-store-contract.ts';
import { TcpProxy } from './tcp-proxy.ts';

describe.skipIf(!hasS3)('S3BlobStore', () => {
  let options: S3BlobStoreOptions & { endpoint: string };
  let proxy: TcpProxy;
  let store: S3BlobStore;

  beforeEach(async () => {
    const bucket = await createTestBucket();
    options = { ...bucket, endpoint: bucket.endpoint ?? '' };
    proxy = await TcpProxy.start(options.endpoint);
    store = new S3BlobStore({ ...options, endpoint: proxy.url });
  });

  afterEach(async () => {
    await store.close();
    await proxy.stop().catch(() => {});
  });

  async function storeObject(sizeBytes: number): Promise<{ key: string; bytes: Buffer }> {
    const object = { key: freshKey(), bytes: randomBytes(sizeBytes) };
    await store.put(object.key, object.bytes);
    proxy.receivedBytes = 0;
    return object;
  }

  test('reads no further ahead of a slow consumer than its window', async () => {
    const { key, bytes } = await storeObject(10 * limits.cloneReadBytes);
    const stream = store.stream(key)[Symbol.asyncIterator]();
    const first = await stream.next();
    await quiet(proxy);
    const windowBytes = limits.cloneReadsInFlight * limits.cloneReadBytes;
    expect(proxy.receivedBytes).toBeGreaterThan(limits.cloneReadBytes);
    expect(proxy.receivedBytes).toBeLessThan(windowBytes + 100_000);

    const rest = await collect({ [Symbol.asyncIterator]: () => stream });
    expect(Buffer.concat([first.value ?? Buffer.alloc(0), rest]).equals(bytes)).toBe(true);
  });

  test('holds no connection after streams that ended early', async () => {
    const { key } = await storeObject(5 * limits.cloneReadBytes);
    for (let round = 0; round < 15; round++) {
      for await (const _ of store.stream(key)) break;
    }
    await quiet(proxy);
    expect(proxy.connectionCount).toBeLessThanOrEqual(2 * limits.cloneReadsInFlight);
  });

  test('drops what is under way at an abort, though nobody pulls any more', async () => {
    const { key } = await storeObject(5 * limits.cloneReadBytes);
    const controller = new AbortController();
    const stream = store.stream(key, undefined, { signal: controller.signal })[Symbol.asyncIterator]();
    await stream.next();
    controller.abort();
    await quiet(proxy);
    const receivedBytes = proxy.receivedBytes;
    await expect(stream.next()).rejects.toThrow();
    await quiet(proxy);
    expect(proxy.receivedBytes).toBe(receivedBytes);
  });

  test('goes on where an answer broke off', async () => {
    const { key, bytes } = await storeObject(3 * limits.cloneReadBytes);
    proxy.cutAfter(limits.cloneReadBytes);
    expect((await readAll(store, key)).equals(bytes)).toBe(true);
  });

  test('says so when the server goes away in mid-read', async () => {
    const { key } = await storeObject(5 * limits.cloneReadBytes);
    const stream = store.stream(key)[Symbol.asyncIterator]();
    await stream.next();
    await proxy.stop();
    const rest = collect({ [Symbol.asyncIterator]: () => stream });
    await expect(rest).rejects.toThrow(BlobStoreError);
    await expect(store.check()).rejects.toThrow(BlobStoreError);
  });

  test('says so when the bucket is missing', async () => {
    const lost = new S3BlobStore({ ...options, bucket: 'no-such-bucket' });
    await expect(lost.check()).rejects.toThrow(BlobStoreError);
    await expect(lost.put(freshKey(), Buffer.from('x'))).rejects.toThrow(/NoSuchBucket|bucket does not exist/);
    await lost.close();
  });

  test("reads what the SDK's own Upload wrote, and writes what the SDK reads", async () => {
    const client = openS3Client(options);
    const bytes = randomBytes(12 * 1024 * 1024);
    const [theirs, ours] = [freshKey(), freshKey()];
    await new Upload({ client, params: { Bucket: options.bucket, Key: theirs, Body: bytes } }).done();
    expect((await readAll(store, theirs)).equals(bytes)).toBe(true);

    const upload = await store.startUpload(ours);
    await upload.uploadPart(2, bytes.subarray(6_000_000));
    await upload.uploadPart(1, bytes.subarray(0, 6_000_000));
    await upload.complete();
    const answer = await client.send(new GetObjectCommand({ Bucket: options.bucket, Key: ours }));
    expect(Buffer.from((await answer.Body?.transformToByteArray()) ?? []).equals(bytes)).toBe(true);
    client.destroy();
  });
});

/** Resolves when nothing has come over the wire for a while. */
async function quiet(proxy: TcpProxy): Promise<void> {
  for (let before = -1; before !== proxy.receivedBytes; ) {
    before = proxy.receivedBytes;
    await sleep(200);
  }
}
