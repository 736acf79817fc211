/** What a client can do with an address that the S3 store signed for it, and what the store itself refuses. */
import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { limits } from '#limits.ts';
import type { PresignedUpload } from '#storage/blob-store.ts';
import { S3BlobStore, type S3BlobStoreOptions } from '#storage/s3-blob-store.ts';
import { createTestBucket, hasS3 } from '../support/bucket.ts';
import { freshKey, readAll } from './blob-store-contract.ts';
import { TcpProxy } from './tcp-proxy.ts';

const BYTES = randomBytes(10_000);
const SHA256 = sha256(BYTES);
const EXPIRES_IN_MS = 60_000;

describe.skipIf(!hasS3)('a presigned address', () => {
  let options: S3BlobStoreOptions;
  let store: S3BlobStore;

  beforeAll(async () => {
    options = { ...(await createTestBucket()), prefix: 'shared' };
    store = new S3BlobStore(options);
  });
  afterAll(() => store.close());

  async function presignWrite(
    key: string,
    expiresInMs = EXPIRES_IN_MS,
    bytes: Uint8Array = BYTES,
  ): Promise<PresignedUpload> {
    const request = { expiresInMs, sizeBytes: bytes.length, sha256: sha256(bytes) };
    const upload = await store.presignWrite(key, request);
    if (upload === undefined) throw new Error('nothing was signed');
    return upload;
  }

  describe('to write', () => {
    test('takes the bytes it was signed for, and the store has their checksum on record', async () => {
      const key = freshKey();
      expect(await put(await presignWrite(key), BYTES)).toBe(200);
      expect(await readAll(store, key)).toEqual(BYTES);
      expect(await store.checksum(key)).toEqual(SHA256);
    });

    test('takes an empty object', async () => {
      const key = freshKey();
      const nothing = Buffer.alloc(0);
      expect(await put(await presignWrite(key, EXPIRES_IN_MS, nothing), nothing)).toBe(200);
      expect(await store.size(key)).toBe(0);
      expect(await store.checksum(key)).toEqual(sha256(nothing));
    });

    test('takes the same bytes again', async () => {
      const key = freshKey();
      const upload = await presignWrite(key);
      expect([await put(upload, BYTES), await put(upload, BYTES)]).toEqual([200, 200]);
    });

    test('refuses other bytes of the same size', async () => {
      const other = randomBytes(BYTES.length);
      await expectRefusal(400, (upload) => put(upload, other));
    });

    test('refuses other bytes with a checksum of their own', async () => {
      const other = randomBytes(BYTES.length);
      const checksum = sha256(other).toString('base64');
      await expectRefusal(403, (upload) =>
        put({ ...upload, headers: { ...upload.headers, [CHECKSUM]: checksum } }, other),
      );
    });

    test('refuses the right bytes without a checksum', async () => {
      await expectRefusal(403, ({ url, headers: { [CHECKSUM]: _, ...headers } }) => put({ url, headers }, BYTES));
    });

    test.each([BYTES.length - 1, BYTES.length + 1])('refuses another size: %i bytes', async (sizeBytes) => {
      await expectRefusal(403, (upload) => put(upload, randomBytes(sizeBytes)));
    });

    test('refuses another content type, which would make a page of the object', async () => {
      const page = { 'Content-Type': 'text/html' };
      await expectRefusal(403, (upload) => put({ ...upload, headers: { ...upload.headers, ...page } }, BYTES));
    });

    test('refuses another key', async () => {
      const otherKey = freshKey();
      await expectRefusal(403, (upload, key) =>
        put({ ...upload, url: new URL(upload.url.href.replace(key, otherKey)) }, BYTES),
      );
      expect(await store.size(otherKey)).toBeUndefined();
    });

    test('refuses to be used for reading', async () => {
      const key = freshKey();
      const upload = await presignWrite(key);
      await put(upload, BYTES);
      expect((await fetch(upload.url, { headers: upload.headers })).status).toBe(403);
    });

    test('refuses after its time', async () => {
      const key = freshKey();
      const upload = await presignWrite(key, 1_000);
      await expect.poll(() => put(upload, BYTES), { timeout: 10_000, interval: 500 }).toBe(403);
    });

    test('is not made for what S3 does not take in one request', async () => {
      const request = { expiresInMs: EXPIRES_IN_MS, sizeBytes: limits.presignedWriteMaxBytes + 1, sha256: SHA256 };
      expect(await store.presignWrite(freshKey(), request)).toBeUndefined();
    });

    async function expectRefusal(
      status: number,
      send: (upload: PresignedUpload, key: string) => Promise<number>,
    ): Promise<void> {
      const key = freshKey();
      expect(await send(await presignWrite(key), key)).toBe(status);
      expect(await store.size(key)).toBeUndefined();
    }
  });

  describe('to read', () => {
    test('gives the object, or a part of it, under the name and type that were signed', async () => {
      const url = await storeAndSign();
      const whole = await fetch(url);
      expect(Buffer.from(await whole.arrayBuffer())).toEqual(BYTES);
      expect(whole.headers.get('content-type')).toBe('application/x-thing');
      expect(whole.headers.get('content-disposition')).toBe("attachment; filename*=UTF-8''gro%C3%9F%20%281%29%22.bin");
      const part = await fetch(url, { headers: { Range: 'bytes=9000-' } });
      expect([part.status, Buffer.from(await part.arrayBuffer())]).toEqual([206, BYTES.subarray(9_000)]);
    });

    test('refuses another type, another key, and after its time', async () => {
      const url = await storeAndSign();
      expect((await fetch(url.href.replace('x-thing', 'x-other'))).status).toBe(403);
      expect((await fetch(url.href.replace('/pack?', '/idx?'))).status).toBe(403);
      const brief = await storeAndSign(1_000);
      await expect.poll(async () => (await fetch(brief)).status, { timeout: 10_000, interval: 500 }).toBe(403);
    });

    async function storeAndSign(expiresInMs = EXPIRES_IN_MS): Promise<URL> {
      const key = freshKey();
      await store.put(key, BYTES);
      const request = { expiresInMs, contentType: 'application/x-thing', fileName: 'groß (1)".bin' };
      const url = await store.presignRead(key, request);
      if (url === undefined) throw new Error('nothing was signed');
      return url;
    }
  });

  test('leads to the public endpoint, where there is one', async () => {
    const proxy = await TcpProxy.start(options.endpoint ?? '');
    const published = new S3BlobStore({ ...options, publicEndpoint: proxy.url });
    try {
      const key = freshKey();
      await published.put(key, BYTES);
      expect(proxy.receivedBytes).toBe(0);
      const url = await published.presignRead(key, { expiresInMs: EXPIRES_IN_MS });
      expect(url?.origin).toBe(new URL(proxy.url).origin);
      expect(Buffer.from(await (await fetch(url ?? '')).arrayBuffer())).toEqual(BYTES);
    } finally {
      await published.close();
      await proxy.stop();
    }
  });

  test('is not made where presigning is off', async () => {
    const closed = new S3BlobStore({ ...options, presign: 'off' });
    expect(await closed.presignRead(freshKey(), { expiresInMs: EXPIRES_IN_MS })).toBeUndefined();
    expect(
      await closed.presignWrite(freshKey(), { expiresInMs: EXPIRES_IN_MS, sizeBytes: 1, sha256: SHA256 }),
    ).toBeUndefined();
    await closed.close();
  });

  test('no checksum is made up for what was stored without one', async () => {
    const [single, multipart] = [freshKey(), freshKey()];
    await store.put(single, BYTES);
    const upload = await store.startUpload(multipart);
    await upload.uploadPart(1, BYTES);
    await upload.complete();
    expect([await store.checksum(single), await store.checksum(multipart)]).toEqual([undefined, undefined]);
    expect(await store.checksum(freshKey())).toBeUndefined();
  });
});

const CHECKSUM = 'x-amz-checksum-sha256';

function sha256(bytes: Uint8Array): Buffer {
  return createHash('sha256').update(bytes).digest();
}

async function put({ url, headers }: PresignedUpload, bytes: Uint8Array): Promise<number> {
  const answer = await fetch(url, { method: 'PUT', headers, body: Uint8Array.from(bytes) });
  await answer.arrayBuffer();
  return answer.status;
}
