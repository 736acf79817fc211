/** What git's doors use of the application. */
import type { AccountDirectory } from '#account/account-directory.ts';
import type { Authenticator } from '#auth/authenticate.ts';
import type { RepositoryCatalog } from '#repository/repository-catalog.ts';
import type { RepositoryEngine } from '#repository/repository-engine.ts';

export interface GitServices {
  readonly engine: Pick<RepositoryEngine, 'snapshot' | 'planPack' | 'receive'>;
  readonly authenticator: Pick<Authenticator, 'authenticate'>;
  readonly catalog: Pick<RepositoryCatalog, 'find' | 'create' | 'deleteIfEmpty'>;
  readonly accounts: Pick<AccountDirectory, 'find'>;
  readonly site: { readonly version: string };
}
