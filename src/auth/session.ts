/**
 * Browser sessions: a random value in a cookie, its hash in the database. Lifetime and renewal are lucia's; this file is all
 * that the rest of the program knows of it.
 */
import { createHash, randomBytes } from 'node:crypto';
import { Lucia, TimeSpan } from 'lucia';
import type { Cache } from '#bus/cache.ts';
import type { Sql } from '#db/client.ts';
import { limits } from '#limits.ts';
import type { UserIdentity } from './identity.ts';
import { SessionAdapter, type SessionAttributes } from './session-adapter.ts';

/** 256 bits: not to be guessed, and never the same twice. */
const SECRET_BYTES = 32;
const USER_AGENT_MAX_CHARACTERS = 256;

/** The browser's side of a session: what sign-in knows of it. */
export interface SessionClient {
  readonly clientAddress: string;
  readonly userAgent: string | undefined;
}

export interface ActiveSession {
  /** SHA-256 of the cookie's value, in hex: names the session and cannot be used to enter it. */
  readonly sessionId: string;
  readonly user: UserIdentity;
}

export interface SessionSummary {
  readonly sessionId: string;
  readonly clientAddress: string;
  readonly userAgent: string;
  readonly expiresAt: Date;
}

export class Sessions {
  readonly #lucia: Lucia<SessionAttributes, UserIdentity>;

  constructor(sql: Sql, cache: Cache, publicUrl: URL) {
    const secure = publicUrl.protocol === 'https:';
    this.#lucia = new Lucia(new SessionAdapter(sql, cache), {
      sessionExpiresIn: new TimeSpan(limits.sessionLifetimeDays, 'd'),
      sessionCookie: {
        // The prefix makes browsers refuse the cookie from other hosts of the domain; it demands Secure — RFC 6265bis, 4.1.3.
        name: secure ? '__Host-och_session' : 'och_session',
        // The database decides when a session ends: no answer needs to renew the cookie.
        expires: false,
        attributes: { sameSite: 'lax', path: '/', secure },
      },
      getSessionAttributes: (attributes) => attributes,
      getUserAttributes: (attributes) => attributes,
    });
  }

  /** Starts a session. @returns the value for Set-Cookie: the only place where its secret appears */
  async start(userId: number, client: SessionClient): Promise<{ sessionId: string; setCookie: string }> {
    const secret = randomBytes(SECRET_BYTES).toString('base64url');
    const attributes = {
      clientAddress: client.clientAddress,
      userAgent: (client.userAgent ?? '').slice(0, USER_AGENT_MAX_CHARACTERS),
    };
    const sessionId = hashSecret(secret);
    await this.#lucia.createSession(userId, attributes, { sessionId });
    return { sessionId, setCookie: this.#lucia.createSessionCookie(secret).serialize() };
  }

  /** The session that a Cookie header proves; renewed by being used. */
  async find(cookieHeader: string | undefined): Promise<ActiveSession | undefined> {
    const secret = this.#readSecret(cookieHeader);
    if (secret === undefined) return undefined;
    const { session, user } = await this.#lucia.validateSession(hashSecret(secret));
    if (session === null) return undefined;
    return {
      sessionId: session.id,
      user: { userId: user.id, login: user.login, siteAdmin: user.siteAdmin },
    };
  }

  /** Ends a session everywhere, at once. */
  end(sessionId: string): Promise<void> {
    return this.#lucia.invalidateSession(sessionId);
  }

  /** Ends every session of a user: after a change of password, or when the user is suspended. */
  endAllOf(userId: number): Promise<void> {
    return this.#lucia.invalidateUserSessions(userId);
  }

  /** The value for Set-Cookie that makes a browser forget its session. */
  clearingCookie(): string {
    return this.#lucia.createBlankSessionCookie().serialize();
  }

  /** Newest first. */
  async list(userId: number): Promise<SessionSummary[]> {
    const sessions = await this.#lucia.getUserSessions(userId);
    return sessions.map(({ id, clientAddress, userAgent, expiresAt }) => ({
      sessionId: id,
      clientAddress,
      userAgent,
      expiresAt,
    }));
  }

  /** Removes the rows of sessions whose time is over. */
  sweep(): Promise<void> {
    return this.#lucia.deleteExpiredSessions();
  }

  /** Not lucia's own reader: that one throws on a `%` in any other site's cookie of the same host. */
  #readSecret(cookieHeader: string | undefined): string | undefined {
    const prefix = `${this.#lucia.sessionCookieName}=`;
    const pair = cookieHeader?.split(';').find((part) => part.trimStart().startsWith(prefix));
    return pair?.trim().slice(prefix.length) || undefined;
  }
}

function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}
