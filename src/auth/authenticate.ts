/**
 * The one entry for who asks: from the headers of a request to a principal. Every door comes through here, so a token means
 * the same in all of them. The query string is never looked at: addresses end up in logs and histories.
 */
import type { AccessTokenStore } from './access-token-store.ts';
import { parseAuthorization } from './authorization-header.ts';
import { isSafeMethod, type OriginHeaders, requestOrigin } from './csrf.ts';
import type { UserIdentity } from './identity.ts';
import { ANONYMOUS, type Credential, type Principal, type UserPrincipal } from './principal.ts';
import type { Sessions } from './session.ts';
import type { SignIn } from './sign-in.ts';

export interface AuthenticationRequest {
  readonly method: string;
  /** As Node gives them: names in lower case. */
  readonly headers: OriginHeaders & {
    readonly authorization?: string | undefined;
    readonly cookie?: string | undefined;
  };
  readonly clientAddress: string;
  /** `ignored` for git, whose clients have none, and which a browser must not be made to drive. */
  readonly cookies: 'accepted' | 'ignored';
}

export type Authentication =
  /** Who asks; anonymous when no credential was presented. */
  | { readonly kind: 'authenticated'; readonly principal: Principal }
  /** A credential was presented and proves nothing: 401, also where strangers may read. */
  | { readonly kind: 'invalid' }
  /** A session's cookie on an unsafe request that did not come from our own pages: 403. */
  | { readonly kind: 'cross-site' }
  /** Too many wrong passwords: 429. */
  | { readonly kind: 'rate-limited'; readonly retryAfterMs: number };

export class Authenticator {
  readonly #tokens: AccessTokenStore;
  readonly #signIn: SignIn;
  readonly #sessions: Sessions;
  readonly #publicUrl: URL;

  constructor(services: { tokens: AccessTokenStore; signIn: SignIn; sessions: Sessions; publicUrl: URL }) {
    this.#tokens = services.tokens;
    this.#signIn = services.signIn;
    this.#sessions = services.sessions;
    this.#publicUrl = services.publicUrl;
  }

  /** An Authorization header decides alone: beside one, cookies are not looked at. */
  async authenticate(request: AuthenticationRequest): Promise<Authentication> {
    const { authorization } = request.headers;
    if (authorization !== undefined) return this.#byHeader(authorization, request.clientAddress);
    return request.cookies === 'accepted' ? this.#byCookie(request) : authenticated(ANONYMOUS);
  }

  async #byHeader(authorization: string, clientAddress: string): Promise<Authentication> {
    const presented = parseAuthorization(authorization);
    if (presented.kind === 'malformed') return { kind: 'invalid' };
    const owner = await this.#tokens.find(presented.secret);
    if (owner !== undefined) {
      return authenticated(principalOf(owner.user, { kind: 'token', tokenId: owner.tokenId, scopes: owner.scopes }));
    }
    if (presented.kind === 'token') return { kind: 'invalid' };
    return this.#byPassword(presented.name, presented.secret, clientAddress);
  }

  async #byPassword(name: string, password: string, clientAddress: string): Promise<Authentication> {
    const outcome = await this.#signIn.verify({ name, password, clientAddress });
    switch (outcome.kind) {
      case 'verified':
        return authenticated(principalOf(outcome.user, { kind: 'password' }));
      case 'refused':
        return { kind: 'invalid' };
      case 'rate-limited':
        return outcome;
    }
  }

  /** A session that has ended is no credential: its browser is a stranger again, and may sign in. */
  async #byCookie(request: AuthenticationRequest): Promise<Authentication> {
    const session = await this.#sessions.find(request.headers.cookie);
    if (session === undefined) return authenticated(ANONYMOUS);
    if (!isSafeMethod(request.method) && requestOrigin(request.headers, this.#publicUrl) !== 'same-origin') {
      return { kind: 'cross-site' };
    }
    return authenticated(principalOf(session.user, { kind: 'session', sessionId: session.sessionId }));
  }
}

function authenticated(principal: Principal): Authentication {
  return { kind: 'authenticated', principal };
}

function principalOf(user: UserIdentity, credential: Credential): UserPrincipal {
  return { kind: 'user', ...user, credential };
}
