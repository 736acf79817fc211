/** Who an LFS client is, and whether it may do what it asks: the same policy and the same answers as for git. */
import { ANONYMOUS, type Principal } from '#auth/principal.ts';
import type { RepositoryRecord } from '#repository/repository-record.ts';
import { decideGitAccess, type GitAccess, type RepositoryAddress } from '../git/git-access.ts';
import {
  forbidden,
  HttpRefusal,
  notFound,
  refusalOfDecision,
  tooManyRequests,
  unauthenticated,
} from '../http/http-refusal.ts';
import type { LfsExchange } from './lfs-exchange.ts';

export interface LfsClient {
  readonly principal: Principal;
  /** What the token that it came with is for. */
  readonly mayWrite: boolean;
}

export interface LfsAccess {
  readonly principal: Principal;
  readonly repository: RepositoryRecord;
}

const INVALID = 'Invalid credentials: use your password or an access token as the password.';
/** The scheme in the LFS documentation's examples, and what simple clients make of a bare token. */
const LFS_TOKEN = /^\s*(?:RemoteAuth|Bearer)\s+(lfs_\S+)\s*$/i;

/** @throws {HttpRefusal} 401 for a credential that proves nothing, 429 */
export async function authenticateLfs(exchange: LfsExchange, address: RepositoryAddress): Promise<LfsClient> {
  const { method = 'GET', headers } = exchange.request;
  const [, token] = LFS_TOKEN.exec(headers.authorization ?? '') ?? [];
  if (token !== undefined) return authenticateByToken(exchange, address, token);
  const { authenticator } = exchange.services;
  const { clientAddress } = exchange.context;
  const result = await authenticator.authenticate({ method, headers, clientAddress, cookies: 'ignored' });
  switch (result.kind) {
    case 'authenticated':
      return { principal: result.principal, mayWrite: true };
    case 'invalid':
      throw unauthenticated(INVALID);
    case 'cross-site':
      throw forbidden('This request came from another site.');
    case 'rate-limited':
      throw tooManyRequests(result.retryAfterMs);
  }
}

/** A token is for the repository that now has this name; which one that is says nothing to who has none. */
async function authenticateByToken(
  { services }: LfsExchange,
  { ownerLogin, repositoryName }: RepositoryAddress,
  token: string,
): Promise<LfsClient> {
  const repository = await services.catalog.find(ownerLogin, repositoryName, ANONYMOUS);
  const holder = repository && (await services.lfsTokens.verify(token, repository.id));
  if (holder === undefined)
    throw unauthenticated('Invalid credentials: the token is not for this repository, or no longer.');
  return { principal: holder.principal, mayWrite: holder.operation === 'upload' };
}

/**
 * @throws {HttpRefusal} 401 to anonymous clients for what is private and what does not exist alike; 404 to users who may not
 * read; 403 to those who may read but not write
 */
export async function authorizeLfs(
  exchange: LfsExchange,
  address: RepositoryAddress,
  client: LfsClient,
  need: 'read' | 'write',
): Promise<GitAccess> {
  const access = await decideGitAccess(exchange.services, client.principal, address, need);
  if (access.kind === 'refused') throw refusalOfDecision(access.decision) ?? notFound();
  if (access.kind === 'unusable-name') throw new HttpRefusal(404, access.reason);
  if (need === 'write' && !client.mayWrite) throw forbidden('This token is for downloads.');
  return access;
}

/** The same for what only a repository has that exists. @throws {HttpRefusal} */
export async function authorizeExisting(
  exchange: LfsExchange,
  address: RepositoryAddress,
  need: 'read' | 'write',
): Promise<LfsAccess> {
  const access = await authorizeLfs(exchange, address, await authenticateLfs(exchange, address), need);
  if (access.kind !== 'existing') throw notFound();
  return access;
}
