/** The catalogue of repositories on a real database. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decideAccess } from '#auth/policy.ts';
import { ANONYMOUS, type Principal, type UserPrincipal } from '#auth/principal.ts';
import type { Scope } from '#auth/scope.ts';
import type { RepositoryFilter } from '#repository/repository-query.ts';
import type { RepositoryRecord } from '#repository/repository-record.ts';
import { createTestAccounts, createTestUser, type TestAccounts } from '../support/accounts.ts';
import { hasDatabase } from '../support/database.ts';

const ALL: RepositoryFilter = { sort: 'full_name', direction: 'asc', page: 1, perPage: 100 };

describe.skipIf(!hasDatabase)('the repository catalogue', () => {
  let forge: TestAccounts;
  let ada: UserPrincipal;
  let bob: UserPrincipal;
  let root: UserPrincipal;
  let organizationId: number;

  beforeAll(async () => {
    forge = await createTestAccounts();
    ada = await createTestUser(forge.workflows, 'Ada');
    bob = await createTestUser(forge.workflows, 'bob');
    root = await createTestUser(forge.workflows, 'root-user', { siteAdmin: true });
    const organization = await forge.workflows.createOrganization({ login: 'Acme', ownerUserId: ada.userId });
    if (organization.kind !== 'created') throw new Error(organization.kind);
    organizationId = organization.organizationId;
    await forge.workflows.setMembership({ organizationId, userId: bob.userId }, 'member');
  });

  afterAll(() => forge.close());

  const create = async (
    name: string,
    options: { ownerId?: number; visibility?: 'public' | 'private'; description?: string } = {},
  ): Promise<RepositoryRecord> => {
    const request = { ownerId: ada.userId, visibility: 'public' as const, ...options, name };
    const outcome = await forge.catalog.create(ada, request);
    if (outcome.kind !== 'created') throw new Error(outcome.kind);
    return outcome.repository;
  };

  test('a repository is found by owner and name in any case, with all that is known of it', async () => {
    const created = await create('Engine.JS', { description: 'Analytical' });
    expect(created).toMatchObject({
      name: 'Engine.JS',
      ownerLogin: 'Ada',
      ownerId: ada.userId,
      ownerKind: 'user',
      description: 'Analytical',
      homepage: undefined,
      visibility: 'public',
      archived: false,
      objectFormat: 'sha1',
      headTarget: 'refs/heads/main',
      refsVersion: 0,
      packsVersion: 0,
      sizeBytes: 0,
      membershipRole: undefined,
      pushedAt: undefined,
    });
    expect(created.createdAt).toBeInstanceOf(Date);
    expect(await forge.catalog.find('ADA', 'engine.js', ANONYMOUS)).toEqual(created);
    expect(await forge.catalog.findById(created.id, ANONYMOUS)).toEqual(created);
  });

  test.each([
    ['ada', 'no-such-repository'],
    ['nobody', 'engine.js'],
    ['ada', 'engine.js.git'],
    ['ada', 'a/b'],
    ['ada\0', 'engine.js'],
    ['ada', 'engine\0'],
  ])('%j/%j is not found', async (owner, name) => {
    expect(await forge.catalog.find(owner, name, ada)).toBeUndefined();
  });

  test('the facts name the role of whoever asks', async () => {
    await create('shared', { ownerId: organizationId, visibility: 'private' });
    const roleOf = async (principal: Principal) =>
      (await forge.catalog.find('acme', 'shared', principal))?.membershipRole;
    expect([await roleOf(ada), await roleOf(bob), await roleOf(root), await roleOf(ANONYMOUS)]).toEqual([
      'owner',
      'member',
      undefined,
      undefined,
    ]);
  });

  test('a name is taken in one namespace, without regard to case, however many ask at once', async () => {
    const request = { ownerId: ada.userId, visibility: 'private' as const };
    const outcomes = await Promise.all(
      ['twin', 'TWIN', 'Twin', 'twin'].map((name) => forge.catalog.create(ada, { ...request, name })),
    );
    expect(outcomes.map((outcome) => outcome.kind).sort()).toEqual([
      'created',
      'name-taken',
      'name-taken',
      'name-taken',
    ]);
    expect(await forge.catalog.create(bob, { ...request, ownerId: bob.userId, name: 'twin' })).toMatchObject({
      kind: 'created',
    });
  });

  test('names and texts that cannot be are refused before anything is stored', async () => {
    const request = { ownerId: ada.userId, visibility: 'private' as const, name: 'refused' };
    const attempt = (changes: object) => forge.catalog.create(ada, { ...request, ...changes });
    expect(await attempt({ name: '../up' })).toMatchObject({ kind: 'invalid', field: 'name' });
    expect(await attempt({ description: 'x\0' })).toMatchObject({ kind: 'invalid', field: 'description' });
    expect(await attempt({ homepage: 'javascript:alert(1)' })).toMatchObject({ kind: 'invalid', field: 'homepage' });
    expect(await forge.catalog.find('ada', 'refused', ada)).toBeUndefined();
  });

  test('changes apply to what is named; null clears', async () => {
    const { id } = await create('plastic', { description: 'before' });
    const change = (changes: object) => forge.catalog.update(ada, id, changes);
    expect(await change({ visibility: 'private' })).toMatchObject({
      kind: 'updated',
      repository: { visibility: 'private', description: 'before' },
    });
    expect(await change({ description: null, archived: true, homepage: 'https://example.org' })).toMatchObject({
      repository: { description: undefined, archived: true, homepage: 'https://example.org', visibility: 'private' },
    });
    expect(await change({ name: 'Elastic' })).toMatchObject({ repository: { name: 'Elastic' } });
    expect(await forge.catalog.find('ada', 'plastic', ada)).toBeUndefined();
    expect(await change({ name: 'TWIN' })).toEqual({ kind: 'name-taken' });
    expect(await change({ name: 'x.git' })).toMatchObject({ kind: 'invalid' });
    expect(await forge.catalog.update(ada, 999_999_999, { archived: true })).toEqual({ kind: 'gone' });
  });

  test('deleting takes refs along and retires the packs that nobody else lists', async () => {
    const { sql } = forge.database;
    const [doomed, fork] = [await create('doomed'), await create('fork')];
    const [ownPack, sharedPack] = [randomUUID(), randomUUID()];
    await sql`insert into pack (id, state, source) values (${ownPack}, 'live', 'receive'), (${sharedPack}, 'live', 'receive')`;
    await sql`
      insert into repository_pack (repository_id, pack_id)
      values (${doomed.id}, ${ownPack}), (${doomed.id}, ${sharedPack}), (${fork.id}, ${sharedPack})`;
    await sql`insert into ref (repository_id, name, target) values (${doomed.id}, 'refs/heads/main', ${Buffer.alloc(20)})`;
    const stateOf = async (id: string) =>
      (await sql`select state, retired_at is not null as dated from pack where id = ${id}`)[0];

    expect(await forge.catalog.delete(doomed.id)).toBe(true);
    expect(await forge.catalog.findById(doomed.id, ada)).toBeUndefined();
    expect(await sql`select 1 from ref where repository_id = ${doomed.id}`).toHaveLength(0);
    expect(await stateOf(ownPack)).toEqual({ state: 'retired', dated: true });
    expect(await stateOf(sharedPack)).toEqual({ state: 'live', dated: false });

    expect(await forge.catalog.delete(fork.id)).toBe(true);
    expect(await stateOf(sharedPack)).toEqual({ state: 'retired', dated: true });
    expect(await forge.catalog.delete(fork.id)).toBe(false);
  });

  test('two forks deleted at once do not both leave their pack to the other', async () => {
    const { sql } = forge.database;
    const [left, right] = [await create('left'), await create('right')];
    const packId = randomUUID();
    await sql`insert into pack (id, state, source) values (${packId}, 'live', 'receive')`;
    await sql`
      insert into repository_pack (repository_id, pack_id) values (${left.id}, ${packId}), (${right.id}, ${packId})`;
    await Promise.all([forge.catalog.delete(left.id), forge.catalog.delete(right.id)]);
    expect(await sql`select state from pack where id = ${packId}`).toEqual([{ state: 'retired' }]);
  });

  test('only an empty repository is taken back', async () => {
    const { sql } = forge.database;
    const [empty, full] = [await create('empty'), await create('full')];
    await sql`insert into ref (repository_id, name, target) values (${full.id}, 'refs/heads/main', ${Buffer.alloc(20)})`;
    expect(await forge.catalog.deleteIfEmpty(empty.id)).toBe(true);
    expect(await forge.catalog.deleteIfEmpty(full.id)).toBe(false);
    expect(await forge.catalog.deleteIfEmpty(empty.id)).toBe(false);
  });

  test('a repository that a push fills at this moment is not taken back', async () => {
    const { id } = await create('filling');
    const filled = Promise.withResolvers<void>();
    const locked = Promise.withResolvers<void>();
    const push = forge.database.transaction(async (tx) => {
      await tx`select 1 from repository where id = ${id} for update`;
      locked.resolve();
      await filled.promise;
      await tx`insert into ref (repository_id, name, target) values (${id}, 'refs/heads/main', ${Buffer.alloc(20)})`;
      await tx`update repository set refs_version = refs_version + 1 where id = ${id}`;
    });
    await locked.promise;
    const removal = forge.catalog.deleteIfEmpty(id);
    await untilBlocked();
    filled.resolve();
    await push;
    expect(await removal).toBe(false);
    expect(await forge.catalog.findById(id, ada)).toBeDefined();
  });

  /** Resolves once a statement of this database waits for a lock. */
  async function untilBlocked(): Promise<void> {
    const { sql } = forge.database;
    for (;;) {
      const [waiting] = await sql`
        select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`;
      if (waiting !== undefined) return;
    }
  }

  test('lists hold exactly what the policy lets each principal read', async () => {
    await create('mine-public', { visibility: 'public' });
    await create('mine-private', { visibility: 'private' });
    await create('ours-public', { ownerId: organizationId, visibility: 'public' });
    await create('ours-private', { ownerId: organizationId, visibility: 'private' });
    const byToken = (user: UserPrincipal, ...scopes: Scope[]): UserPrincipal => ({
      ...user,
      credential: { kind: 'token', tokenId: 1, scopes },
    });
    const principals = [ANONYMOUS, ada, bob, root].concat(
      [ada, bob, root].flatMap((user) => [
        byToken(user),
        byToken(user, 'public_repo'),
        byToken(user, 'repo'),
        byToken(user, 'site_admin'),
        byToken(user, 'repo', 'site_admin'),
      ]),
    );
    const ids = await forge.database.sql<{ id: number }[]>`select id from repository order by id`;
    for (const principal of principals) {
      const listed = await forge.catalog.listVisible(principal, ALL);
      const readable: number[] = [];
      for (const { id } of ids) {
        const repository = await forge.catalog.findById(id, principal);
        if (repository === undefined) continue;
        const decision = decideAccess(principal, { action: 'repository:read', repository });
        if (decision.kind === 'allow') readable.push(id);
      }
      expect(listed.repositories.map((repository) => repository.id).sort((a, b) => a - b)).toEqual(readable);
      expect(listed.totalCount).toBe(readable.length);
    }
  });

  test('lists are narrowed, searched, sorted and paged', async () => {
    const names = async (filter: Partial<RepositoryFilter>) =>
      (await forge.catalog.listVisible(bob, { ...ALL, ...filter })).repositories.map((repository) => repository.name);
    expect(await names({ ownerId: organizationId })).toEqual(['ours-private', 'ours-public', 'shared']);
    expect(await names({ ownerId: organizationId, direction: 'desc' })).toEqual([
      'shared',
      'ours-public',
      'ours-private',
    ]);
    expect(await names({ affiliation: ['owner'] })).toEqual(['twin']);
    expect(await names({ affiliation: ['owner', 'organization_member'], visibility: 'private' })).toEqual([
      'ours-private',
      'shared',
      'twin',
    ]);
    expect(await names({ affiliation: [] })).toEqual([]);
    expect(await names({ search: 'ANALYT' })).toEqual(['Engine.JS']);
    expect(await names({ search: '%' })).toEqual([]);
    expect(await names({ sort: 'created', direction: 'desc', perPage: 1, ownerId: ada.userId })).toEqual([
      'mine-public',
    ]);
    for (const sort of ['created', 'updated', 'pushed', 'full_name'] as const) {
      const whole = await names({ sort });
      const first = await names({ sort, perPage: 3 });
      const second = await names({ sort, perPage: 3, page: 2 });
      expect([...first, ...second]).toEqual(whole.slice(0, 6));
    }
    const beyond = await forge.catalog.listVisible(bob, { ...ALL, ownerId: organizationId, page: 5 });
    expect(beyond).toEqual({ repositories: [], totalCount: 3 });
  });
});
