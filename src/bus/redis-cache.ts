/** The cache of a forge of several processes, in Redis or Valkey. */
import type { Redis } from 'ioredis';
import type { Cache } from './cache.ts';
import { BusError } from './errors.ts';
import { openRedis, type RedisOptions } from './redis-connection.ts';
import { warnOfError } from './topic-listeners.ts';

/**
 * Adds ARGV[1] to the counter KEYS[1], which lives ARGV[2] milliseconds from its first addition. One script, because a
 * process that died between INCRBY and PEXPIRE would leave a counter for ever — redis.io, "INCR", "Pattern: Rate limiter".
 */
const INCREMENT = `
local value = redis.call('INCRBY', KEYS[1], ARGV[1])
local expires_in_ms = redis.call('PTTL', KEYS[1])
if expires_in_ms < 0 then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  expires_in_ms = tonumber(ARGV[2])
end
return {value, expires_in_ms}`;

export class RedisCache implements Cache {
  readonly #redis: Redis;
  readonly #keyPrefix: string;
  readonly #onError: (error: unknown) => void;

  constructor(options: RedisOptions) {
    this.#onError = options.onError ?? warnOfError;
    this.#keyPrefix = options.keyPrefix ?? '';
    this.#redis = openRedis(options.url, this.#onError);
  }

  async get(key: string): Promise<string | undefined> {
    try {
      return (await this.#redis.get(this.#keyPrefix + key)) ?? undefined;
    } catch (error) {
      this.#onError(new BusError('get', key, error));
      return undefined;
    }
  }

  async set(key: string, value: string, ttlMs: number): Promise<void> {
    try {
      await this.#redis.set(this.#keyPrefix + key, value, 'PX', Math.ceil(ttlMs));
    } catch (error) {
      throw new BusError('set', key, error);
    }
  }

  async delete(key: string): Promise<void> {
    try {
      await this.#redis.del(this.#keyPrefix + key);
    } catch (error) {
      throw new BusError('delete', key, error);
    }
  }

  async increment(key: string, by: number, ttlMs: number): Promise<{ value: number; expiresInMs: number }> {
    try {
      const answer = await this.#redis.eval(INCREMENT, 1, this.#keyPrefix + key, by, Math.ceil(ttlMs));
      const [value, expiresInMs] = answer as [number, number];
      return { value, expiresInMs };
    } catch (error) {
      throw new BusError('increment', key, error);
    }
  }

  async check(): Promise<void> {
    try {
      await this.#redis.ping();
    } catch (error) {
      throw new BusError('check', 'redis', error);
    }
  }

  async close(): Promise<void> {
    this.#redis.disconnect();
  }
}
