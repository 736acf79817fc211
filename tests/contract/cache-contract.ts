/** What every cache must do — the contract of `src/bus/cache.ts`, as tests. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { Cache } from '#bus/cache.ts';

const LONG_MS = 60_000;

export function describeCache(name: string, openCache: () => Promise<Cache>): void {
  describe(`${name} keeps the contract of a cache:`, () => {
    let cache: Cache;
    beforeAll(async () => {
      cache = await openCache();
    });
    afterAll(() => cache.close());

    test.each(['value', '', 'é\0\n', '5'])('gives back %j', async (value) => {
      const key = randomUUID();
      expect(await cache.get(key)).toBeUndefined();
      await cache.set(key, value, LONG_MS);
      expect(await cache.get(key)).toBe(value);
    });

    test('replaces a value', async () => {
      const key = randomUUID();
      await cache.set(key, 'old', LONG_MS);
      await cache.set(key, 'new', LONG_MS);
      expect(await cache.get(key)).toBe('new');
    });

    test('forgets a value that has expired, and only that', async () => {
      const [short, long] = [randomUUID(), randomUUID()];
      await cache.set(long, 'long', LONG_MS);
      await cache.set(short, 'short', 20);
      await vi.waitFor(async () => expect(await cache.get(short)).toBeUndefined());
      expect(await cache.get(long)).toBe('long');
    });

    test('deletes a value, and a missing one', async () => {
      const key = randomUUID();
      await cache.set(key, 'value', LONG_MS);
      await cache.delete(key);
      await cache.delete(key);
      expect(await cache.get(key)).toBeUndefined();
    });

    test('counts from 0, whatever is added at once', async () => {
      const key = randomUUID();
      const counts = await Promise.all(Array.from({ length: 50 }, () => cache.increment(key, 2, LONG_MS)));
      const values = counts.map(({ value }) => value).sort((a, b) => a - b);
      expect(values).toEqual(Array.from({ length: 50 }, (_, index) => 2 * (index + 1)));
      expect(await cache.get(key)).toBe('100');
    });

    test("counts until the first addition's time is over, and not longer for later ones", async () => {
      const key = randomUUID();
      const first = await cache.increment(key, 1, 1_000);
      expect(first).toEqual({ value: 1, expiresInMs: 1_000 });
      const second = await cache.increment(key, 5, LONG_MS);
      expect(second.value).toBe(6);
      expect(second.expiresInMs).toBeLessThanOrEqual(1_000);
      expect(second.expiresInMs).toBeGreaterThan(0);
    });

    test('counts anew when the counter has expired or was deleted', async () => {
      const key = randomUUID();
      await cache.increment(key, 5, 20);
      await vi.waitFor(async () => expect(await cache.get(key)).toBeUndefined());
      expect(await cache.increment(key, 1, LONG_MS)).toEqual({ value: 1, expiresInMs: LONG_MS });
      await cache.delete(key);
      expect((await cache.increment(key, 1, LONG_MS)).value).toBe(1);
    });

    test('check resolves while the cache answers', async () => {
      await expect(cache.check()).resolves.toBeUndefined();
    });
  });
}
