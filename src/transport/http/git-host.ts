/** What the git transports need of the rest: who asks, which repositories there are. `context.ts` binds it. */
import type { AccountDirectory } from '#account/account-directory.ts';
import type { Authenticator } from '#auth/authenticate.ts';
import type { RepositoryCatalog } from '#repository/repository-catalog.ts';
import type { RepositoryEngine } from '#repository/repository-engine.ts';

export interface GitHost {
  readonly engine: Pick<RepositoryEngine, 'snapshot' | 'planPack' | 'receive'>;
  readonly authenticator: Pick<Authenticator, 'authenticate'>;
  readonly repositories: Pick<RepositoryCatalog, 'find' | 'create' | 'deleteIfEmpty'>;
  readonly accounts: Pick<AccountDirectory, 'find'>;
  /** What `agent=` tells clients: printable ASCII without spaces, such as `opencodehub/0.1.0`. */
  readonly agent: string;
  /** Told of every error that is ours, not the client's. */
  readonly reportError: (error: unknown, requestId: string) => void;
}
