/** What the API stands on. The composition root makes it. */
import type { AccountDirectory } from '#account/account-directory.ts';
import type { AccessTokenStore } from '#auth/access-token-store.ts';
import type { Authenticator } from '#auth/authenticate.ts';
import type { RateLimiter } from '#auth/rate-limit.ts';
import type { RepositoryCatalog } from '#repository/repository-catalog.ts';
import type { RepositoryEngine } from '#repository/repository-engine.ts';

export interface ApiServices {
  readonly site: { readonly publicUrl: URL };
  readonly authenticator: Authenticator;
  readonly rateLimiter: RateLimiter;
  readonly tokens: AccessTokenStore;
  readonly accounts: AccountDirectory;
  readonly catalog: RepositoryCatalog;
  readonly engine: RepositoryEngine;
}
