import { describe, expect, test } from 'vitest';
import { assertStorageKey, lfsKey, packFileKey, packIndexKey, packKey, packSummaryKey } from './storage-key.ts';

const PACK_ID = '01939f5e-7c1b-7a52-9d3f-4b0e8c6a17f2';

describe('pack keys', () => {
  test('lie under a shard of the random end of the id', () => {
    expect(packKey(PACK_ID)).toBe(`r/f2/${PACK_ID}/pack`);
    expect(packIndexKey(PACK_ID)).toBe(`r/f2/${PACK_ID}/idx`);
    expect(packSummaryKey(PACK_ID)).toBe(`r/f2/${PACK_ID}/summary`);
  });

  test('are storage keys, none a folder of another', () => {
    const keys = (['pack', 'idx', 'summary'] as const).map((file) => packFileKey(PACK_ID, file));
    for (const key of keys) {
      expect(() => assertStorageKey(key)).not.toThrow();
      expect(keys.filter((other) => other.startsWith(`${key}/`))).toEqual([]);
    }
  });

  test.each(['', 'x', PACK_ID.toUpperCase(), `${PACK_ID}/..`, `../${PACK_ID}`])('refuse %j for an id', (packId) => {
    expect(() => packKey(packId)).toThrow(TypeError);
  });
});

test('LFS keys lie under a shard of the random end of the id, apart from packs', () => {
  expect(lfsKey(PACK_ID)).toBe(`l/f2/${PACK_ID}`);
  expect(() => assertStorageKey(lfsKey(PACK_ID))).not.toThrow();
  expect(() => lfsKey(`../${PACK_ID}`)).toThrow(TypeError);
});

test.each([
  '',
  '/',
  'a/',
  '/a',
  'a//b',
  '.',
  '..',
  'a/../b',
  'a/./b',
  'a/.b',
  'a\\b',
  'a b',
  'a\0b',
  'é',
  'a?b',
  'a'.repeat(513),
])('assertStorageKey refuses %j', (key) => {
  expect(() => assertStorageKey(key)).toThrow(TypeError);
});
