/** Who asks. Made once per request, by `authenticate.ts`, from a session cookie or an Authorization header; never from anything else. */
import type { Scope } from './scope.ts';

export type Principal = AnonymousPrincipal | UserPrincipal;

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

/** How the user proved who they are. A token carries its scopes through every door alike: Basic, Bearer and `token`. */
export type Credential =
  | { readonly kind: 'session'; readonly sessionId: string }
  | { readonly kind: 'password' }
  | { readonly kind: 'token'; readonly tokenId: number; readonly scopes: readonly Scope[] };

export const ANONYMOUS: AnonymousPrincipal = { kind: 'anonymous' };
