/** Whether a git client may do what it asks, and to which repository. */
import { decideAccess } from '#auth/policy.ts';
import type { Principal, UserPrincipal } from '#auth/principal.ts';
import { findRepositoryNameFault } from '#repository/repository-name.ts';
import type { RepositoryRecord } from '#repository/repository-record.ts';
import type { GitExchange } from './git-exchange.ts';
import type { GitPath, GitService } from './git-path.ts';
import {
  forbidden,
  HttpRefusal,
  notFound,
  refusalOfDecision,
  tooManyRequests,
  unauthenticated,
} from './http-refusal.ts';

export type GitAccess = ExistingRepository | CreatableRepository;

export interface ExistingRepository {
  readonly kind: 'existing';
  readonly principal: Principal;
  readonly repository: RepositoryRecord;
}

/** There is none of that name, and a push creates it. */
export interface CreatableRepository {
  readonly kind: 'creatable';
  readonly principal: UserPrincipal;
  readonly ownerId: number;
  readonly name: string;
}

/**
 * @throws {HttpRefusal} 401 to anonymous clients for what is private and what does not exist alike; 404 to users who may not
 * read; 403 to those who may read but not do this
 */
export async function authorizeGit(exchange: GitExchange, path: GitPath, service: GitService): Promise<GitAccess> {
  const principal = await authenticate(exchange);
  const repository = await exchange.services.catalog.find(path.ownerLogin, path.repositoryName, principal);
  if (!repository || !mayRead(principal, repository)) return authorizeAbsent(exchange, principal, path, service);
  if (service === 'git-receive-pack') requireWrite(principal, repository);
  return { kind: 'existing', principal, repository };
}

async function authenticate(exchange: GitExchange): Promise<Principal> {
  const { method = 'GET', headers } = exchange.request;
  const { clientAddress } = exchange.context;
  const result = await exchange.services.authenticator.authenticate({
    method,
    headers,
    clientAddress,
    cookies: 'ignored',
  });
  switch (result.kind) {
    case 'authenticated':
      return result.principal;
    case 'invalid':
      throw unauthenticated('Invalid credentials: use your password or an access token as the password.');
    case 'cross-site':
      throw forbidden('This request came from another site.');
    case 'rate-limited':
      throw tooManyRequests(result.retryAfterMs);
  }
}

function mayRead(principal: Principal, repository: RepositoryRecord): boolean {
  return decideAccess(principal, { action: 'repository:read', repository }).kind === 'allow';
}

function requireWrite(principal: Principal, repository: RepositoryRecord): void {
  const refusal = refusalOfDecision(decideAccess(principal, { action: 'repository:write', repository }));
  if (refusal) throw refusal;
}

/** For what there is not and for what the principal may not see: the two take the same way, so nothing tells them apart. */
async function authorizeAbsent(
  exchange: GitExchange,
  principal: Principal,
  path: GitPath,
  service: GitService,
): Promise<CreatableRepository> {
  if (principal.kind === 'anonymous') throw unauthenticated();
  if (service === 'git-upload-pack' || principal.kind !== 'user') throw notFound();
  const account = await exchange.services.accounts.find(path.ownerLogin, principal);
  if (!account) throw notFound();
  const request = { action: 'account:create-repository', account, visibility: 'private' } as const;
  const decision = decideAccess(principal, request);
  // Somebody who may not create here learns nothing about what there is; a token that could be wider learns that.
  if (decision.kind === 'scope-missing') throw refusalOfDecision(decision) ?? notFound();
  if (decision.kind !== 'allow') throw notFound();
  const fault = findRepositoryNameFault(path.repositoryName);
  if (fault) throw new HttpRefusal(404, fault);
  return { kind: 'creatable', principal, ownerId: account.accountId, name: path.repositoryName };
}
