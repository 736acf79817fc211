/** What the API stands on. The composition root makes it. */
import type { Principal } from '#auth/principal.ts';
import type { Cache } from '#bus/cache.ts';
import type { RepositoryEngine } from '#repository/repository-engine.ts';
import type { RateLimitMode } from './rate-limit.ts';

export interface ApiServices {
  readonly publicUrl: URL;
  readonly cache: Cache;
  readonly engine: RepositoryEngine;
  /** @returns who the Authorization header proves, in any of its forms; undefined when it proves nobody */
  authenticate(authorization: string, clientAddress: string): Promise<Principal | undefined>;
  readonly rateLimitMode: RateLimitMode;
  readonly log: ApiLog;
}

/** The part of a pino logger that is used here. */
export interface ApiLog {
  error(fields: Record<string, unknown>, message: string): void;
}

/** What the server knows of a request before anybody reads it. */
export interface ApiRequestContext {
  readonly requestId: string;
  /** After the rules about trusted proxies. */
  readonly clientAddress: string;
}
