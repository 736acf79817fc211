/** LFS tokens: what they open, and that they end with what they came from. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { LfsTokens } from '#auth/lfs-token.ts';
import { ANONYMOUS, type Principal, type UserPrincipal } from '#auth/principal.ts';
import { limits } from '#limits.ts';
import { createTestAccounts, createTestUser, type TestAccounts } from '../support/accounts.ts';
import { hasDatabase } from '../support/database.ts';

const REPOSITORY = 7;

describe.skipIf(!hasDatabase)('LFS tokens', () => {
  let accounts: TestAccounts;
  let tokens: LfsTokens;
  let user: UserPrincipal;
  let count = 0;

  beforeAll(async () => {
    accounts = await createTestAccounts({ rateLimits: 'off' });
    tokens = new LfsTokens(accounts.database.sql);
  });
  afterAll(() => accounts.close());

  beforeEach(async () => {
    user = await createTestUser(accounts.workflows, `user-${++count}`);
  });
  afterEach(() => void vi.useRealTimers());

  async function issue(principal: Principal, operation: 'download' | 'upload' = 'upload'): Promise<string> {
    return (await tokens.issue({ principal, repositoryId: REPOSITORY, operation })).token;
  }

  test('speak for whom they were issued to, in the one repository', async () => {
    const issued = await tokens.issue({ principal: user, repositoryId: REPOSITORY, operation: 'download' });
    expect(issued).toMatchObject({ authorization: `RemoteAuth ${issued.token}`, expiresInSeconds: 3_600 });
    expect(await tokens.verify(issued.token, REPOSITORY)).toEqual({ principal: user, operation: 'download' });
    expect(await tokens.verify(issued.token, REPOSITORY + 1)).toBeUndefined();
  });

  test('are the same to every process', async () => {
    const others = Array.from({ length: 5 }, () => new LfsTokens(accounts.database.sql));
    const issued = await Promise.all(
      others.map((other) => other.issue({ principal: user, repositoryId: REPOSITORY, operation: 'upload' })),
    );
    for (const { token } of issued) expect(await tokens.verify(token, REPOSITORY)).toBeDefined();
  });

  test('expire', async () => {
    const token = await issue(user);
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + limits.lfsTokenLifetimeMs - 5_000 });
    expect(await tokens.verify(token, REPOSITORY)).toBeDefined();
    vi.setSystemTime(Date.now() + 5_001);
    expect(await tokens.verify(token, REPOSITORY)).toBeUndefined();
  });

  test('are nothing once any part is changed', async () => {
    const token = await issue(user, 'download');
    const [, claims = '', signature = ''] = /^lfs_(.+)\.(.+)$/.exec(token) ?? [];
    const widened = Buffer.from(String(Buffer.from(claims, 'base64url')).replace('download', 'upload')).toString(
      'base64url',
    );
    const tampered = [
      '',
      'lfs_',
      claims,
      `lfs_${claims}`,
      `lfs_${claims}.`,
      `lfs_${claims}.${'A'.repeat(43)}`,
      `lfs_${widened}.${signature}`,
      `${token}A`,
      `lfs_.${signature}`,
      `lfs_${'A'.repeat(100_000)}.${signature}`,
    ];
    // Characters that decode to the same bytes as the last one.
    for (const last of 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_') {
      if (!token.endsWith(last)) tampered.push(token.slice(0, -1) + last);
    }
    for (const text of tampered) expect(await tokens.verify(text, REPOSITORY), text.slice(0, 80)).toBeUndefined();
  });

  test('end when the user is suspended', async () => {
    const token = await issue(user);
    await accounts.database.sql`update user_credential set suspended_at = now() where user_id = ${user.userId}`;
    expect(await tokens.verify(token, REPOSITORY)).toBeUndefined();
  });

  test('end with the password they came from, and carry what the user is now', async () => {
    const token = await issue(user);
    await accounts.database.sql`update user_credential set site_admin = true where user_id = ${user.userId}`;
    expect(await tokens.verify(token, REPOSITORY)).toMatchObject({ principal: { siteAdmin: true } });
    await accounts.database.sql`update user_credential set password_hash = 'another' where user_id = ${user.userId}`;
    expect(await tokens.verify(token, REPOSITORY)).toBeUndefined();
  });

  test('end with the access token they came from, and carry its scopes', async () => {
    const made = await accounts.tokens.issue({ userId: user.userId, note: '', scopes: ['public_repo'] });
    if (made.kind !== 'issued') throw new Error(made.kind);
    const credential = { kind: 'token', tokenId: made.token.id, scopes: ['public_repo'] } as const;
    const token = await issue({ ...user, credential });
    expect(await tokens.verify(token, REPOSITORY)).toMatchObject({ principal: { credential } });
    await accounts.tokens.revoke(user.userId, made.token.id);
    expect(await tokens.verify(token, REPOSITORY)).toBeUndefined();
  });

  test('end with the session they came from', async () => {
    const { sessionId } = await accounts.sessions.start(user.userId, { clientAddress: '127.0.0.1', userAgent: '' });
    const token = await issue({ ...user, credential: { kind: 'session', sessionId } });
    expect(await tokens.verify(token, REPOSITORY)).toBeDefined();
    await accounts.sessions.end(sessionId);
    expect(await tokens.verify(token, REPOSITORY)).toBeUndefined();
  });

  test("end with the user's key that they came from", async () => {
    const keyId = await insertKey({ userId: user.userId });
    const token = await issue({ ...user, credential: { kind: 'ssh-key', keyId } });
    expect(await tokens.verify(token, REPOSITORY)).toMatchObject({ principal: { credential: { keyId } } });
    await accounts.database.sql`delete from ssh_key where id = ${keyId}`;
    expect(await tokens.verify(token, REPOSITORY)).toBeUndefined();
  });

  test('end with the deploy key that they came from', async () => {
    const outcome = await accounts.catalog.create(user, {
      ownerId: user.userId,
      name: 'deployed',
      visibility: 'private',
    });
    if (outcome.kind !== 'created') throw new Error(outcome.kind);
    const repositoryId = outcome.repository.id;
    const keyId = await insertKey({ repositoryId });
    const key = { kind: 'deploy-key', keyId, title: 'key', repositoryId, readOnly: true } as const;
    const { token } = await tokens.issue({ principal: key, repositoryId, operation: 'download' });
    expect(await tokens.verify(token, repositoryId)).toEqual({ principal: key, operation: 'download' });
    await accounts.database.sql`delete from ssh_key where id = ${keyId}`;
    expect(await tokens.verify(token, repositoryId)).toBeUndefined();
  });

  test('may speak for nobody', async () => {
    expect(await tokens.verify(await issue(ANONYMOUS, 'download'), REPOSITORY)).toMatchObject({ principal: ANONYMOUS });
  });

  async function insertKey(owner: { userId?: number; repositoryId?: number }): Promise<number> {
    const [row] = await accounts.database.sql<[{ id: number }]>`
      insert into ssh_key (user_id, repository_id, title, public_key, fingerprint)
      values (${owner.userId ?? null}, ${owner.repositoryId ?? null}, 'key', 'ssh-ed25519 AAAA', ${`SHA256:${++count}`})
      returning id`;
    return row.id;
  }
});
