/** Whether a git client may do what it asks, and to which repository, whatever door it came through. */
import type { Decision } from '#auth/permission.ts';
import { decideAccess } from '#auth/policy.ts';
import type { Principal, UserPrincipal } from '#auth/principal.ts';
import { findRepositoryNameFault } from '#repository/repository-name.ts';
import type { RepositoryRecord } from '#repository/repository-record.ts';
import type { GitServices } from '../git-services.ts';

/** A repository as an address names it, whether or not there is one. */
export interface RepositoryAddress {
  readonly ownerLogin: string;
  /** Without `.git`. */
  readonly repositoryName: string;
}

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

export type GitAccessRefusal =
  | { readonly kind: 'refused'; readonly decision: Exclude<Decision, { kind: 'allow' }> }
  /** The principal might create it, if it had another name. `reason` is a sentence. */
  | { readonly kind: 'unusable-name'; readonly reason: string };

/** @param need `write` for pushes: they may create what there is not */
export async function decideGitAccess(
  services: Pick<GitServices, 'catalog' | 'accounts'>,
  principal: Principal,
  address: RepositoryAddress,
  need: 'read' | 'write',
): Promise<GitAccess | GitAccessRefusal> {
  const repository = await services.catalog.find(address.ownerLogin, address.repositoryName, principal);
  if (!repository || !mayRead(principal, repository)) return decideForAbsent(services, principal, address, need);
  if (need === 'write') {
    const decision = decideAccess(principal, { action: 'repository:write', repository });
    if (decision.kind !== 'allow') return { kind: 'refused', decision };
  }
  return { kind: 'existing', principal, repository };
}

function mayRead(principal: Principal, repository: RepositoryRecord): boolean {
  return decideAccess(principal, { action: 'repository:read', repository }).kind === 'allow';
}

/** For what there is not and for what the principal may not see: the two take the same way, so nothing tells them apart. */
async function decideForAbsent(
  services: Pick<GitServices, 'accounts'>,
  principal: Principal,
  address: RepositoryAddress,
  need: 'read' | 'write',
): Promise<CreatableRepository | GitAccessRefusal> {
  if (principal.kind === 'anonymous') return { kind: 'refused', decision: { kind: 'unauthenticated' } };
  if (need === 'read' || principal.kind !== 'user') return hidden();
  const account = await services.accounts.find(address.ownerLogin, principal);
  if (!account) return hidden();
  const request = { action: 'account:create-repository', account, visibility: 'private' } as const;
  const decision = decideAccess(principal, request);
  // Somebody who may not create here learns nothing about what there is; a token that could be wider learns that.
  if (decision.kind === 'scope-missing') return { kind: 'refused', decision };
  if (decision.kind !== 'allow') return hidden();
  const reason = findRepositoryNameFault(address.repositoryName);
  if (reason) return { kind: 'unusable-name', reason };
  return { kind: 'creatable', principal, ownerId: account.accountId, name: address.repositoryName };
}

function hidden(): GitAccessRefusal {
  return { kind: 'refused', decision: { kind: 'hidden' } };
}
