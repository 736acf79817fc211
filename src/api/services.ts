/** What the API stands on: the part of the application's services that it uses. */
import type { AccountDirectory } from '#account/account-directory.ts';
import type { AccountWorkflows } from '#account/account-workflows.ts';
import type { AccessTokenStore } from '#auth/access-token-store.ts';
import type { Authenticator } from '#auth/authenticate.ts';
import type { RateLimiter } from '#auth/rate-limit.ts';
import type { SshKeyStore } from '#auth/ssh-key-store.ts';
import type { PushLog } from '#repository/push-log.ts';
import type { RepositoryCatalog } from '#repository/repository-catalog.ts';
import type { RepositoryEngine } from '#repository/repository-engine.ts';

export interface ApiServices {
  readonly site: { readonly publicUrl: URL; readonly sshPort: number | undefined };
  readonly authenticator: Authenticator;
  readonly rateLimiter: RateLimiter;
  readonly tokens: AccessTokenStore;
  readonly sshKeys: SshKeyStore;
  readonly accounts: AccountDirectory;
  readonly accountWorkflows: AccountWorkflows;
  readonly catalog: RepositoryCatalog;
  readonly engine: RepositoryEngine;
  readonly pushLog: PushLog;
}
