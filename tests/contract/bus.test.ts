import { randomUUID } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { BusError } from '#bus/errors.ts';
import { MemoryBus } from '#bus/memory-bus.ts';
import { RedisBus } from '#bus/redis-bus.ts';
import { hasRedis, testRedisUrl } from '../support/redis.ts';
import { describeBus, listen } from './bus-contract.ts';
import { TcpProxy } from './tcp-proxy.ts';

describeBus('MemoryBus', async () => {
  const errors: unknown[] = [];
  const bus = new MemoryBus({ onError: (error) => errors.push(error) });
  return { publisher: bus, subscriber: bus, errors };
});

describe.skipIf(!hasRedis)('on Redis', () => {
  describeBus('RedisBus', async () => {
    const errors: unknown[] = [];
    const options = { url: testRedisUrl(), keyPrefix: `${randomUUID()}:` };
    return {
      publisher: new RedisBus(options),
      subscriber: new RedisBus({ ...options, onError: (error) => errors.push(error) }),
      errors,
    };
  });

  describe('RedisBus', () => {
    let proxy: TcpProxy;
    let errors: unknown[];
    let bus: RedisBus;

    beforeEach(async () => {
      proxy = await TcpProxy.start(testRedisUrl());
      errors = [];
      bus = new RedisBus({ url: proxy.url.replace('http', 'redis'), onError: (error) => errors.push(error) });
    });
    afterEach(async () => {
      await bus.close();
      await proxy.stop().catch(() => {});
    });

    test('keeps forges apart that share a server', async () => {
      const topic = randomUUID();
      const other = new RedisBus({ url: testRedisUrl(), keyPrefix: 'other:' });
      const [heard, heardByOther] = [await listen(bus, topic), await listen(other, topic)];
      await other.publish(topic, { from: 'other' });
      await vi.waitFor(() => expect(heardByOther.messages).toHaveLength(1));
      await bus.publish(topic, { from: 'us' });
      await vi.waitFor(() => expect(heard.messages).toEqual([{ from: 'us' }]));
      await other.close();
    });

    test('hears again after its connections broke', async () => {
      const topic = randomUUID();
      const heard = await listen(bus, topic);
      proxy.breakAll();
      await vi.waitFor(
        async () => {
          await bus.publish(topic, {});
          expect(heard.messages.length).toBeGreaterThan(0);
        },
        { timeout: 10_000, interval: 50 },
      );
    });

    test('tells of a server that is gone, but never fails a publisher', async () => {
      await bus.check();
      await proxy.stop();
      await expect(bus.publish('topic', {})).resolves.toBeUndefined();
      await vi.waitFor(() => expect(errors.some((error) => error instanceof BusError)).toBe(true));
      await expect(bus.check()).rejects.toThrow(BusError);
      await expect(bus.subscribe('topic', () => {})).rejects.toThrow(BusError);
    });

    test('survives a message that is not ours', async () => {
      const { Redis } = await import('ioredis');
      const stranger = new Redis(testRedisUrl());
      const heard = await listen(bus, 'shared-topic');
      await stranger.publish('shared-topic', 'no JSON {');
      await stranger.publish('shared-topic', '[1]');
      await bus.publish('shared-topic', { ours: true });
      await vi.waitFor(() => expect(heard.messages).toEqual([{ ours: true }]));
      expect(errors).toHaveLength(2);
      stranger.disconnect();
    });
  });
});
