/**
 * Fixed-window counters shared by all nodes through the cache. Where the cache loses one, or cannot be reached, a caller gets a
 * fresh allowance: limits slow down abuse, and a forge that answers nobody would be the greater harm.
 */
import type { Cache } from '#bus/cache.ts';

/** `off` counts nothing: for tests and benchmarks. */
export type RateLimitMode = 'on' | 'off';

export interface RateLimit {
  /** Distinguishes its counters from those of other limits. */
  readonly name: string;
  readonly max: number;
  readonly windowMs: number;
}

export interface RateStatus {
  readonly exceeded: boolean;
  readonly remaining: number;
  /** Time until the window ends and the counter starts again. */
  readonly resetInMs: number;
}

export class RateLimiter {
  readonly #cache: Cache;
  readonly #mode: RateLimitMode;

  constructor(cache: Cache, mode: RateLimitMode) {
    this.#cache = cache;
    this.#mode = mode;
  }

  /** Counts one for the subject (an address, a user); `exceeded` when that was more than the limit allows. */
  take(limit: RateLimit, subject: string): Promise<RateStatus> {
    return this.#add(limit, subject, 1);
  }

  /** Takes back what `take` counted, such as when an attempt turned out to be a success. */
  async giveBack(limit: RateLimit, subject: string): Promise<void> {
    await this.#add(limit, subject, -1);
  }

  async #add(limit: RateLimit, subject: string, by: number): Promise<RateStatus> {
    if (this.#mode === 'off') return { exceeded: false, remaining: limit.max, resetInMs: limit.windowMs };
    const counter = await this.#increment(`rate:${limit.name}:${subject}`, by, limit.windowMs);
    const used = Math.max(0, counter.value);
    return {
      exceeded: used > limit.max,
      remaining: Math.max(0, limit.max - used),
      resetInMs: counter.expiresInMs,
    };
  }

  /** The adapter's owner learns of the failure by the cache's own health check. */
  async #increment(key: string, by: number, windowMs: number): Promise<{ value: number; expiresInMs: number }> {
    try {
      return await this.#cache.increment(key, by, windowMs);
    } catch {
      return { value: by, expiresInMs: windowMs };
    }
  }
}
