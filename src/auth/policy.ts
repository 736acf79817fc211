/**
 * Decides every access. Pure: it is told who asks and the facts, and looks nothing up; `permission.ts` has the vocabulary.
 *
 * Three questions, in this order: what role has the user here, is that enough, and does the token (if it was one) carry the
 * scope. Whoever may not see a thing gets the same answer as if it did not exist.
 *
 * What changes with the request, such as making a repository private, is asked twice by the caller: for the facts as they are
 * and for the facts as they would be.
 */
import type { AccessRequest, AccountFacts, Decision, RepositoryAction, RepositoryFacts } from './permission.ts';
import type { DeployKeyPrincipal, Principal, UserPrincipal } from './principal.ts';
import { includesScope, type Scope } from './scope.ts';

/** Roles on a repository, from none to all: each includes those before it. */
const ROLES = ['none', 'read', 'write', 'admin'] as const;
type Role = (typeof ROLES)[number];

const ROLE_NEEDED: Readonly<Record<RepositoryAction, Role>> = {
  'repository:read': 'read',
  'repository:write': 'write',
  'repository:admin': 'admin',
  'repository:delete': 'admin',
};

/** Whoever a person may be behind. */
type PersonPrincipal = Exclude<Principal, DeployKeyPrincipal>;

const ARCHIVED = 'This repository is archived, so it is read-only.';
const ALLOW: Decision = { kind: 'allow' };
const HIDDEN: Decision = { kind: 'hidden' };
const UNAUTHENTICATED: Decision = { kind: 'unauthenticated' };

/** May this principal do this to that? */
export function decideAccess(principal: Principal, request: AccessRequest): Decision {
  if (principal.kind === 'deploy-key') return decideByDeployKey(principal, request);
  switch (request.action) {
    case 'repository:read':
    case 'repository:write':
    case 'repository:admin':
    case 'repository:delete':
      return decideRepository(principal, request.action, request.repository);
    case 'account:create-repository':
      return decideCreation(principal, request.account, request.visibility);
    case 'account:admin':
      return decideAccountAdministration(principal, request.account);
    case 'self:read':
      return principal.kind === 'anonymous' ? UNAUTHENTICATED : ALLOW;
    case 'self:read-email':
      return principal.kind === 'anonymous' ? UNAUTHENTICATED : requireScope(principal, 'user:email');
    case 'self:read-keys':
      return principal.kind === 'anonymous' ? UNAUTHENTICATED : requireScope(principal, 'read:public_key');
    case 'self:add-keys':
      return principal.kind === 'anonymous' ? UNAUTHENTICATED : requireScope(principal, 'write:public_key');
    case 'self:remove-keys':
      return principal.kind === 'anonymous' ? UNAUTHENTICATED : requireScope(principal, 'admin:public_key');
    case 'self:manage-account':
      return principal.kind === 'anonymous' ? UNAUTHENTICATED : requireScope(principal, 'user');
    case 'self:manage-tokens':
      return decideTokenManagement(principal);
    case 'site:admin':
      return decideSite(principal);
  }
}

/** A deploy key opens its own repository and what everybody may read; whatever else there is does not exist for it. */
function decideByDeployKey(key: DeployKeyPrincipal, request: AccessRequest): Decision {
  if (!('repository' in request)) return forbid('A deploy key is for one repository alone.');
  const { action, repository } = request;
  const isOwn = repository.id === key.repositoryId;
  if (!isOwn && repository.visibility === 'private') return HIDDEN;
  if (action === 'repository:read') return ALLOW;
  if (!isOwn || action !== 'repository:write') return forbid('This deploy key does not allow that here.');
  if (key.readOnly) return forbid('This deploy key is read-only.');
  return repository.archived ? forbid(ARCHIVED) : ALLOW;
}

function decideRepository(principal: PersonPrincipal, action: RepositoryAction, repository: RepositoryFacts): Decision {
  const role = repositoryRole(principal, repository);
  if (role === 'none') return HIDDEN;
  if (principal.kind === 'anonymous') return action === 'repository:read' ? ALLOW : UNAUTHENTICATED;
  if (ROLES.indexOf(role) < ROLES.indexOf(ROLE_NEEDED[action])) {
    // A token that cannot see a private repository is not told what its user's role in it is.
    if (repository.visibility === 'private' && !hasScope(principal, 'repo')) return scopeMissing('repo', 'hidden');
    return forbid(`This needs the ${ROLE_NEEDED[action]} role, and ${principal.login} has the ${role} role here.`);
  }
  return decideRepositoryByScope(principal, action, repository);
}

/** The user's role suffices; a token must carry the scope too. */
function decideRepositoryByScope(
  principal: UserPrincipal,
  action: RepositoryAction,
  repository: RepositoryFacts,
): Decision {
  if (repository.visibility === 'private' && !hasScope(principal, 'repo')) return scopeMissing('repo', 'hidden');
  if (action === 'repository:read') return ALLOW;
  const needed = action === 'repository:delete' ? 'delete_repo' : 'public_repo';
  if (!hasScope(principal, needed)) return scopeMissing(needed, 'visible');
  if (action === 'repository:write' && repository.archived) {
    return forbid(ARCHIVED);
  }
  return ALLOW;
}

/**
 * Which repositories `decideAccess` lets a principal read, for queries that list them: public ones always, and with
 * `own-and-public` those that the user owns or reaches by membership.
 */
export function readableRepositories(principal: Principal): 'public' | 'own-and-public' | 'all' {
  if (principal.kind !== 'user' || !hasScope(principal, 'repo')) return 'public';
  return actsAsSiteAdministrator(principal) ? 'all' : 'own-and-public';
}

/**
 * Organization members read and write all of its repositories; its owners, like the user who owns one, administer them.
 * Site administrators administer everything.
 */
function repositoryRole(principal: PersonPrincipal, repository: RepositoryFacts): Role {
  const strangersRole = repository.visibility === 'public' ? 'read' : 'none';
  if (principal.kind === 'anonymous') return strangersRole;
  if (actsAsSiteAdministrator(principal)) return 'admin';
  if (repository.ownerKind === 'user') return repository.ownerId === principal.userId ? 'admin' : strangersRole;
  switch (repository.membershipRole) {
    case 'owner':
      return 'admin';
    case 'member':
      return 'write';
    case undefined:
      return strangersRole;
  }
}

function decideCreation(principal: PersonPrincipal, account: AccountFacts, visibility: 'public' | 'private'): Decision {
  if (principal.kind === 'anonymous') return UNAUTHENTICATED;
  const isMember = account.kind === 'organization' && account.membershipRole !== undefined;
  if (!isSelf(principal, account) && !isMember && !actsAsSiteAdministrator(principal)) {
    return forbid('Repositories are created by the user or by the members of the organization that will own them.');
  }
  return requireScope(principal, visibility === 'private' ? 'repo' : 'public_repo');
}

function decideAccountAdministration(principal: PersonPrincipal, account: AccountFacts): Decision {
  if (principal.kind === 'anonymous') return UNAUTHENTICATED;
  const isOwner = account.kind === 'organization' && account.membershipRole === 'owner';
  if (!isSelf(principal, account) && !isOwner && !actsAsSiteAdministrator(principal)) {
    return forbid('Only its owners may administer this account.');
  }
  return requireScope(principal, account.kind === 'organization' ? 'admin:org' : 'user');
}

/** No scope allows it: a stolen token must not be able to make another that outlives it. */
function decideTokenManagement(principal: PersonPrincipal): Decision {
  if (principal.kind === 'anonymous') return UNAUTHENTICATED;
  return principal.credential.kind === 'token' ? forbid('Access tokens cannot manage access tokens: sign in.') : ALLOW;
}

function decideSite(principal: PersonPrincipal): Decision {
  if (principal.kind === 'anonymous') return UNAUTHENTICATED;
  return principal.siteAdmin ? requireScope(principal, 'site_admin') : forbid('Only site administrators may do this.');
}

function isSelf(principal: UserPrincipal, account: AccountFacts): boolean {
  return account.kind === 'user' && account.accountId === principal.userId;
}

/** A site administrator's token without the scope for it is an ordinary user's token. */
function actsAsSiteAdministrator(principal: UserPrincipal): boolean {
  return principal.siteAdmin && hasScope(principal, 'site_admin');
}

/** Passwords and sessions are not narrowed; tokens carry what they were given. */
function hasScope(principal: UserPrincipal, needed: Scope): boolean {
  return principal.credential.kind !== 'token' || includesScope(principal.credential.scopes, needed);
}

function requireScope(principal: UserPrincipal, needed: Scope): Decision {
  return hasScope(principal, needed) ? ALLOW : scopeMissing(needed, 'visible');
}

function scopeMissing(needed: Scope, existence: 'visible' | 'hidden'): Decision {
  const accepted = needed === 'public_repo' ? ['public_repo', 'repo'] : [needed];
  return { kind: 'scope-missing', accepted, visible: existence === 'visible' };
}

function forbid(reason: string): Decision {
  return { kind: 'forbidden', reason };
}
