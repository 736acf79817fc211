/** The first start of a forge: by settings, or by the one-time code. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { completeSetup, isSetupComplete, prepareSetup } from '#account/first-administrator.ts';
import { signUp } from '#account/sign-up.ts';
import { RateLimiter } from '#auth/rate-limit.ts';
import { createTestAccounts, PASSWORD, type TestAccounts } from '../support/accounts.ts';
import { hasDatabase } from '../support/database.ts';

describe.skipIf(!hasDatabase)('a forge without users', () => {
  let forge: TestAccounts;

  beforeEach(async () => {
    forge = await createTestAccounts();
  });

  afterEach(() => forge.close());

  const countUsers = async () => (await forge.database.sql`select 1 from user_credential`).length;

  const waitForCode = async () => {
    const state = await prepareSetup(forge.database, undefined);
    if (state.kind !== 'waiting') throw new Error(state.kind);
    return state.code;
  };

  test('processes that start together print one code', async () => {
    const states = await Promise.all(Array.from({ length: 8 }, () => prepareSetup(forge.database, undefined)));
    expect(new Set(states.map((state) => JSON.stringify(state))).size).toBe(1);
    expect(states[0]).toEqual({ kind: 'waiting', code: expect.stringMatching(/^[a-z2-9]{20}$/) });
    expect(await isSetupComplete(forge.database)).toBe(false);
  });

  test('the code makes one administrator, however many send it at once', async () => {
    const code = await waitForCode();
    const outcomes = await Promise.all(
      ['ada', 'eve', 'mal'].map((login) =>
        completeSetup(forge.database, { code, login, email: `${login}@example.org`, password: PASSWORD }),
      ),
    );
    expect(outcomes.map((outcome) => outcome.kind).sort()).toEqual(['complete', 'complete', 'created']);
    expect(await countUsers()).toBe(1);
    expect(await isSetupComplete(forge.database)).toBe(true);
    expect(await prepareSetup(forge.database, undefined)).toEqual({ kind: 'complete' });
    expect(await forge.database.sql`select 1 from setting where key = 'setup-code'`).toHaveLength(0);
  });

  test('a wrong code makes nobody, and a wrong form keeps the code', async () => {
    const request = { code: await waitForCode(), login: 'ada', email: 'ada@example.org', password: PASSWORD };
    for (const code of ['', 'wrong', request.code.toUpperCase(), `${request.code}x`, '\0']) {
      expect(await completeSetup(forge.database, { ...request, code })).toEqual({ kind: 'wrong-code' });
    }
    expect(await completeSetup(forge.database, { ...request, login: 'setup' })).toMatchObject({ kind: 'invalid' });
    expect(await countUsers()).toBe(0);
    expect(await completeSetup(forge.database, { ...request, code: ` ${request.code}\n` })).toMatchObject({
      kind: 'created',
      user: { login: 'ada' },
    });
  });

  test('the administrator of the settings can sign in, and the token works with every scope', async () => {
    const settings = { username: 'Root-1', password: PASSWORD, token: 'any-text-of-20-chars' };
    const states = await Promise.all(Array.from({ length: 8 }, () => prepareSetup(forge.database, settings)));
    expect(states.filter((state) => state.kind === 'created')).toHaveLength(1);
    expect(states.filter((state) => state.kind === 'complete')).toHaveLength(7);
    const request = { method: 'GET', clientAddress: '192.0.2.1', cookies: 'ignored' } as const;
    const byToken = await forge.authenticator.authenticate({
      ...request,
      headers: { authorization: `token ${settings.token}` },
    });
    expect(byToken).toMatchObject({
      principal: {
        login: 'Root-1',
        siteAdmin: true,
        credential: {
          kind: 'token',
          scopes: expect.arrayContaining([
            'repo',
            'delete_repo',
            'admin:org',
            'user',
            'site_admin',
            'admin:public_key',
          ]),
        },
      },
    });
    const attempt = { name: 'root-1', password: PASSWORD, clientAddress: '192.0.2.1' };
    expect(await forge.signIn.verify(attempt)).toMatchObject({ kind: 'verified' });
  });

  test('the settings do not count once there is a user', async () => {
    await prepareSetup(forge.database, { username: 'first', password: PASSWORD, token: undefined });
    const settings = { username: 'second', password: PASSWORD, token: 'any-text-of-20-chars' };
    expect(await prepareSetup(forge.database, settings)).toEqual({ kind: 'complete' });
    expect(await countUsers()).toBe(1);
  });

  test.each([
    [{ username: 'api', password: PASSWORD, token: undefined }, 'login'],
    [{ username: 'root-1', password: 'short', token: undefined }, 'password'],
    [{ username: 'root-1', password: undefined, token: 'short' }, 'token'],
  ])('settings that cannot be make nobody: %o', async (settings, field) => {
    expect(await prepareSetup(forge.database, settings)).toMatchObject({ kind: 'invalid', field });
    expect(await countUsers()).toBe(0);
  });

  test.each(['invite', 'closed'] as const)('nobody signs up where SIGNUP is %s', async (mode) => {
    const rateLimiter = new RateLimiter(forge.cache, 'on');
    const request = { login: 'eve', email: 'eve@example.org', password: PASSWORD, clientAddress: '192.0.2.1' };
    expect(await signUp({ database: forge.database, rateLimiter, mode }, request)).toEqual({ kind: 'closed' });
  });
});
