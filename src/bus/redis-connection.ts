/** A connection to Redis or Valkey as we want it: it comes back by itself, and what waits for it does not wait long. */
import { Redis } from 'ioredis';
import { limits } from '#limits.ts';

export interface RedisOptions {
  /** `redis://` or `rediss://`, with the database's number as path. */
  url: string;
  /** Put before every key and topic, so that several forges may share a server. */
  keyPrefix?: string;
  /** Hears of lost connections and of what no caller waits for. */
  onError?: (error: unknown) => void;
}

export function openRedis(url: string, onError: (error: unknown) => void): Redis {
  const redis = new Redis(url, {
    connectTimeout: limits.redisConnectTimeoutMs,
    commandTimeout: limits.redisCommandTimeoutMs,
    // Commands wait for one attempt to connect and fail with it, instead of piling up while Redis is away.
    maxRetriesPerRequest: 1,
    // A command whose answer was lost may have been carried out: counting twice is worse than an error.
    autoResendUnfulfilledCommands: false,
    autoResubscribe: true,
    retryStrategy: reconnectDelayMs,
  });
  redis.on('error', onError);
  return redis;
}

/** Soon and at random, but never so late that a command which waits for the attempt holds up a page. */
function reconnectDelayMs(attempt: number): number {
  const longestMs = Math.min(25 * 2 ** Math.min(attempt, 10), limits.redisReconnectDelayMaxMs);
  return longestMs * (0.5 + Math.random() / 2);
}
