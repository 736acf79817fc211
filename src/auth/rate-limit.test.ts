import { expect, test } from 'vitest';
import { MemoryCache } from '#bus/memory-cache.ts';
import { RateLimiter } from './rate-limit.ts';

const LIMIT = { name: 'knocks', max: 2, windowMs: 60_000 };

test('allows as many as the limit says, to each subject on its own', async () => {
  const limiter = new RateLimiter(new MemoryCache(), 'on');
  expect(await limiter.take(LIMIT, 'a')).toMatchObject({ exceeded: false, remaining: 1 });
  expect(await limiter.take(LIMIT, 'a')).toMatchObject({ exceeded: false, remaining: 0 });
  expect(await limiter.take(LIMIT, 'a')).toMatchObject({ exceeded: true, remaining: 0 });
  expect(await limiter.take(LIMIT, 'b')).toMatchObject({ exceeded: false });
  expect(await limiter.take({ ...LIMIT, name: 'other' }, 'a')).toMatchObject({ exceeded: false });
});

test('what is given back can be taken again', async () => {
  const limiter = new RateLimiter(new MemoryCache(), 'on');
  await limiter.take(LIMIT, 'a');
  await limiter.take(LIMIT, 'a');
  await limiter.giveBack(LIMIT, 'a');
  expect((await limiter.take(LIMIT, 'a')).exceeded).toBe(false);
});

test('says when the window ends', async () => {
  const { resetInMs } = await new RateLimiter(new MemoryCache(), 'on').take(LIMIT, 'a');
  expect(resetInMs).toBeGreaterThan(0);
  expect(resetInMs).toBeLessThanOrEqual(LIMIT.windowMs);
});

test('counts nothing when switched off', async () => {
  const limiter = new RateLimiter(new MemoryCache(), 'off');
  for (let attempt = 0; attempt < 5; attempt++) {
    expect(await limiter.take(LIMIT, 'a')).toMatchObject({ exceeded: false, remaining: 2 });
  }
});

test('lets callers through while the cache cannot be reached', async () => {
  const cache = new MemoryCache();
  cache.increment = () => Promise.reject(new Error('connection refused'));
  const limiter = new RateLimiter(cache, 'on');
  for (let attempt = 0; attempt < 5; attempt++) expect((await limiter.take(LIMIT, 'a')).exceeded).toBe(false);
});
