import { randomUUID } from 'node:crypto';
import { Redis } from 'ioredis';
import { describe, expect, test } from 'vitest';
import { BusError } from '#bus/errors.ts';
import { MemoryCache } from '#bus/memory-cache.ts';
import { RedisCache } from '#bus/redis-cache.ts';
import { hasRedis, testRedisUrl } from '../support/redis.ts';
import { describeCache } from './cache-contract.ts';
import { TcpProxy } from './tcp-proxy.ts';

describeCache('MemoryCache', async () => new MemoryCache());

describe('MemoryCache', () => {
  test('forgets the least recently used beyond its number of entries', async () => {
    const cache = new MemoryCache({ entriesMax: 2 });
    for (const key of ['a', 'b']) await cache.set(key, key, 60_000);
    await cache.get('a');
    await cache.set('c', 'c', 60_000);
    expect([await cache.get('a'), await cache.get('b'), await cache.get('c')]).toEqual(['a', undefined, 'c']);
  });

  test('holds no more bytes than it may', async () => {
    const cache = new MemoryCache({ sizeMaxBytes: 10_000 });
    for (let index = 0; index < 100; index++) await cache.set(`key${index}`, 'x'.repeat(1_000), 60_000);
    const held = await Promise.all(Array.from({ length: 100 }, (_, index) => cache.get(`key${index}`)));
    expect(held.filter((value) => value !== undefined)).toHaveLength(4);
    await cache.set('huge', 'x'.repeat(10_000), 60_000);
    expect(await cache.get('huge')).toBeUndefined();
  });
});

describe.skipIf(!hasRedis)('on Redis', () => {
  describeCache('RedisCache', async () => new RedisCache({ url: testRedisUrl(), keyPrefix: `${randomUUID()}:` }));

  describe('RedisCache', () => {
    test('puts its prefix before every key, and leaves no counter without an end', async () => {
      const keyPrefix = `${randomUUID()}:`;
      const cache = new RedisCache({ url: testRedisUrl(), keyPrefix });
      const redis = new Redis(testRedisUrl());
      await cache.set('a', 'value', 60_000);
      await cache.increment('b', 1, 60_000);
      expect((await redis.keys(`${keyPrefix}*`)).sort()).toEqual([`${keyPrefix}a`, `${keyPrefix}b`]);
      expect(await redis.pttl(`${keyPrefix}b`)).toBeGreaterThan(0);
      await cache.close();
      redis.disconnect();
    });

    test('is empty to readers and an error to writers while the server is gone', async () => {
      const proxy = await TcpProxy.start(testRedisUrl());
      const errors: unknown[] = [];
      const url = proxy.url.replace('http', 'redis');
      const cache = new RedisCache({ url, onError: (error) => errors.push(error) });
      await cache.set('key', 'value', 60_000);
      await proxy.stop();
      expect(await cache.get('key')).toBeUndefined();
      expect(errors.some((error) => error instanceof BusError)).toBe(true);
      await expect(cache.set('key', 'value', 60_000)).rejects.toThrow(BusError);
      await expect(cache.delete('key')).rejects.toThrow(BusError);
      await expect(cache.increment('counter', 1, 60_000)).rejects.toThrow(BusError);
      await expect(cache.check()).rejects.toThrow(BusError);
      await cache.close();
    });
  });
});
