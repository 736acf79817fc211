/** Users, organizations, addresses and sign-up on a real database. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ANONYMOUS, type UserPrincipal } from '#auth/principal.ts';
import { createTestAccounts, createTestUser, PASSWORD, type TestAccounts } from '../support/accounts.ts';
import { hasDatabase } from '../support/database.ts';

describe.skipIf(!hasDatabase)('accounts', () => {
  let forge: TestAccounts;
  let ada: UserPrincipal;
  let bob: UserPrincipal;

  beforeAll(async () => {
    forge = await createTestAccounts();
    ada = await createTestUser(forge.workflows, 'Ada');
    bob = await createTestUser(forge.workflows, 'bob');
  });

  afterAll(() => forge.close());

  const createOrganization = async (login: string) => {
    const outcome = await forge.workflows.createOrganization({ login, ownerUserId: ada.userId });
    if (outcome.kind !== 'created') throw new Error(outcome.kind);
    return outcome.organizationId;
  };

  test('a user is found by login in any case', async () => {
    const record = await forge.directory.find('ADA', ANONYMOUS);
    expect(record).toMatchObject({ accountId: ada.userId, kind: 'user', login: 'Ada', siteAdmin: false });
    expect(await forge.directory.findById(ada.userId, ANONYMOUS)).toEqual(record);
    expect(await forge.directory.find('nobody', ANONYMOUS)).toBeUndefined();
    expect(await forge.directory.find('ada\0', ANONYMOUS)).toBeUndefined();
  });

  test('users and organizations share their names, however many ask at once', async () => {
    const outcomes = await Promise.all([
      forge.workflows.createUser({ login: 'Shared' }),
      forge.workflows.createUser({ login: 'shared' }),
      forge.workflows.createOrganization({ login: 'SHARED', ownerUserId: ada.userId }),
    ]);
    expect(outcomes.map((outcome) => outcome.kind).sort()).toEqual(['created', 'login-taken', 'login-taken']);
  });

  test('a user who cannot be leaves nothing behind', async () => {
    const attempt = (changes: object) =>
      forge.workflows.createUser({ login: 'half-made', password: PASSWORD, ...changes });
    expect(await attempt({ login: '../etc' })).toMatchObject({ kind: 'invalid', field: 'login' });
    expect(await attempt({ password: 'short' })).toMatchObject({ kind: 'invalid', field: 'password' });
    expect(await attempt({ email: 'not an address' })).toMatchObject({ kind: 'invalid', field: 'email' });
    expect(await attempt({ name: 'two\nlines' })).toMatchObject({ kind: 'invalid', field: 'name' });
    expect(await attempt({ email: 'ADA@example.org' })).toEqual({ kind: 'email-taken' });
    expect(await forge.directory.find('half-made', ANONYMOUS)).toBeUndefined();
  });

  test('accounts are listed by kind and text, page by page', async () => {
    const organizationId = await createOrganization('listed-org');
    const list = (filter: object) => forge.directory.list({ page: 1, perPage: 100, ...filter }, ANONYMOUS);
    const users = await list({ kind: 'user' });
    expect(users.accounts.every((account) => account.kind === 'user')).toBe(true);
    expect(users.totalCount).toBe(users.accounts.length);
    const second = await list({ kind: 'user', page: 2, perPage: 1 });
    expect(second).toEqual({ accounts: [users.accounts[1]], totalCount: users.totalCount });
    expect((await list({ kind: 'user', afterId: users.accounts[0]?.accountId })).accounts[0]).toEqual(
      users.accounts[1],
    );
    expect((await list({ search: 'LISTED' })).accounts.map((account) => account.accountId)).toEqual([organizationId]);
    expect((await list({ search: '_' })).accounts).toEqual([]);
  });

  test('members come and go; their own role is a fact about the organization', async () => {
    const organizationId = await createOrganization('members-org');
    const roleOf = async (user: UserPrincipal) => (await forge.directory.find('members-org', user))?.membershipRole;
    const key = { organizationId, userId: bob.userId };
    expect([await roleOf(ada), await roleOf(bob)]).toEqual(['owner', undefined]);
    expect(await forge.workflows.setMembership(key, 'member')).toEqual({ kind: 'set' });
    expect(await roleOf(bob)).toBe('member');
    expect(await forge.workflows.setMembership(key, 'owner')).toEqual({ kind: 'set' });
    expect(await roleOf(bob)).toBe('owner');
    const { members, totalCount } = await forge.directory.membersOf(organizationId, { page: 1, perPage: 10 }, ada);
    expect(members.map((member) => [member.account.login, member.role])).toEqual([
      ['Ada', 'owner'],
      ['bob', 'owner'],
    ]);
    expect(totalCount).toBe(2);
    expect(await forge.workflows.removeMembership(key)).toEqual({ kind: 'removed' });
    expect(await forge.workflows.removeMembership(key)).toEqual({ kind: 'not-a-member' });
    expect(await roleOf(bob)).toBeUndefined();
    const organizations = await forge.directory.organizationsOf(ada.userId, bob);
    expect(organizations.map((member) => [member.account.login, member.role])).toContainEqual(['members-org', 'owner']);
  });

  test('an organization keeps its last owner, also when two leave at once', async () => {
    const organizationId = await createOrganization('kept-org');
    const [adas, bobs] = [ada, bob].map((user) => ({ organizationId, userId: user.userId }));
    if (adas === undefined || bobs === undefined) throw new Error('unreachable');
    expect(await forge.workflows.removeMembership(adas)).toEqual({ kind: 'last-owner' });
    expect(await forge.workflows.setMembership(adas, 'member')).toEqual({ kind: 'last-owner' });
    await forge.workflows.setMembership(bobs, 'owner');
    const outcomes = await Promise.all([
      forge.workflows.removeMembership(adas),
      forge.workflows.setMembership(bobs, 'member'),
    ]);
    expect(outcomes.filter((outcome) => outcome.kind === 'last-owner')).toHaveLength(1);
  });

  test('only users become members, and only of organizations', async () => {
    const [first, second] = [await createOrganization('outer-org'), await createOrganization('inner-org')];
    const setMember = (organizationId: number, userId: number) =>
      forge.workflows.setMembership({ organizationId, userId }, 'member');
    expect(await setMember(first, second)).toEqual({ kind: 'unknown' });
    expect(await setMember(ada.userId, bob.userId)).toEqual({ kind: 'unknown' });
    expect(await setMember(first, 999_999_999)).toEqual({ kind: 'unknown' });
  });

  test('addresses: the first is primary, another can become it, and the primary one stays', async () => {
    const outcome = await forge.workflows.createUser({ login: 'mailer' });
    if (outcome.kind !== 'created') throw new Error(outcome.kind);
    const { userId } = outcome.user;
    expect(await forge.workflows.addEmail(userId, 'one@example.org')).toEqual({ kind: 'added' });
    expect(await forge.workflows.addEmail(userId, 'Two@Example.org')).toEqual({ kind: 'added' });
    expect(await forge.workflows.addEmail(bob.userId, 'two@example.org')).toEqual({ kind: 'email-taken' });
    const [primary, other] = await forge.directory.emailsOf(userId);
    expect(primary).toMatchObject({ address: 'one@example.org', isPrimary: true });
    expect(other).toMatchObject({ address: 'Two@Example.org', isPrimary: false });
    expect(await forge.workflows.removeEmail(userId, primary?.id ?? 0)).toEqual({ kind: 'primary' });
    expect(await forge.workflows.makeEmailPrimary(bob.userId, other?.id ?? 0)).toBe(false);
    expect(await forge.workflows.makeEmailPrimary(userId, other?.id ?? 0)).toBe(true);
    expect(await forge.workflows.removeEmail(userId, primary?.id ?? 0)).toEqual({ kind: 'removed' });
    expect(await forge.workflows.removeEmail(userId, primary?.id ?? 0)).toEqual({ kind: 'unknown' });
    expect(await forge.directory.emailsOf(userId)).toMatchObject([{ address: 'Two@Example.org', isPrimary: true }]);
  });

  test('a profile changes in what is named; null clears', async () => {
    expect(await forge.workflows.updateProfile(bob.userId, { name: 'Bob B.', description: 'builds' })).toEqual({
      kind: 'updated',
    });
    await forge.workflows.updateProfile(bob.userId, { description: null });
    expect(await forge.directory.findById(bob.userId, ada)).toMatchObject({ name: 'Bob B.', description: undefined });
    expect(await forge.workflows.updateProfile(bob.userId, { name: 'x\0' })).toMatchObject({ kind: 'invalid' });
  });

  test('an administrator sets a password for a user who has none', async () => {
    const outcome = await forge.workflows.createUser({ login: 'late' });
    if (outcome.kind !== 'created') throw new Error(outcome.kind);
    const attempt = { name: 'late', password: PASSWORD, clientAddress: '192.0.2.1' };
    expect(await forge.signIn.verify(attempt)).toEqual({ kind: 'refused' });
    expect(await forge.workflows.setPassword(outcome.user.userId, 'short')).toMatchObject({ kind: 'invalid' });
    expect(await forge.workflows.setPassword(outcome.user.userId, PASSWORD)).toEqual({ kind: 'changed' });
    expect(await forge.signIn.verify(attempt)).toMatchObject({ kind: 'verified' });
  });

  test('whoever signs up has an account; ten attempts an hour from one network', async () => {
    const request = { login: 'newcomer', email: 'new@example.org', password: PASSWORD, clientAddress: '203.0.113.5' };
    expect(await forge.workflows.signUp(request)).toMatchObject({ kind: 'created', user: { login: 'newcomer' } });
    expect(await forge.workflows.signUp(request)).toEqual({ kind: 'login-taken' });
    expect(await forge.workflows.signUp({ ...request, login: 'no-mail', email: '' })).toMatchObject({ field: 'email' });
    for (let attempt = 3; attempt < 10; attempt++) await forge.workflows.signUp(request);
    expect(await forge.workflows.signUp(request)).toMatchObject({ kind: 'rate-limited' });
  });
});
