import { describe, expect, it } from 'vitest';
import { packKey } from '#storage/storage-key.ts';
import { uuidV7 } from './uuid-v7.ts';

describe('uuidV7', () => {
  it('has the version, the variant and the time where RFC 9562 wants them', () => {
    const id = uuidV7(0x0123456789ab);
    expect(id).toMatch(/^01234567-89ab-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });

  it('sorts by time', () => {
    const times = [0, 1, 255, 256, 2 ** 32, 1_800_000_000_000, 2 ** 48 - 1];
    const ids = times.map((time) => uuidV7(time));
    expect(ids.toSorted()).toEqual(ids);
  });

  it('is never the same twice', () => {
    expect(new Set(Array.from({ length: 1_000 }, () => uuidV7(5))).size).toBe(1_000);
  });

  it('is what storage keys are made of', () => {
    expect(() => packKey(uuidV7())).not.toThrow();
  });
});
