/** Who asks. Made once per request, by `authenticate.ts`, from a session cookie or an Authorization header, or by the SSH
 * server, from a key whose signature it has checked; never from anything else. */
import type { Scope } from './scope.ts';

export type Principal = AnonymousPrincipal | UserPrincipal | DeployKeyPrincipal;

export interface AnonymousPrincipal {
  readonly kind: 'anonymous';
}

export interface UserPrincipal {
  readonly kind: 'user';
  readonly userId: number;
  readonly login: string;
  readonly siteAdmin: boolean;
  readonly credential: Credential;
}

/** A machine that has the private half of a repository's deploy key: it may read that repository, or write to it, and nothing else. */
export interface DeployKeyPrincipal {
  readonly kind: 'deploy-key';
  readonly keyId: number;
  readonly title: string;
  readonly repositoryId: number;
  readonly readOnly: boolean;
}

/** How the user proved who they are. A token carries its scopes through every door alike: Basic, Bearer and `token`. */
export type Credential =
  | { readonly kind: 'session'; readonly sessionId: string }
  | { readonly kind: 'password' }
  | { readonly kind: 'ssh-key'; readonly keyId: number }
  /** Of an authority that the forge trusts. Good until then, in seconds since 1970. */
  | { readonly kind: 'ssh-certificate'; readonly expiresAtSeconds: number }
  | { readonly kind: 'token'; readonly tokenId: number; readonly scopes: readonly Scope[] };

export const ANONYMOUS: AnonymousPrincipal = { kind: 'anonymous' };
