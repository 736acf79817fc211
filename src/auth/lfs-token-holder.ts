/**
 * Whom an LFS token speaks for: the principal written down small, and made whole again from the database each time, so that
 * it ends with what it came from. A suspended user, a removed key or token, another password: the token is worth nothing.
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Sql, SqlRunner } from '#db/client.ts';
import type { UserIdentity } from './identity.ts';
import {
  ANONYMOUS,
  type Credential,
  type DeployKeyPrincipal,
  type Principal,
  type UserPrincipal,
} from './principal.ts';
import { isScope } from './scope.ts';

const id = z.number().int();

export const tokenHolderSchema = z.union([
  z.object({ as: z.literal('anonymous') }),
  z.object({ as: z.literal('deploy-key'), id }),
  z.object({ as: z.literal('ssh-key'), userId: id, id }),
  z.object({ as: z.literal('ssh-certificate'), userId: id, expiresAtSeconds: z.number() }),
  z.object({ as: z.literal('token'), userId: id, id }),
  z.object({ as: z.literal('session'), userId: id, id: z.string() }),
  /** `mark` is a hash of the password's hash. */
  z.object({ as: z.literal('password'), userId: id, mark: z.string() }),
]);

export type TokenHolder = z.infer<typeof tokenHolderSchema>;
type UserHolder = Extract<TokenHolder, { userId: number }>;

export async function toTokenHolder(sql: Sql, principal: Principal): Promise<TokenHolder> {
  switch (principal.kind) {
    case 'anonymous':
      return { as: 'anonymous' };
    case 'deploy-key':
      return { as: 'deploy-key', id: principal.keyId };
    case 'user':
      return toUserHolder(sql, principal);
  }
}

async function toUserHolder(sql: Sql, { userId, credential }: UserPrincipal): Promise<UserHolder> {
  switch (credential.kind) {
    case 'ssh-key':
      return { as: 'ssh-key', userId, id: credential.keyId };
    case 'ssh-certificate':
      return { as: 'ssh-certificate', userId, expiresAtSeconds: credential.expiresAtSeconds };
    case 'token':
      return { as: 'token', userId, id: credential.tokenId };
    case 'session':
      return { as: 'session', userId, id: credential.sessionId };
    case 'password':
      return { as: 'password', userId, mark: (await findPasswordMark(sql, userId)) ?? '' };
  }
}

/** @returns undefined when what the holder proved itself with is there no longer */
export async function findHolder(sql: Sql, holder: TokenHolder): Promise<Principal | undefined> {
  if (holder.as === 'anonymous') return ANONYMOUS;
  if (holder.as === 'deploy-key') return findDeployKey(sql, holder.id);
  const [user, credential] = await Promise.all([findUser(sql, holder.userId), findCredential(sql, holder)]);
  return user && credential && { kind: 'user', ...user, credential };
}

async function findDeployKey(sql: Sql, keyId: number): Promise<DeployKeyPrincipal | undefined> {
  const [key] = await sql<Omit<DeployKeyPrincipal, 'kind'>[]>`
    select id as "keyId", title, repository_id as "repositoryId", read_only as "readOnly"
    from ssh_key where id = ${keyId} and repository_id is not null`;
  return key && { kind: 'deploy-key', ...key };
}

async function findUser(sql: Sql, userId: number): Promise<UserIdentity | undefined> {
  const [user] = await sql<UserIdentity[]>`
    select a.id as "userId", a.login, u.site_admin as "siteAdmin"
    from account a join user_credential u on u.user_id = a.id
    where a.id = ${userId} and u.suspended_at is null`;
  return user;
}

async function findCredential(sql: Sql, holder: UserHolder): Promise<Credential | undefined> {
  switch (holder.as) {
    case 'ssh-key': {
      const found = await sql`select 1 from ssh_key where id = ${holder.id} and user_id = ${holder.userId}`;
      return found.length > 0 ? { kind: 'ssh-key', keyId: holder.id } : undefined;
    }
    case 'ssh-certificate': {
      const { expiresAtSeconds } = holder;
      return expiresAtSeconds * 1_000 > Date.now() ? { kind: 'ssh-certificate', expiresAtSeconds } : undefined;
    }
    case 'token':
      return findAccessToken(sql, holder);
    case 'session': {
      const found = await sql`
        select 1 from session where id_hash = ${holder.id} and user_id = ${holder.userId} and expires_at > now()`;
      return found.length > 0 ? { kind: 'session', sessionId: holder.id } : undefined;
    }
    case 'password': {
      const mark = await findPasswordMark(sql, holder.userId);
      return mark === holder.mark ? { kind: 'password' } : undefined;
    }
  }
}

async function findAccessToken(
  sql: Sql,
  holder: Extract<UserHolder, { as: 'token' }>,
): Promise<Credential | undefined> {
  const [token] = await sql<{ scopes: string[] }[]>`
    select scopes from access_token
    where id = ${holder.id} and user_id = ${holder.userId} and (expires_at is null or expires_at > now())`;
  return token && { kind: 'token', tokenId: holder.id, scopes: token.scopes.filter(isScope) };
}

/** @returns undefined for a user without a password */
async function findPasswordMark(sql: SqlRunner, userId: number): Promise<string | undefined> {
  const [row] = await sql<{ passwordHash: string | null }[]>`
    select password_hash as "passwordHash" from user_credential where user_id = ${userId}`;
  return row?.passwordHash ? createHash('sha256').update(row.passwordHash).digest('base64url').slice(0, 22) : undefined;
}
