/**
 * How many requests a caller may make in an hour: counted by user, and by address for strangers, over all nodes. What costs
 * nothing (a 304) is given back.
 */
import type { Principal } from '#auth/principal.ts';
import type { Cache } from '#bus/cache.ts';

const WINDOW_MS = 3_600_000;
const ANONYMOUS_MAX = 60;
const AUTHENTICATED_MAX = 5_000;

export interface RateStatus {
  readonly limit: number;
  readonly used: number;
  readonly remaining: number;
  /** When the window ends, in seconds since 1970. */
  readonly resetSeconds: number;
}

/** `unlimited` counts nothing and always reports a full allowance. */
export type RateLimitMode = 'enforced' | 'unlimited';

export class ApiRateLimit {
  readonly #cache: Cache;
  readonly #mode: RateLimitMode;

  constructor(cache: Cache, mode: RateLimitMode) {
    this.#cache = cache;
    this.#mode = mode;
  }

  /** Takes one request from the caller's allowance. @returns `used` beyond `limit` when there is none left */
  take(principal: Principal, clientAddress: string): Promise<RateStatus> {
    return this.#add(principal, clientAddress, 1);
  }

  /** Looks without taking. */
  read(principal: Principal, clientAddress: string): Promise<RateStatus> {
    return this.#add(principal, clientAddress, 0);
  }

  giveBack(principal: Principal, clientAddress: string): Promise<RateStatus> {
    return this.#add(principal, clientAddress, -1);
  }

  async #add(principal: Principal, clientAddress: string, by: number): Promise<RateStatus> {
    const limit = principal.kind === 'user' ? AUTHENTICATED_MAX : ANONYMOUS_MAX;
    if (this.#mode === 'unlimited') return statusOf(limit, 0, WINDOW_MS);
    const caller = principal.kind === 'user' ? `user:${principal.userId}` : `address:${clientAddress}`;
    const { value, expiresInMs } = await this.#cache.increment(`rate:api:${caller}`, by, WINDOW_MS);
    return statusOf(limit, Math.max(0, value), expiresInMs);
  }
}

export function isExceeded(rate: RateStatus): boolean {
  return rate.used > rate.limit;
}

function statusOf(limit: number, used: number, expiresInMs: number): RateStatus {
  return {
    limit,
    used,
    remaining: Math.max(0, limit - used),
    resetSeconds: Math.ceil((Date.now() + expiresInMs) / 1000),
  };
}
