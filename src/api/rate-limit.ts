/** How many requests of the API a caller may make in an hour: by user, and by address for strangers. */
import { callerNetwork } from '#auth/client-address.ts';
import type { Principal } from '#auth/principal.ts';
import type { RateLimit, RateLimiter } from '#auth/rate-limit.ts';

const HOUR_MS = 3_600_000;
const ANONYMOUS: RateLimit = { name: 'api-anonymous', max: 60, windowMs: HOUR_MS };
const AUTHENTICATED: RateLimit = { name: 'api-user', max: 5_000, windowMs: HOUR_MS };

/** The caller's allowance, as the X-RateLimit headers tell it. */
export interface Allowance {
  readonly limit: number;
  readonly used: number;
  readonly remaining: number;
  /** When the window ends, in seconds since 1970. */
  readonly resetSeconds: number;
  /** The request that was just counted is one too many. */
  readonly exceeded: boolean;
}

/** One caller's part of the limiter. */
export class CallerAllowance {
  readonly #limiter: RateLimiter;
  readonly #limit: RateLimit;
  readonly #subject: string;

  constructor(limiter: RateLimiter, principal: Principal, clientAddress: string) {
    this.#limiter = limiter;
    this.#limit = principal.kind === 'user' ? AUTHENTICATED : ANONYMOUS;
    this.#subject = principal.kind === 'user' ? String(principal.userId) : callerNetwork(clientAddress);
  }

  async take(): Promise<Allowance> {
    const { exceeded, remaining, resetInMs } = await this.#limiter.take(this.#limit, this.#subject);
    const resetSeconds = Math.ceil((Date.now() + resetInMs) / 1000);
    return { limit: this.#limit.max, used: this.#limit.max - remaining, remaining, resetSeconds, exceeded };
  }

  /** Undoes a `take` for a request that turned out to cost nothing. */
  async giveBack(taken: Allowance): Promise<Allowance> {
    await this.#limiter.giveBack(this.#limit, this.#subject);
    // Nothing was counted where the limiter is off, and what is over the limit stays at nothing.
    if (taken.used === 0 || taken.exceeded) return taken;
    return { ...taken, used: taken.used - 1, remaining: taken.remaining + 1 };
  }

  /** Looks without taking. */
  async read(): Promise<Allowance> {
    return this.giveBack(await this.take());
  }
}
