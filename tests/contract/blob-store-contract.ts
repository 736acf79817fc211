/** What every blob store must do — the contract of `src/storage/blob-store.ts`, as tests. */
import { randomBytes, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { limits } from '#limits.ts';
import type { BlobStore } from '#storage/blob-store.ts';
import { BlobExistsError, BlobNotFoundError, BlobStoreError } from '#storage/errors.ts';
import { packKey } from '#storage/storage-key.ts';

export interface BlobStoreHarness {
  /** Opens the store. Called twice it gives what two processes would have: two stores over the same objects. */
  open: () => Promise<BlobStore>;
}

const MIB = 1024 * 1024;
const PART_BYTES = limits.uploadPartMinBytes;

export function describeBlobStore(name: string, startHarness: () => Promise<BlobStoreHarness>): void {
  describe(`${name} keeps the contract of a blob store:`, () => {
    let store: BlobStore;
    /** The same objects, seen by another process. */
    let otherStore: BlobStore;

    beforeAll(async () => {
      const harness = await startHarness();
      store = await harness.open();
      otherStore = await harness.open();
    });

    afterAll(async () => {
      await store.close();
      await otherStore.close();
    });

    describe('put', () => {
      test('makes the bytes readable everywhere', async () => {
        const key = freshKey();
        const bytes = randomBytes(100_000);
        await store.put(key, bytes);
        expect(await readAll(otherStore, key)).toEqual(bytes);
        expect(await otherStore.size(key)).toBe(100_000);
      });

      test('takes a view into shared memory, and only what it shows', async () => {
        const key = freshKey();
        const shared = new Uint8Array(new SharedArrayBuffer(3_000)).map((_, index) => index);
        await store.put(key, shared.subarray(1_000, 2_000));
        expect(await readAll(store, key)).toEqual(Buffer.from(shared.slice(1_000, 2_000)));
      });

      test('takes an empty object', async () => {
        const key = freshKey();
        await store.put(key, new Uint8Array());
        expect(await store.size(key)).toBe(0);
        expect(await readAll(store, key)).toHaveLength(0);
        expect(await store.read(key, { offset: 0, lengthBytes: 10 })).toHaveLength(0);
      });

      test('keeps its own copy of the bytes', async () => {
        const key = freshKey();
        const bytes = Buffer.from('before');
        await store.put(key, bytes);
        bytes.write('after!');
        expect(String(await readAll(store, key))).toBe('before');
      });

      test('refuses a key that is taken, and leaves what is there', async () => {
        const key = freshKey();
        await store.put(key, Buffer.from('first'));
        await expect(otherStore.put(key, Buffer.from('second'))).rejects.toThrow(BlobExistsError);
        expect(String(await readAll(store, key))).toBe('first');
      });

      test('lets exactly one of many writers win', async () => {
        const key = freshKey();
        const writers = Array.from({ length: 8 }, (_, index) =>
          (index % 2 ? store : otherStore).put(key, Buffer.alloc(1_000, index)),
        );
        const results = await Promise.allSettled(writers);
        expect(results.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
        for (const result of results) {
          if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(BlobStoreError);
        }
        const winner = results.findIndex(({ status }) => status === 'fulfilled');
        expect(await readAll(store, key)).toEqual(Buffer.alloc(1_000, winner));
      });

      test.each(['', '../x', 'a/../b', '/a', 'a//b', 'a\0'])('refuses %j for a key', async (key) => {
        await expect(store.put(key, Buffer.from('x'))).rejects.toThrow(TypeError);
      });
    });

    describe('an upload', () => {
      test('takes parts out of order and at once, and shows nothing before it is complete', async () => {
        const key = freshKey();
        const parts = [randomBytes(PART_BYTES), randomBytes(PART_BYTES + 1), randomBytes(PART_BYTES), randomBytes(7)];
        const upload = await store.startUpload(key);
        await upload.uploadPart(3, at(parts, 2));
        await Promise.all([upload.uploadPart(4, at(parts, 3)), upload.uploadPart(1, at(parts, 0))]);
        await upload.uploadPart(2, at(parts, 1));
        expect(await otherStore.size(key)).toBeUndefined();
        await expect(otherStore.read(key, { offset: 0, lengthBytes: 1 })).rejects.toThrow(BlobNotFoundError);
        await upload.complete();
        expect((await readAll(otherStore, key)).equals(Buffer.concat(parts))).toBe(true);
      });

      test('takes parts that are views into shared memory', async () => {
        const key = freshKey();
        const shared = new Uint8Array(new SharedArrayBuffer(PART_BYTES + 100));
        shared.set(randomBytes(PART_BYTES + 100));
        const upload = await store.startUpload(key);
        await Promise.all([
          upload.uploadPart(1, shared.subarray(50, 50 + PART_BYTES)),
          upload.uploadPart(2, Buffer.from(shared.buffer, 10, 20)),
        ]);
        await upload.complete();
        const expected = Buffer.concat([shared.subarray(50, 50 + PART_BYTES), shared.subarray(10, 30)]);
        expect((await readAll(store, key)).equals(expected)).toBe(true);
      });

      test('may consist of one empty part', async () => {
        const key = freshKey();
        const upload = await store.startUpload(key);
        await upload.uploadPart(1, new Uint8Array());
        await upload.complete();
        expect(await store.size(key)).toBe(0);
      });

      test.each([
        ['no part', []],
        ['a gap', [1, 3]],
        ['no first part', [2]],
      ])('with %s cannot be completed', async (_, partNumbers) => {
        const upload = await store.startUpload(freshKey());
        for (const partNumber of partNumbers) await upload.uploadPart(partNumber, Buffer.alloc(PART_BYTES));
        await expect(upload.complete()).rejects.toThrow(BlobStoreError);
        await upload.abort();
      });

      test('with a part below the least size cannot be completed, unless it is the last', async () => {
        const key = freshKey();
        const upload = await store.startUpload(key);
        await upload.uploadPart(1, Buffer.alloc(upload.partSizeMinBytes - 1));
        await upload.uploadPart(2, Buffer.alloc(1));
        await expect(upload.complete()).rejects.toThrow(/part 1 has 5242879 bytes/);
        await upload.abort();
        expect(await store.size(key)).toBeUndefined();
      });

      test.each([0, -1, 1.5, 10_001, Number.NaN])('refuses part number %d', async (partNumber) => {
        const upload = await store.startUpload(freshKey());
        await expect(upload.uploadPart(partNumber, Buffer.from('x'))).rejects.toThrow(BlobStoreError);
        await upload.abort();
      });

      test('refuses a part that came before', async () => {
        const upload = await store.startUpload(freshKey());
        await upload.uploadPart(1, Buffer.from('x'));
        await expect(upload.uploadPart(1, Buffer.from('y'))).rejects.toThrow(/came twice/);
        await upload.abort();
      });

      test('does not replace an object that came to the key meanwhile', async () => {
        const key = freshKey();
        const upload = await store.startUpload(key);
        await upload.uploadPart(1, Buffer.from('late'));
        await otherStore.put(key, Buffer.from('early'));
        await expect(upload.complete()).rejects.toThrow(BlobExistsError);
        await upload.abort();
        expect(String(await readAll(store, key))).toBe('early');
      });

      test('that is aborted leaves nothing, takes no more parts and cannot be completed', async () => {
        const key = freshKey();
        const upload = await store.startUpload(key);
        await upload.uploadPart(1, Buffer.alloc(PART_BYTES));
        await upload.abort();
        await upload.abort();
        await expect(upload.uploadPart(2, Buffer.from('x'))).rejects.toThrow();
        await expect(upload.complete()).rejects.toThrow(BlobStoreError);
        expect(await store.size(key)).toBeUndefined();
      });

      test('may be aborted while its parts are under way', async () => {
        const key = freshKey();
        const upload = await store.startUpload(key);
        const underWay = [1, 2, 3].map((partNumber) => upload.uploadPart(partNumber, Buffer.alloc(PART_BYTES)));
        const settled = Promise.allSettled(underWay);
        await upload.abort();
        await settled;
        expect(await store.size(key)).toBeUndefined();
      });

      test('can be aborted by its id from another process', async () => {
        const key = freshKey();
        const upload = await store.startUpload(key);
        await upload.uploadPart(1, Buffer.alloc(PART_BYTES));
        await otherStore.abortUpload(key, upload.uploadId);
        await expect(upload.complete()).rejects.toThrow(BlobStoreError);
        expect(await store.size(key)).toBeUndefined();
        await upload.abort();
      });

      test.each([randomUUID(), '../../objects', ''])('of the unknown id %j can be aborted', async (uploadId) => {
        await expect(store.abortUpload(freshKey(), uploadId)).resolves.toBeUndefined();
      });

      test('goes on after a part was cut off by its signal', async () => {
        const key = freshKey();
        const upload = await store.startUpload(key);
        const reason = new Error('client gone');
        await expect(upload.uploadPart(1, Buffer.from('x'), { signal: AbortSignal.abort(reason) })).rejects.toBe(
          reason,
        );
        await upload.uploadPart(1, Buffer.from('x'));
        await upload.complete();
        expect(String(await readAll(store, key))).toBe('x');
      });
    });

    describe('reading', () => {
      const key = freshKey();
      const bytes = randomBytes(20 * MIB + 12_345);

      beforeAll(async () => {
        const upload = await store.startUpload(key);
        for (let offset = 0, partNumber = 1; offset < bytes.byteLength; offset += PART_BYTES) {
          await upload.uploadPart(partNumber++, bytes.subarray(offset, offset + PART_BYTES));
        }
        await upload.complete();
      });

      test.each([
        ['the start', 0, 4_096],
        ['the middle', 7 * MIB + 1, 2 * MIB],
        ['the last byte', 20 * MIB + 12_344, 1],
        ['across the end', 20 * MIB + 12_300, 1_000],
        ['from the end', 20 * MIB + 12_345, 10],
        ['beyond the end', 90 * MIB, 10],
        ['no bytes', 5, 0],
        ['much more than there is', 1, 2 ** 50],
      ])('gives %s', async (_, offset, lengthBytes) => {
        const expected = bytes.subarray(offset, offset + lengthBytes);
        const range = { offset, lengthBytes };
        expect(Buffer.from(await store.read(key, range)).equals(expected)).toBe(true);
        expect((await collect(store.stream(key, range))).equals(expected)).toBe(true);
      });

      test('gives bytes that belong to the caller', async () => {
        const range = { offset: 0, lengthBytes: 1_000 };
        (await store.read(key, range)).fill(0);
        for await (const piece of store.stream(key)) piece.fill(0);
        expect(Buffer.from(await store.read(key, range)).equals(bytes.subarray(0, 1_000))).toBe(true);
      });

      test('streams the whole object, in pieces of 1 MiB or more', async () => {
        const pieces = await piecesOf(store.stream(key));
        expect(Buffer.concat(pieces).equals(bytes)).toBe(true);
        for (const piece of pieces.slice(0, -1)) expect(piece.byteLength).toBeGreaterThanOrEqual(MIB);
      });

      test('serves many readers at once', async () => {
        const reads = Array.from({ length: 60 }, async (_, index) => {
          const offset = index * 300_000;
          const piece = await store.read(key, { offset, lengthBytes: 70_000 });
          return Buffer.from(piece).equals(bytes.subarray(offset, offset + 70_000));
        });
        expect(new Set(await Promise.all(reads))).toEqual(new Set([true]));
      });

      test('may end early, many times, and go on elsewhere', async () => {
        for (let round = 0; round < 10; round++) {
          for await (const piece of store.stream(key)) {
            expect(piece[0]).toBe(bytes[0]);
            break;
          }
        }
        expect((await readAll(store, key)).equals(bytes)).toBe(true);
      });

      test('ends with the reason of its signal', async () => {
        const controller = new AbortController();
        const reason = new Error('client gone');
        const stream = store.stream(key, undefined, { signal: controller.signal })[Symbol.asyncIterator]();
        await stream.next();
        controller.abort(reason);
        await expect(stream.next()).rejects.toBe(reason);
        expect((await stream.next()).done).toBe(true);
      });

      test('does not begin when its signal is aborted already', async () => {
        const reason = new Error('client gone');
        const signal = AbortSignal.abort(reason);
        await expect(store.read(key, { offset: 0, lengthBytes: 1 }, { signal })).rejects.toBe(reason);
        await expect(collect(store.stream(key, undefined, { signal }))).rejects.toBe(reason);
        await expect(store.size(key, { signal })).rejects.toBe(reason);
      });
    });

    describe('a missing object', () => {
      test('is told from every other failure', async () => {
        const key = freshKey();
        await expect(store.read(key, { offset: 0, lengthBytes: 1 })).rejects.toThrow(BlobNotFoundError);
        await expect(store.read(key, { offset: 0, lengthBytes: 0 })).rejects.toThrow(BlobNotFoundError);
        await expect(collect(store.stream(key))).rejects.toThrow(BlobNotFoundError);
        await expect(collect(store.stream(key, { offset: 5, lengthBytes: 1 }))).rejects.toThrow(BlobNotFoundError);
        expect(await store.size(key)).toBeUndefined();
      });
    });

    describe('delete', () => {
      test('removes an object for all, and may be repeated', async () => {
        const key = freshKey();
        await store.put(key, Buffer.from('x'));
        await readAll(store, key);
        await store.delete(key);
        await otherStore.delete(key);
        expect(await otherStore.size(key)).toBeUndefined();
        await expect(store.read(key, { offset: 0, lengthBytes: 1 })).rejects.toThrow(BlobNotFoundError);
      });

      test('leaves the neighbours in the same folder', async () => {
        const key = freshKey();
        const neighbour = key.replace(/pack$/, 'idx');
        await store.put(key, Buffer.from('pack'));
        await store.put(neighbour, Buffer.from('index'));
        await store.delete(key);
        expect(String(await readAll(store, neighbour))).toBe('index');
      });
    });

    test('check resolves while the store answers', async () => {
      await expect(store.check()).resolves.toBeUndefined();
    });
  });
}

export function freshKey(): string {
  return packKey(randomUUID());
}

export async function collect(stream: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await piecesOf(stream));
}

export async function piecesOf(stream: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const pieces: Uint8Array[] = [];
  for await (const piece of stream) pieces.push(piece);
  return pieces;
}

export async function readAll(store: BlobStore, key: string): Promise<Buffer> {
  return await collect(store.stream(key));
}

function at(parts: readonly Buffer[], index: number): Buffer {
  const part = parts[index];
  if (!part) throw new RangeError(`no part ${index}`);
  return part;
}
