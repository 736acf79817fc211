/** Access tokens at rest: whose they are, what they may do, until when. The secret itself is nowhere. */
import type { Sql, SqlRunner } from '#db/client.ts';
import { limits } from '#limits.ts';
import { generateAccessToken, hashAccessToken, isPossibleAccessToken } from './access-token.ts';
import type { UserIdentity } from './identity.ts';
import { isScope, normalizeScopes, type Scope } from './scope.ts';

export interface AccessTokenRecord {
  readonly id: number;
  readonly note: string;
  readonly scopes: readonly Scope[];
  /** The secret's last eight characters, to recognise it by. */
  readonly lastEight: string;
  readonly createdAt: Date;
  /** Undefined: never. */
  readonly expiresAt: Date | undefined;
  /** Exact to a minute. */
  readonly lastUsedAt: Date | undefined;
}

export interface AccessTokenRequest {
  readonly userId: number;
  readonly note: string;
  readonly scopes: readonly Scope[];
  readonly expiresAt?: Date | undefined;
}

export interface AccessTokenOwner {
  readonly tokenId: number;
  readonly scopes: readonly Scope[];
  readonly user: UserIdentity;
}

export type IssueOutcome =
  /** `secret` is shown once: nothing can bring it back. */
  | { readonly kind: 'issued'; readonly token: AccessTokenRecord; readonly secret: string }
  | { readonly kind: 'too-many' }
  /** `reason` is a sentence for people. */
  | { readonly kind: 'invalid'; readonly field: 'note'; readonly reason: string };

interface TokenRow {
  readonly id: number;
  readonly note: string;
  readonly scopes: string[];
  readonly lastEight: string;
  readonly createdAt: Date;
  readonly expiresAt: Date | null;
  readonly lastUsedAt: Date | null;
}

interface OwnerRow extends UserIdentity {
  readonly tokenId: number;
  readonly scopes: string[];
  readonly lastUsedAt: Date | null;
}

export class AccessTokenStore {
  readonly #sql: Sql;

  constructor(sql: Sql) {
    this.#sql = sql;
  }

  /** Makes a token of our own form. */
  async issue(request: AccessTokenRequest): Promise<IssueOutcome> {
    const fault = findNoteFault(request.note);
    if (fault !== undefined) return { kind: 'invalid', field: 'note', reason: fault };
    const [tokens] = await this.#sql<{ count: number }[]>`
      select count(*) as count from access_token where user_id = ${request.userId}`;
    if (tokens !== undefined && tokens.count >= limits.accessTokensMax) return { kind: 'too-many' };
    const secret = generateAccessToken();
    return { kind: 'issued', token: await insertAccessToken(this.#sql, request, secret), secret };
  }

  /** Whose token this is, from any door. Notes the use. @returns undefined for unknown, expired, and those of suspended users */
  async find(secret: string): Promise<AccessTokenOwner | undefined> {
    if (!isPossibleAccessToken(secret)) return undefined;
    const [row] = await this.#sql<OwnerRow[]>`
      select t.id as "tokenId", t.scopes, t.last_used_at as "lastUsedAt",
             a.id as "userId", a.login, u.site_admin as "siteAdmin"
      from access_token t join account a on a.id = t.user_id join user_credential u on u.user_id = t.user_id
      where t.token_hash = ${hashAccessToken(secret)}
        and (t.expires_at is null or t.expires_at > now()) and u.suspended_at is null`;
    if (row === undefined) return undefined;
    await this.#noteUse(row.tokenId, row.lastUsedAt);
    return {
      tokenId: row.tokenId,
      scopes: row.scopes.filter(isScope),
      user: { userId: row.userId, login: row.login, siteAdmin: row.siteAdmin },
    };
  }

  /** Newest first. */
  async list(userId: number): Promise<AccessTokenRecord[]> {
    const rows = await this.#sql<TokenRow[]>`
      select id, note, scopes, last_eight as "lastEight", created_at as "createdAt", expires_at as "expiresAt",
             last_used_at as "lastUsedAt"
      from access_token where user_id = ${userId} order by id desc`;
    return rows.map(toRecord);
  }

  /** @param tokenId any number: it comes from a form @returns whether the user had such a token */
  async revoke(userId: number, tokenId: number): Promise<boolean> {
    if (!Number.isSafeInteger(tokenId)) return false;
    const result = await this.#sql`delete from access_token where user_id = ${userId} and id = ${tokenId}`;
    return result.count > 0;
  }

  /** @returns how many there were */
  async revokeAllOf(userId: number): Promise<number> {
    const result = await this.#sql`delete from access_token where user_id = ${userId}`;
    return result.count;
  }

  /** Once a minute at most, so that a busy token does not turn every read into a write. */
  async #noteUse(tokenId: number, lastUsedAt: Date | null): Promise<void> {
    const now = Date.now();
    if (lastUsedAt !== null && now - lastUsedAt.getTime() < limits.tokenLastUsedStepMs) return;
    const before = new Date(now - limits.tokenLastUsedStepMs);
    await this.#sql`
      update access_token set last_used_at = now()
      where id = ${tokenId} and (last_used_at is null or last_used_at <= ${before})`;
  }
}

/**
 * Stores a token with the secret given; runs inside the caller's transaction.
 *
 * @throws when somebody's token has that secret already
 */
export async function insertAccessToken(
  sql: SqlRunner,
  request: AccessTokenRequest,
  secret: string,
): Promise<AccessTokenRecord> {
  const rows = await sql<TokenRow[]>`
    insert into access_token (user_id, token_hash, last_eight, note, scopes, expires_at)
    values (${request.userId}, ${hashAccessToken(secret)}, ${secret.slice(-8)}, ${request.note},
            ${normalizeScopes(request.scopes)}, ${request.expiresAt ?? null})
    returning id, note, scopes, last_eight as "lastEight", created_at as "createdAt", expires_at as "expiresAt",
              last_used_at as "lastUsedAt"`;
  const [token] = rows.map(toRecord);
  if (token === undefined) throw new Error('insert access token: no row came back');
  return token;
}

function findNoteFault(note: string): string | undefined {
  if ([...note].length <= limits.tokenNoteMaxCharacters && !/\p{Cc}/u.test(note)) return undefined;
  return `A note is a single line of at most ${limits.tokenNoteMaxCharacters} characters, without control characters.`;
}

function toRecord(row: TokenRow): AccessTokenRecord {
  return {
    ...row,
    scopes: row.scopes.filter(isScope),
    expiresAt: row.expiresAt ?? undefined,
    lastUsedAt: row.lastUsedAt ?? undefined,
  };
}
