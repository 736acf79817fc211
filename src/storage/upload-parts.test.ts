import { describe, expect, test } from 'vitest';
import { limits } from '#limits.ts';
import { BlobStoreError } from './errors.ts';
import { UploadParts } from './upload-parts.ts';

const arrive = async () => {};
const fail = async () => {
  throw new Error('connection lost');
};

describe('UploadParts', () => {
  test('knows where a part starts as soon as the sizes before it are known', async () => {
    const parts = new UploadParts('k', 0);
    await parts.upload(3, 30, arrive);
    expect([1, 2, 3].map((partNumber) => parts.offsetOf(partNumber))).toEqual([0, undefined, undefined]);
    const first = Promise.withResolvers<void>();
    const underWay = parts.upload(1, 10, () => first.promise);
    expect(parts.offsetOf(2)).toBe(10);
    await parts.upload(2, 20, arrive);
    expect([2, 3, 4].map((partNumber) => parts.offsetOf(partNumber))).toEqual([10, 30, 60]);
    first.resolve();
    await underWay;
    expect(parts.assertWhole()).toBe(3);
  });

  test('takes a failed part once more, with the same size only', async () => {
    const parts = new UploadParts('k', 0);
    await expect(parts.upload(1, 10, fail)).rejects.toThrow('connection lost');
    expect(() => parts.assertWhole()).toThrow(/part 1 is failed/);
    await expect(parts.upload(1, 11, arrive)).rejects.toThrow(/had 10 bytes and has 11/);
    await parts.upload(1, 10, arrive);
    expect(parts.assertWhole()).toBe(1);
  });

  test('are not whole while one is under way', async () => {
    const parts = new UploadParts('k', 0);
    const part = Promise.withResolvers<void>();
    const underWay = parts.upload(1, 10, () => part.promise);
    expect(() => parts.assertWhole()).toThrow(/part 1 is under way/);
    part.resolve();
    await underWay;
    await parts.settled();
    expect(parts.assertWhole()).toBe(1);
  });

  test('take the last part number of S3 and no further one', async () => {
    const parts = new UploadParts('k', 0);
    await parts.upload(limits.uploadPartsMax, 1, arrive);
    await expect(parts.upload(limits.uploadPartsMax + 1, 1, arrive)).rejects.toThrow(BlobStoreError);
  });

  test('hold all but the last to the least size', async () => {
    const parts = new UploadParts('k', 5);
    await parts.upload(1, 5, arrive);
    await parts.upload(2, 4, arrive);
    expect(parts.assertWhole()).toBe(2);
    await parts.upload(3, 1, arrive);
    expect(() => parts.assertWhole()).toThrow(/part 2 has 4 bytes; all but the last need 5/);
  });
});
