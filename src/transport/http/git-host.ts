/** The ports of the git transports: who asks, which repositories there are, what may be done. `context.ts` binds them. */
import type { IncomingMessage } from 'node:http';
import type { AccessRequest, AccountFacts, Decision } from '#auth/permission.ts';
import type { Principal, UserPrincipal } from '#auth/principal.ts';
import type { RepositoryEngine } from '#repository/repository-engine.ts';
import type { RepositoryRecord } from '#repository/repository-record.ts';

export interface GitHost {
  readonly engine: RepositoryEngine;
  readonly repositories: RepositoryDirectory;

  /** Reads the Authorization header; cookies do not count here, for git sends none and browsers send them unasked. */
  authenticate(request: IncomingMessage): Promise<AuthenticationResult>;

  /** The one policy. */
  decide(principal: Principal, request: AccessRequest): Decision;

  /** What `agent=` tells clients: printable ASCII without spaces, such as `opencodehub/0.1.0`. */
  readonly agent: string;

  /** Told of every error that is ours, not the client's. */
  reportError(error: unknown, requestId: string): void;
}

export type AuthenticationResult =
  /** No credentials: the anonymous principal. */
  | { readonly kind: 'authenticated'; readonly principal: Principal }
  /** Credentials that are wrong or expired. */
  | { readonly kind: 'invalid' }
  /** Too many attempts. */
  | { readonly kind: 'limited'; readonly retryAfterSeconds: number };

export interface RepositoryDirectory {
  /** Looks a repository up by owner and name, as the address names them, with the principal's own facts about it. */
  find(ownerLogin: string, name: string, principal: Principal): Promise<RepositoryRecord | undefined>;

  /** The account that a repository would belong to; undefined when there is none of that name. */
  findAccount(login: string, principal: Principal): Promise<AccountFacts | undefined>;

  /**
   * Creates a private, empty repository; somebody else's creation at the same moment counts as this one.
   *
   * @returns undefined when the name is not one a repository may have
   */
  createPrivate(owner: AccountFacts, name: string, creator: UserPrincipal): Promise<CreatedRepository | undefined>;

  /** Removes a repository that `createPrivate` made for a push that then moved nothing; one with refs stays. */
  removeIfEmpty(repositoryId: number): Promise<void>;
}

export interface CreatedRepository {
  readonly repository: RepositoryRecord;
  /** False when it was there already. */
  readonly created: boolean;
}
