/**
 * Where lucia keeps sessions: in Postgres, with the shared cache in front.
 *
 * lucia is given the SHA-256 of the cookie's value as session id (`session.ts`), so neither table nor cache holds anything
 * that a thief could send. A cached session outlives a change to its user by `limits.sessionCacheMs` at most; one that ends
 * leaves a mark in the cache that outlives every copy, also one that a slower reader stores a moment later.
 */
import type { Adapter, DatabaseSession, DatabaseUser, Lucia } from 'lucia';
import type { Cache } from '#bus/cache.ts';
import type { Sql } from '#db/client.ts';
import { limits } from '#limits.ts';
import type { UserIdentity } from './identity.ts';

export interface SessionAttributes {
  readonly clientAddress: string;
  readonly userAgent: string;
}

declare module 'lucia' {
  interface Register {
    Lucia: Lucia<SessionAttributes, UserIdentity>;
    UserId: number;
    DatabaseSessionAttributes: SessionAttributes;
    DatabaseUserAttributes: UserIdentity;
  }
}

/** What a session's row and its user's say together. */
interface SessionRow extends SessionAttributes, UserIdentity {
  readonly idHash: string;
  readonly expiresAt: Date;
}

const ENDED_MARK_MS = 10 * limits.sessionCacheMs;

export class SessionAdapter implements Adapter {
  readonly #sql: Sql;
  readonly #cache: Cache;

  constructor(sql: Sql, cache: Cache) {
    this.#sql = sql;
    this.#cache = cache;
  }

  /** Sessions of suspended users are as good as none. */
  async getSessionAndUser(idHash: string): Promise<[DatabaseSession | null, DatabaseUser | null]> {
    const [ended, cached] = await Promise.all([this.#cache.get(endedKey(idHash)), this.#cache.get(cacheKey(idHash))]);
    if (ended !== undefined) return [null, null];
    const row = cached === undefined ? await this.#load(idHash) : parseCached(cached);
    return row === undefined ? [null, null] : [toSession(row), { id: row.userId, attributes: row }];
  }

  async getUserSessions(userId: number): Promise<DatabaseSession[]> {
    const rows = await this.#sql<SessionRow[]>`
      select s.id_hash as "idHash", s.expires_at as "expiresAt", s.user_id as "userId",
             coalesce(s.client_address, '') as "clientAddress", coalesce(s.user_agent, '') as "userAgent"
      from session s where s.user_id = ${userId} order by s.created_at desc`;
    return rows.map(toSession);
  }

  async setSession(session: DatabaseSession): Promise<void> {
    const { clientAddress, userAgent } = session.attributes;
    await this.#sql`
      insert into session (id_hash, user_id, expires_at, client_address, user_agent)
      values (${session.id}, ${session.userId}, ${session.expiresAt}, ${clientAddress}, ${userAgent})`;
  }

  async updateSessionExpiration(idHash: string, expiresAt: Date): Promise<void> {
    await this.#sql`update session set expires_at = ${expiresAt} where id_hash = ${idHash}`;
    await this.#cache.delete(cacheKey(idHash));
  }

  async deleteSession(idHash: string): Promise<void> {
    await this.#sql`delete from session where id_hash = ${idHash}`;
    await this.#markEnded(idHash);
  }

  async deleteUserSessions(userId: number): Promise<void> {
    const rows = await this.#sql<{ idHash: string }[]>`
      delete from session where user_id = ${userId} returning id_hash as "idHash"`;
    await Promise.all(rows.map((row) => this.#markEnded(row.idHash)));
  }

  async deleteExpiredSessions(): Promise<void> {
    await this.#sql`delete from session where expires_at < now()`;
  }

  async #load(idHash: string): Promise<SessionRow | undefined> {
    const [row] = await this.#sql<SessionRow[]>`
      select s.id_hash as "idHash", s.expires_at as "expiresAt", s.user_id as "userId", a.login,
             u.site_admin as "siteAdmin", coalesce(s.client_address, '') as "clientAddress",
             coalesce(s.user_agent, '') as "userAgent"
      from session s join account a on a.id = s.user_id join user_credential u on u.user_id = s.user_id
      where s.id_hash = ${idHash} and u.suspended_at is null`;
    if (row !== undefined) await this.#keepCopy(row);
    return row;
  }

  /** A copy that cannot be stored is one that nobody needs to end. */
  async #keepCopy(row: SessionRow): Promise<void> {
    try {
      await this.#cache.set(cacheKey(row.idHash), JSON.stringify(row), limits.sessionCacheMs);
    } catch {
      // The database answers the next request too.
    }
  }

  async #markEnded(idHash: string): Promise<void> {
    await this.#cache.set(endedKey(idHash), '1', ENDED_MARK_MS);
    await this.#cache.delete(cacheKey(idHash));
  }
}

function toSession(row: SessionRow): DatabaseSession {
  return { id: row.idHash, userId: row.userId, expiresAt: row.expiresAt, attributes: row };
}

function parseCached(text: string): SessionRow {
  const row: SessionRow & { expiresAt: string } = JSON.parse(text);
  return { ...row, expiresAt: new Date(row.expiresAt) };
}

function cacheKey(idHash: string): string {
  return `session:${idHash}`;
}

function endedKey(idHash: string): string {
  return `session-ended:${idHash}`;
}
