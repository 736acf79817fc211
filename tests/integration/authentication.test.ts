/** Every door's entry, on a real database: passwords, tokens and cookies in all the forms in which clients send them. */
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Authentication } from '#auth/authenticate.ts';
import type { UserPrincipal } from '#auth/principal.ts';
import { Sessions } from '#auth/session.ts';
import { createTestAccounts, createTestUser, PASSWORD, type TestAccounts } from '../support/accounts.ts';
import { hasDatabase } from '../support/database.ts';

const basic = (name: string, password: string) => `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;

/** A cache that forgets everything at once. */
const MEMORY_OF_NOTHING = {
  get: () => Promise.resolve(undefined),
  delete: () => Promise.resolve(),
  check: () => Promise.resolve(),
  close: () => Promise.resolve(),
};

describe.skipIf(!hasDatabase)('authentication', () => {
  let forge: TestAccounts;
  let ada: UserPrincipal;

  beforeAll(async () => {
    forge = await createTestAccounts();
    ada = await createTestUser(forge.workflows, 'Ada');
  });

  afterAll(() => forge.close());

  const authenticate = (
    headers: Record<string, string>,
    options: { method?: string; cookies?: 'accepted' | 'ignored'; clientAddress?: string } = {},
  ): Promise<Authentication> =>
    forge.authenticator.authenticate({
      method: options.method ?? 'GET',
      headers,
      clientAddress: options.clientAddress ?? '192.0.2.1',
      cookies: options.cookies ?? 'accepted',
    });

  const signIn = async (name = 'ada', cookieHeader?: string) => {
    const attempt = { name, password: PASSWORD, clientAddress: '192.0.2.1' };
    const outcome = await forge.signIn.signIn(attempt, { userAgent: 'test', cookieHeader });
    if (outcome.kind !== 'signed-in') throw new Error(outcome.kind);
    return { ...outcome, cookie: outcome.setCookie.split(';')[0] ?? '' };
  };

  const issue = async (userId: number, scopes: readonly ('repo' | 'public_repo')[], expiresAt?: Date) => {
    const outcome = await forge.tokens.issue({ userId, note: 'test', scopes, expiresAt });
    if (outcome.kind !== 'issued') throw new Error(outcome.kind);
    return outcome;
  };

  test('no credential makes the anonymous principal', async () => {
    expect(await authenticate({})).toEqual({ kind: 'authenticated', principal: { kind: 'anonymous' } });
  });

  test('a password works in Basic, by login in any case or by e-mail address', async () => {
    const expected = { kind: 'authenticated', principal: { ...ada, credential: { kind: 'password' } } };
    expect(await authenticate({ authorization: basic('ada', PASSWORD) })).toEqual(expected);
    expect(await authenticate({ authorization: basic('ADA@example.org', PASSWORD) })).toEqual(expected);
  });

  test('a token carries the same scopes in every form', async () => {
    const { secret, token } = await issue(ada.userId, ['public_repo']);
    const credential = { kind: 'token', tokenId: token.id, scopes: ['public_repo'] };
    const forms = [
      `Bearer ${secret}`,
      `token ${secret}`,
      basic('ada', secret),
      basic('anybody', secret),
      basic('x-access-token', secret),
      basic(secret, 'x-oauth-basic'),
      basic(secret, ''),
    ];
    for (const authorization of forms) {
      expect(await authenticate({ authorization })).toEqual({
        kind: 'authenticated',
        principal: { ...ada, credential },
      });
    }
  });

  test.each([
    ['a wrong password', basic('ada', 'wrong horse battery')],
    ['an unknown user', basic('nobody', PASSWORD)],
    ['an empty password', basic('ada', '')],
    ['an unknown token', 'Bearer och_0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'],
    ['a password as Bearer', `Bearer ${PASSWORD.replaceAll(' ', '')}`],
    ['another scheme', 'Digest username="ada"'],
    ['NUL', basic('ada\0', PASSWORD)],
  ])('%s proves nothing', async (_, authorization) => {
    expect(await authenticate({ authorization })).toEqual({ kind: 'invalid' });
  });

  test('a wrong Authorization header is not made good by a cookie', async () => {
    const { cookie } = await signIn();
    expect(await authenticate({ authorization: 'Bearer nonsense', cookie })).toEqual({ kind: 'invalid' });
  });

  test('an expired token, and one that was revoked, prove nothing', async () => {
    const expired = await issue(ada.userId, ['repo'], new Date(Date.now() - 1000));
    expect(await authenticate({ authorization: `token ${expired.secret}` })).toEqual({ kind: 'invalid' });
    const revoked = await issue(ada.userId, ['repo']);
    expect(await forge.tokens.revoke(ada.userId + 1, revoked.token.id)).toBe(false);
    for (const noId of [Number.NaN, 1e20, 1.5]) expect(await forge.tokens.revoke(ada.userId, noId)).toBe(false);
    expect(await forge.tokens.revoke(ada.userId, revoked.token.id)).toBe(true);
    expect(await authenticate({ authorization: `token ${revoked.secret}` })).toEqual({ kind: 'invalid' });
  });

  test('the use of a token is noted, and its secret is nowhere in the database', async () => {
    const { secret, token } = await issue(ada.userId, ['repo']);
    await authenticate({ authorization: `token ${secret}` });
    const [record] = (await forge.tokens.list(ada.userId)).filter((candidate) => candidate.id === token.id);
    expect(record?.lastUsedAt).toBeInstanceOf(Date);
    const [row] = await forge.database.sql`select * from access_token where id = ${token.id}`;
    expect(row?.['token_hash']).toEqual(createHash('sha256').update(secret).digest());
    expect(JSON.stringify(row)).not.toContain(secret.slice(0, 20));
  });

  test('the use of a token is noted once a minute, not at every request', async () => {
    const { secret, token } = await issue(ada.userId, ['repo']);
    const { sql } = forge.database;
    const lastUse = async () => (await sql`select xmin::text from access_token where id = ${token.id}`)[0]?.['xmin'];
    await authenticate({ authorization: `token ${secret}` });
    const first = await lastUse();
    await authenticate({ authorization: `token ${secret}` });
    expect(await lastUse()).toBe(first);
    await sql`update access_token set last_used_at = now() - interval '2 minutes' where id = ${token.id}`;
    const aged = await lastUse();
    await authenticate({ authorization: `token ${secret}` });
    expect(await lastUse()).not.toBe(aged);
  });

  test('signing in starts a session that reads with the cookie alone', async () => {
    const { cookie, sessionId } = await signIn();
    const expected = { kind: 'authenticated', principal: { ...ada, credential: { kind: 'session', sessionId } } };
    expect(await authenticate({ cookie })).toEqual(expected);
    expect(await authenticate({ cookie: `other=%E0%A4%A; ${cookie}; more=1` })).toEqual(expected);
    expect(await authenticate({ cookie }, { cookies: 'ignored' })).toMatchObject({ principal: { kind: 'anonymous' } });
  });

  test('a cookie writes only when the request comes from our own pages', async () => {
    const { cookie } = await signIn();
    const write = (headers: Record<string, string>) => authenticate({ cookie, ...headers }, { method: 'POST' });
    expect(await write({})).toEqual({ kind: 'cross-site' });
    expect(await write({ origin: 'https://evil.example' })).toEqual({ kind: 'cross-site' });
    expect(await write({ 'sec-fetch-site': 'cross-site' })).toEqual({ kind: 'cross-site' });
    expect(await write({ origin: 'http://localhost:3000' })).toMatchObject({ principal: { kind: 'user' } });
    expect(await write({ 'sec-fetch-site': 'same-origin' })).toMatchObject({ principal: { kind: 'user' } });
  });

  test('the database and the principal hold a hash of what the cookie says', async () => {
    const { cookie, sessionId } = await signIn();
    const secret = cookie.split('=')[1] ?? '';
    expect(sessionId).toBe(createHash('sha256').update(secret).digest('hex'));
    const rows = await forge.database.sql`select * from session where id_hash = ${sessionId}`;
    expect(rows).toHaveLength(1);
    expect(JSON.stringify(rows)).not.toContain(secret);
    expect(await authenticate({ cookie: `och_session=${sessionId}` })).toMatchObject({
      principal: { kind: 'anonymous' },
    });
  });

  test('signing in again gives another session and ends the one before', async () => {
    const first = await signIn();
    await authenticate({ cookie: first.cookie });
    const second = await signIn('ada', first.cookie);
    expect(second.sessionId).not.toBe(first.sessionId);
    expect(await authenticate({ cookie: first.cookie })).toMatchObject({ principal: { kind: 'anonymous' } });
    expect(await authenticate({ cookie: second.cookie })).toMatchObject({ principal: { kind: 'user' } });
  });

  test('signing out ends the session at once, also one that the cache holds', async () => {
    const { cookie, sessionId } = await signIn();
    await authenticate({ cookie });
    await forge.sessions.end(sessionId);
    expect(await authenticate({ cookie })).toMatchObject({ principal: { kind: 'anonymous' } });
  });

  test('a copy that a slow reader caches after the end does not revive a session', async () => {
    const { cookie, sessionId } = await signIn();
    await authenticate({ cookie });
    const copy = await forge.cache.get(`session:${sessionId}`);
    expect(copy).toBeDefined();
    await forge.sessions.end(sessionId);
    await forge.cache.set(`session:${sessionId}`, copy ?? '', 60_000);
    expect(await authenticate({ cookie })).toMatchObject({ principal: { kind: 'anonymous' } });
  });

  test('a session is read while the cache cannot be reached', async () => {
    const { cookie } = await signIn();
    const unreachable = () => Promise.reject(new Error('connection refused'));
    const cache = { ...MEMORY_OF_NOTHING, set: unreachable, increment: unreachable };
    const sessions = new Sessions(forge.database.sql, cache, new URL('http://localhost:3000'));
    expect(await sessions.find(cookie)).toMatchObject({ user: { login: 'Ada' } });
  });

  test('an expired session is none, and its row goes', async () => {
    const { cookie, sessionId } = await signIn();
    await forge.database.sql`
      update session set expires_at = now() - interval '1 second' where id_hash = ${sessionId}`;
    expect(await authenticate({ cookie })).toMatchObject({ principal: { kind: 'anonymous' } });
    expect(await forge.database.sql`select 1 from session where id_hash = ${sessionId}`).toHaveLength(0);
  });

  test('use renews a session past half of its time', async () => {
    const { cookie, sessionId } = await signIn();
    await forge.database.sql`
      update session set expires_at = now() + interval '3 days' where id_hash = ${sessionId}`;
    await authenticate({ cookie });
    const [row] = await forge.database.sql<{ days: number }[]>`
      select extract(day from expires_at - now())::int as days from session where id_hash = ${sessionId}`;
    expect(row?.days).toBeGreaterThan(20);
  });

  test('changing the password ends every session and refuses the old one', async () => {
    const eve = await createTestUser(forge.workflows, 'eve');
    const { cookie } = await signIn('eve');
    await authenticate({ cookie });
    const change = {
      userId: eve.userId,
      login: 'eve',
      newPassword: 'another horse battery',
      clientAddress: '192.0.2.1',
    };
    const refused = await forge.workflows.changePassword({ ...change, currentPassword: 'wrong' });
    expect(refused).toEqual({ kind: 'wrong-password' });
    expect(await authenticate({ cookie })).toMatchObject({ principal: { kind: 'user' } });
    const changed = await forge.workflows.changePassword({ ...change, currentPassword: PASSWORD });
    expect(changed).toEqual({ kind: 'changed' });
    expect(await authenticate({ cookie })).toMatchObject({ principal: { kind: 'anonymous' } });
    expect(await authenticate({ authorization: basic('eve', PASSWORD) })).toEqual({ kind: 'invalid' });
    expect(await authenticate({ authorization: basic('eve', change.newPassword) })).toMatchObject({
      principal: { kind: 'user' },
    });
  });

  test('a suspended user is refused at every door, and let in again when reinstated', async () => {
    const mal = await createTestUser(forge.workflows, 'mal');
    const { secret } = await issue(mal.userId, ['repo']);
    const { cookie } = await signIn('mal');
    await authenticate({ cookie });
    await forge.workflows.suspendUser(mal.userId);
    expect(await authenticate({ cookie })).toMatchObject({ principal: { kind: 'anonymous' } });
    expect(await authenticate({ authorization: `Bearer ${secret}` })).toEqual({ kind: 'invalid' });
    expect(await authenticate({ authorization: basic('mal', PASSWORD) })).toEqual({ kind: 'invalid' });
    await forge.workflows.reinstateUser(mal.userId);
    expect(await authenticate({ authorization: `Bearer ${secret}` })).toMatchObject({ principal: { kind: 'user' } });
  });

  test('a hash with older parameters is renewed at sign-in', async () => {
    const { hash } = await import('@node-rs/argon2');
    const old = await createTestUser(forge.workflows, 'old');
    const weak = await hash(PASSWORD, { memoryCost: 8_192, timeCost: 1 });
    const { sql } = forge.database;
    await sql`update user_credential set password_hash = ${weak} where user_id = ${old.userId}`;
    await signIn('old');
    const [row] = await sql`select password_hash from user_credential where user_id = ${old.userId}`;
    expect(row?.['password_hash']).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  });

  test('wrong passwords from one network are cut off, whatever the account, and right ones are not counted', async () => {
    const guess = (name: string, password: string) =>
      authenticate({ authorization: basic(name, password) }, { clientAddress: '2001:db8::1' });
    for (let success = 0; success < 25; success++) await guess('ada', PASSWORD);
    for (let attempt = 0; attempt < 20; attempt++) {
      expect(await guess(`nobody-${attempt}`, 'wrong')).toEqual({ kind: 'invalid' });
    }
    expect(await guess('ada', PASSWORD)).toEqual({ kind: 'rate-limited', retryAfterMs: expect.any(Number) });
    const elsewhere = authenticate({ authorization: basic('ada', PASSWORD) }, { clientAddress: '2001:db8:0:1::1' });
    expect(await elsewhere).toMatchObject({ kind: 'authenticated' });
  });

  test('wrong passwords for one account are cut off, wherever they come from; its sessions and tokens go on', async () => {
    const tom = await createTestUser(forge.workflows, 'tom');
    const { cookie } = await signIn('tom');
    const { secret } = await issue(tom.userId, ['repo']);
    const guess = (index: number, password: string) =>
      authenticate({ authorization: basic('TOM', password) }, { clientAddress: `198.51.100.${index}` });
    const guesses = await Promise.all(Array.from({ length: 60 }, (_, index) => guess(index, 'wrong')));
    expect(guesses.filter((outcome) => outcome.kind === 'invalid')).toHaveLength(50);
    expect(await guess(99, PASSWORD)).toMatchObject({ kind: 'rate-limited' });
    expect(await authenticate({ cookie })).toMatchObject({ principal: { login: 'tom' } });
    expect(await authenticate({ authorization: `token ${secret}` })).toMatchObject({ principal: { login: 'tom' } });
  });
});

describe.skipIf(!hasDatabase)('the session cookie', () => {
  test.each([
    ['http://localhost:3000', 'och_session', false],
    ['https://forge.example', '__Host-och_session', true],
  ])('at %s it is called %s', async (publicUrl, name, secure) => {
    const forge = await createTestAccounts({ publicUrl });
    const user = await createTestUser(forge.workflows, 'ada');
    const { setCookie } = await forge.sessions.start(user.userId, { clientAddress: '192.0.2.1', userAgent: undefined });
    const [pair, ...attributes] = setCookie.split('; ');
    expect(pair?.split('=')[0]).toBe(name);
    expect(attributes).toEqual(expect.arrayContaining(['HttpOnly', 'SameSite=Lax', 'Path=/']));
    expect(attributes.includes('Secure')).toBe(secure);
    expect(forge.sessions.clearingCookie()).toMatch(new RegExp(`^${name}=; .*Max-Age=0`));
    await forge.close();
  });
});
