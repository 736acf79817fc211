/**
 * The words of the one policy, `policy.ts`: may this principal do this to that? Every door (git, raw files, REST, pages, jobs)
 * asks there and nowhere else.
 */
export type RepositoryAction = 'repository:read' | 'repository:write' | 'repository:admin' | 'repository:delete';
export type SelfAction =
  | 'self:read'
  | 'self:read-email'
  | 'self:read-keys'
  | 'self:add-keys'
  | 'self:remove-keys'
  | 'self:manage-tokens'
  | 'self:manage-account';
export type SiteAction = 'site:admin';

/** What is asked for, with the facts that decide it. The facts come from the database, never from the request. */
export type AccessRequest =
  | { readonly action: RepositoryAction; readonly repository: RepositoryFacts }
  | {
      readonly action: 'account:create-repository';
      readonly account: AccountFacts;
      /** Of the repository to be created. */
      readonly visibility: 'public' | 'private';
    }
  | { readonly action: 'account:admin'; readonly account: AccountFacts }
  | { readonly action: SelfAction }
  | { readonly action: SiteAction };

export interface RepositoryFacts {
  readonly id: number;
  readonly visibility: 'public' | 'private';
  readonly archived: boolean;
  readonly ownerId: number;
  readonly ownerKind: 'user' | 'organization';
  /** The principal's role in the owning organization; undefined for strangers and for user-owned repositories. */
  readonly membershipRole: 'owner' | 'member' | undefined;
}

export interface AccountFacts {
  readonly accountId: number;
  readonly kind: 'user' | 'organization';
  readonly membershipRole: 'owner' | 'member' | undefined;
}

export type Decision =
  | { readonly kind: 'allow' }
  /** Nobody has signed in, and somebody who has might be allowed: 401. */
  | { readonly kind: 'unauthenticated' }
  /**
   * The principal may not know that it exists: 404. Anonymous strangers get this too where git answers 401: a door that
   * asks for credentials does so for things that do not exist as well.
   */
  | { readonly kind: 'hidden' }
  /** The principal may see it but not do this: 403. */
  | { readonly kind: 'forbidden'; readonly reason: string }
  /** The user may, but the token lacks a scope: 403, or 404 where the thing is private. */
  | { readonly kind: 'scope-missing'; readonly accepted: readonly string[]; readonly visible: boolean };
