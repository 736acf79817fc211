/** The accounts side of a forge on a fresh database, with the in-process cache: what a test of several parts starts from. */
import { AccountDirectory } from '#account/account-directory.ts';
import { bindAccountWorkflows } from '#account/account-workflows.ts';
import { AccessTokenStore } from '#auth/access-token-store.ts';
import { Authenticator } from '#auth/authenticate.ts';
import type { UserPrincipal } from '#auth/principal.ts';
import { RateLimiter } from '#auth/rate-limit.ts';
import { Sessions } from '#auth/session.ts';
import { SignIn } from '#auth/sign-in.ts';
import { SshKeyStore } from '#auth/ssh-key-store.ts';
import { MemoryCache } from '#bus/memory-cache.ts';
import { connectDatabase } from '#db/client.ts';
import { RepositoryCatalog } from '#repository/repository-catalog.ts';
import { createTestDatabase } from './database.ts';

export const PASSWORD = 'correct horse battery';

export type TestAccounts = Awaited<ReturnType<typeof createTestAccounts>>;

export async function createTestAccounts(options: { publicUrl?: string; rateLimits?: 'on' | 'off' } = {}) {
  const { url } = await createTestDatabase();
  const database = connectDatabase(url);
  const cache = new MemoryCache();
  const publicUrl = new URL(options.publicUrl ?? 'http://localhost:3000');
  const rateLimiter = new RateLimiter(cache, options.rateLimits ?? 'on');
  const sessions = new Sessions(database.sql, cache, publicUrl);
  const signIn = new SignIn(database.sql, sessions, rateLimiter);
  const tokens = new AccessTokenStore(database.sql);
  return {
    url,
    database,
    cache,
    sessions,
    signIn,
    tokens,
    sshKeys: new SshKeyStore(database.sql),
    authenticator: new Authenticator({ tokens, signIn, sessions, publicUrl }),
    directory: new AccountDirectory(database),
    workflows: bindAccountWorkflows({ database, sessions, signIn, rateLimiter, signUpMode: 'open' }),
    catalog: new RepositoryCatalog(database),
    close: () => database.close(),
  };
}

/** A user with `PASSWORD`, as signed in by it. */
export async function createTestUser(
  workflows: TestAccounts['workflows'],
  login: string,
  options: { siteAdmin?: boolean } = {},
): Promise<UserPrincipal> {
  const outcome = await workflows.createUser({ login, email: `${login}@example.org`, password: PASSWORD, ...options });
  if (outcome.kind !== 'created') throw new Error(`create user ${login}: ${outcome.kind}`);
  const { userId } = outcome.user;
  return { kind: 'user', userId, login, siteAdmin: options.siteAdmin ?? false, credential: { kind: 'password' } };
}
