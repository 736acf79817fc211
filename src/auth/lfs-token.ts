/**
 * Short-lived tokens by which an LFS client goes on where it has proved itself: over SSH (`git-lfs-authenticate`), or in a
 * batch request whose objects we transfer ourselves. One opens one repository, for one principal and one operation, and
 * what the principal may do there is asked again at each use.
 *
 * `lfs_<claims>.<signature>`, both base64url: JSON, and HMAC-SHA-256 by a key that the first node makes and all share.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { Sql } from '#db/client.ts';
import { SharedSecret } from '#db/shared-secret.ts';
import { limits } from '#limits.ts';
import { findHolder, tokenHolderSchema, toTokenHolder } from './lfs-token-holder.ts';
import type { Principal } from './principal.ts';

/** A token for uploads is good for downloads too: who pushes looks at what is there. */
export type LfsOperation = 'download' | 'upload';

export interface LfsTokenRequest {
  readonly principal: Principal;
  readonly repositoryId: number;
  readonly operation: LfsOperation;
}

export interface IssuedLfsToken {
  readonly token: string;
  /** The value of an Authorization header that presents it: `RemoteAuth <token>`, as the LFS documentation has it. */
  readonly authorization: string;
  readonly expiresInSeconds: number;
}

export interface LfsTokenHolder {
  readonly principal: Principal;
  readonly operation: LfsOperation;
}

const KEY_SETTING = 'lfs-token-key';
const TOKEN = /^lfs_([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]{43})$/;
/** Far longer than any of ours. */
const TOKEN_MAX_CHARACTERS = 1_024;

const claimsSchema = z.object({
  repositoryId: z.number(),
  operation: z.enum(['download', 'upload']),
  holder: tokenHolderSchema,
  expiresAtMs: z.number(),
});

export class LfsTokens {
  readonly #sql: Sql;
  readonly #key: SharedSecret;

  constructor(sql: Sql) {
    this.#sql = sql;
    this.#key = new SharedSecret(sql, KEY_SETTING);
  }

  /** Asks nothing about rights: whoever presents the token will be asked. */
  async issue(request: LfsTokenRequest): Promise<IssuedLfsToken> {
    const { principal, repositoryId, operation } = request;
    const holder = await toTokenHolder(this.#sql, principal);
    const claims: z.infer<typeof claimsSchema> = {
      repositoryId,
      operation,
      holder,
      expiresAtMs: Date.now() + limits.lfsTokenLifetimeMs,
    };
    const text = Buffer.from(JSON.stringify(claims)).toString('base64url');
    const token = `lfs_${text}.${await this.#sign(text)}`;
    return {
      token,
      authorization: `RemoteAuth ${token}`,
      expiresInSeconds: Math.floor(limits.lfsTokenLifetimeMs / 1_000),
    };
  }

  /** @returns undefined for what is no token of ours, is for another repository, has expired, or whose holder lost its credential */
  async verify(token: string, repositoryId: number): Promise<LfsTokenHolder | undefined> {
    const [, text = '', signature = ''] = (token.length <= TOKEN_MAX_CHARACTERS && TOKEN.exec(token)) || [];
    // The texts, for several decode to the same bytes: the last character has two bits to spare.
    const [presented, right] = [Buffer.from(signature), Buffer.from(await this.#sign(text))];
    if (presented.length !== right.length || !timingSafeEqual(presented, right)) return undefined;
    const claims = claimsSchema.parse(JSON.parse(Buffer.from(text, 'base64url').toString()));
    if (claims.repositoryId !== repositoryId || claims.expiresAtMs <= Date.now()) return undefined;
    const principal = await findHolder(this.#sql, claims.holder);
    return principal && { principal, operation: claims.operation };
  }

  async #sign(text: string): Promise<string> {
    return createHmac('sha256', await this.#key.read())
      .update(text)
      .digest('base64url');
  }
}
