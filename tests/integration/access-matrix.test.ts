/**
 * Every door x who x credential x visibility, against rules that are written down here by hand and know nothing of the policy.
 * A route of the API without a rule fails. What somebody may not see is compared with what does not exist, byte for byte.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROUTES } from '#api/routes.ts';
import { generateAccessToken } from '#auth/access-token.ts';
import type { UserPrincipal } from '#auth/principal.ts';
import type { Scope } from '#auth/scope.ts';
import { createTestAccounts, createTestUser, PASSWORD, type TestAccounts } from '../support/accounts.ts';
import { hasDatabase } from '../support/database.ts';
import { ForgeProcess } from '../support/forge-process.ts';
import { LFS_JSON } from '../support/lfs-forge.ts';
import { type RawAnswer, request } from '../support/raw-http.ts';

type Role = 'none' | 'read' | 'write' | 'admin';
type Namespace = 'ada' | 'guild';
/** Names of one length, so that answers which repeat them can be compared. */
const NAMES = { public: 'visible', private: 'cabinet', archived: 'library', missing: 'nothing' } as const;
type Visibility = keyof typeof NAMES;
const VISIBILITIES = Object.keys(NAMES) as Visibility[];

interface Caller {
  readonly name: string;
  /** The user that the credential proves; undefined for anonymous callers. */
  readonly login: string | undefined;
  readonly credential: 'none' | 'session' | 'password' | 'token' | 'invalid';
  readonly scopes: readonly Scope[];
  readonly headers: Readonly<Record<string, string>>;
  readonly namespaces: readonly Namespace[];
}

interface Place {
  readonly owner: Namespace;
  readonly visibility: Visibility;
  readonly repositoryId: number;
  readonly commitId: string;
}

interface Door {
  readonly name: string;
  readonly kind: 'rest' | 'git' | 'raw' | 'page';
  readonly method: string;
  readonly target: (place: Place) => string;
  readonly needs: Exclude<Role, 'none'> | 'delete';
  /** Of an allowed request; what changes something is sent so that it is refused after the access was decided. */
  readonly allowed: number;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

const base = ({ owner, visibility }: Place) => `/${owner}/${NAMES[visibility]}`;
const rest = (method: string, tail: string, needs: Door['needs'], allowed: number, body?: string): Door => ({
  name: `${method} /repos/…${tail}`,
  kind: 'rest',
  method,
  target: (place) => `/api/v3/repos${base(place)}${tail.replaceAll('{sha}', place.commitId)}`,
  needs,
  allowed,
  ...(body !== undefined && { body }),
});

/** By operation: how to ask, and what it takes. */
const REPOSITORY_OPERATIONS: Readonly<Record<string, Door>> = {
  'repos/get': rest('GET', '', 'read', 200),
  'repos/get-by-id': {
    ...rest('GET', '', 'read', 200),
    name: 'GET /repositories/{id}',
    target: ({ repositoryId }) => `/api/v3/repositories/${repositoryId}`,
  },
  'repos/update': rest('PATCH', '', 'admin', 422, '{"description":1}'),
  'repos/delete': rest('DELETE', '', 'delete', 204),
  'repos/list-branches': rest('GET', '/branches', 'read', 200),
  'repos/get-branch': rest('GET', '/branches/main', 'read', 200),
  'repos/list-tags': rest('GET', '/tags', 'read', 200),
  'repos/list-commits': rest('GET', '/commits', 'read', 200),
  'repos/get-commit': rest('GET', '/commits/{sha}', 'read', 200),
  'git/get-ref': rest('GET', '/git/ref/heads/main', 'read', 200),
  'git/list-matching-refs': rest('GET', '/git/matching-refs/heads', 'read', 200),
  'git/create-ref': rest('POST', '/git/refs', 'write', 422, '{}'),
  'git/update-ref': rest('PATCH', '/git/refs/heads/main', 'write', 422, '{}'),
  'git/delete-ref': rest('DELETE', '/git/refs/heads/none', 'write', 422),
  'git/get-commit': rest('GET', '/git/commits/{sha}', 'read', 200),
  'git/get-tree': rest('GET', '/git/trees/main', 'read', 200),
  'git/get-blob': rest('GET', '/git/blobs/{sha}', 'read', 404),
  'git/get-tag': rest('GET', '/git/tags/{sha}', 'read', 404),
  'repos/list-activities': rest('GET', '/activity', 'read', 200),
  'repos/get-push': rest('GET', '/pushes/1', 'write', 404),
  'repos/get-content': rest('GET', '/contents/README.md', 'read', 200),
  'repos/get-readme': rest('GET', '/readme', 'read', 200),
  'repos/download-tarball-archive': rest('GET', '/tarball/main', 'read', 302),
  'repos/download-zipball-archive': rest('GET', '/zipball/main', 'read', 302),
  'git-settings/get': rest('GET', '/git-settings', 'admin', 200),
  'git-settings/update': rest('PATCH', '/git-settings', 'admin', 422, '{"receive.frotz":true}'),
  'repos/list-deploy-keys': rest('GET', '/keys', 'admin', 200),
  'repos/create-deploy-key': rest('POST', '/keys', 'admin', 422, '{}'),
  'repos/get-deploy-key': rest('GET', '/keys/1', 'admin', 404),
  'repos/delete-deploy-key': rest('DELETE', '/keys/1', 'admin', 404),
};

interface AccountOperation {
  readonly method: string;
  readonly path: string;
  readonly body?: string;
  readonly rule: (caller: Caller) => number;
}

const isStranger = ({ credential }: Caller) => credential === 'none' || credential === 'session';
const hasOne = (caller: Caller, ...scopes: Scope[]) =>
  caller.credential !== 'token' || scopes.some((scope) => caller.scopes.includes(scope));
const everybody = () => 200;
const oneself = (caller: Caller) => (isStranger(caller) ? 401 : 200);
const administrators = (allowed: number) => (caller: Caller) => {
  if (isStranger(caller)) return 401;
  return caller.login === 'root' && hasOne(caller, 'site_admin') ? allowed : 403;
};

function keyHolders(allowed: number, ...scopes: Scope[]) {
  return (caller: Caller) => (isStranger(caller) ? 401 : hasOne(caller, ...scopes) ? allowed : 403);
}

/** What has no repository in its address. */
const ACCOUNT_OPERATIONS: Readonly<Record<string, AccountOperation>> = {
  'meta/root': { method: 'GET', path: '/', rule: everybody },
  'meta/get': { method: 'GET', path: '/meta', rule: everybody },
  'meta/get-openapi-document': { method: 'GET', path: '/openapi.json', rule: everybody },
  'rate-limit/get': { method: 'GET', path: '/rate_limit', rule: everybody },
  'users/get-by-username': { method: 'GET', path: '/users/ada', rule: everybody },
  'users/get-authenticated': { method: 'GET', path: '/user', rule: oneself },
  'users/list-public-keys-for-user': { method: 'GET', path: '/users/ada/keys', rule: everybody },
  'users/list-public-ssh-keys-for-authenticated-user': {
    method: 'GET',
    path: '/user/keys',
    rule: keyHolders(200, 'read:public_key', 'write:public_key', 'admin:public_key'),
  },
  'users/create-public-ssh-key-for-authenticated-user': {
    method: 'POST',
    path: '/user/keys',
    body: '{}',
    rule: keyHolders(422, 'write:public_key', 'admin:public_key'),
  },
  'users/get-public-ssh-key-for-authenticated-user': {
    method: 'GET',
    path: '/user/keys/1',
    rule: keyHolders(404, 'read:public_key', 'write:public_key', 'admin:public_key'),
  },
  'users/delete-public-ssh-key-for-authenticated-user': {
    method: 'DELETE',
    path: '/user/keys/1',
    rule: keyHolders(404, 'admin:public_key'),
  },
  'orgs/get': { method: 'GET', path: '/orgs/guild', rule: everybody },
  'orgs/list-for-authenticated-user': { method: 'GET', path: '/user/orgs', rule: oneself },
  'repos/list-for-authenticated-user': { method: 'GET', path: '/user/repos', rule: oneself },
  'repos/list-for-user': { method: 'GET', path: '/users/ada/repos', rule: everybody },
  'repos/list-for-org': { method: 'GET', path: '/orgs/guild/repos', rule: everybody },
  'repos/create-for-authenticated-user': {
    method: 'POST',
    path: '/user/repos',
    body: '{}',
    rule: (caller) => (isStranger(caller) ? 401 : hasOne(caller, 'public_repo', 'repo') ? 422 : 403),
  },
  'repos/create-in-org': {
    method: 'POST',
    path: '/orgs/guild/repos',
    body: '{}',
    rule: (caller) => {
      if (isStranger(caller)) return 401;
      return roleOf(caller, 'guild') !== 'none' && hasOne(caller, 'public_repo', 'repo') ? 422 : 403;
    },
  },
  'enterprise-admin/create-user': { method: 'POST', path: '/admin/users', body: '{}', rule: administrators(422) },
  'enterprise-admin/create-org': {
    method: 'POST',
    path: '/admin/organizations',
    body: '{}',
    rule: administrators(422),
  },
  'enterprise-admin/create-impersonation-o-auth-token': {
    method: 'POST',
    path: '/admin/users/ada/authorizations',
    body: '{}',
    rule: administrators(422),
  },
  'enterprise-admin/delete-impersonation-o-auth-token': {
    method: 'DELETE',
    path: '/admin/users/nobody/authorizations',
    rule: administrators(404),
  },
  'enterprise-admin/suspend-user': { method: 'PUT', path: '/users/nobody/suspended', rule: administrators(404) },
  'enterprise-admin/unsuspend-user': { method: 'DELETE', path: '/users/nobody/suspended', rule: administrators(404) },
};

const git = (method: string, tail: string, needs: 'read' | 'write'): Door => ({
  name: `git ${method} ${tail}`,
  kind: 'git',
  method,
  target: (place) => `${base(place)}.git/${tail}`,
  needs,
  allowed: 200,
  ...(method === 'POST' && { body: '0000', headers: { 'content-type': `application/x-${tail}-request` } }),
});
const lfs = (method: string, tail: string, needs: 'read' | 'write', request?: object): Door => ({
  name: `LFS ${method} ${tail} to ${needs}`,
  kind: 'git',
  method,
  target: (place) => `${base(place)}.git/info/lfs/${tail}`,
  needs,
  allowed: 200,
  headers: { accept: LFS_JSON, 'content-type': LFS_JSON },
  ...(request !== undefined && { body: JSON.stringify(request) }),
});
const page = (tail: string, needs: 'read' | 'admin' = 'read', method = 'GET', allowed = 200): Door => ({
  name: `page ${method} ${tail}`,
  kind: 'page',
  method,
  target: (place) => base(place) + tail.replaceAll('{sha}', place.commitId),
  needs,
  allowed,
  ...(method === 'POST' && { body: 'action=none', headers: { 'content-type': 'application/x-www-form-urlencoded' } }),
});

const DOORS: readonly Door[] = [
  ...Object.values(REPOSITORY_OPERATIONS),
  git('GET', 'info/refs?service=git-upload-pack', 'read'),
  git('GET', 'info/refs?service=git-receive-pack', 'write'),
  git('POST', 'git-upload-pack', 'read'),
  git('POST', 'git-receive-pack', 'write'),
  lfs('POST', 'objects/batch', 'read', { operation: 'download', objects: [] }),
  lfs('POST', 'objects/batch', 'write', { operation: 'upload', objects: [] }),
  lfs('GET', 'locks', 'read'),
  lfs('POST', 'locks/verify', 'write', {}),
  {
    name: 'raw file',
    kind: 'raw',
    method: 'GET',
    target: (place) => `${base(place)}/raw/main/README.md`,
    needs: 'read',
    allowed: 200,
  },
  {
    name: 'archive',
    kind: 'raw',
    method: 'HEAD',
    target: (place) => `${base(place)}/archive/main.tar.gz`,
    needs: 'read',
    allowed: 200,
  },
  page(''),
  page('/tree/main'),
  page('/blob/main/README.md'),
  page('/commits/main'),
  page('/commit/{sha}'),
  page('/branches'),
  page('/tags'),
  page('/settings', 'admin'),
  page('/settings/keys', 'admin'),
  page('/settings/git', 'admin'),
  page('/settings', 'admin', 'POST', 422),
];

/** What a user is to the repositories of a namespace, by their own right. */
const ROLES: Readonly<Record<string, Readonly<Record<Namespace, Role>>>> = {
  ada: { ada: 'admin', guild: 'none' },
  eve: { ada: 'none', guild: 'none' },
  mia: { ada: 'none', guild: 'write' },
  otto: { ada: 'none', guild: 'admin' },
  root: { ada: 'admin', guild: 'admin' },
};

function roleOf({ login = '', credential, scopes }: Caller, owner: Namespace): Role {
  // A token of an administrator administers nothing unless it says so.
  if (login === 'root' && credential === 'token' && !scopes.includes('site_admin')) return 'none';
  return ROLES[login]?.[owner] ?? 'none';
}

/** The caller as the door sees it: some doors look at one kind of credential alone. */
function seenBy(door: Door['kind'], caller: Caller): Caller {
  const isSession = caller.credential === 'session';
  const isIgnored = door === 'page' ? !isSession : isSession && door !== 'raw';
  return isIgnored ? { ...caller, login: undefined, credential: 'none', scopes: [] } : caller;
}

function isSeen(caller: Caller, { owner, visibility }: Place): boolean {
  if (visibility === 'missing') return false;
  if (visibility !== 'private') return true;
  return roleOf(caller, owner) !== 'none' && hasOne(caller, 'repo');
}

function expectedStatus(door: Door, asked: Caller, place: Place): number {
  const caller = seenBy(door.kind, asked);
  if (caller.credential === 'invalid') return 401;
  if (!isSeen(caller, place)) return hiddenStatus(door, caller, place);
  return refusedStatus(door, caller, place) ?? door.allowed;
}

/** Git asks strangers for credentials first, and its pushes create what is not there. */
function hiddenStatus(door: Door, caller: Caller, { owner, visibility }: Place): number {
  if (door.kind !== 'git') return 404;
  if (caller.login === undefined) return 401;
  if (door.needs === 'read' || roleOf(caller, owner) === 'none') return 404;
  if (!hasOne(caller, 'repo')) return 403;
  return visibility === 'missing' ? 200 : 404;
}

function refusedStatus(door: Door, caller: Caller, { owner, visibility }: Place): number | undefined {
  if (door.needs === 'read') return undefined;
  if (caller.login === undefined) return door.kind === 'page' ? 303 : 401;
  const role = roleOf(caller, owner);
  const isEnough = door.needs === 'write' ? role === 'write' || role === 'admin' : role === 'admin';
  const isScoped = door.needs === 'delete' ? hasOne(caller, 'delete_repo') : hasOne(caller, 'public_repo', 'repo');
  const isReadOnly = door.needs === 'write' && visibility === 'archived';
  return isEnough && isScoped && !isReadOnly ? undefined : 403;
}

/** Headers and bodies without what differs between any two answers. */
function shapeOf(answer: RawAnswer, name: string): unknown {
  const { date: _, 'x-ratelimit-reset': __, 'x-github-request-id': requestId = '', ...headers } = answer.headers;
  const clean = (text: string) => text.replaceAll(name, NAMES.missing).replaceAll(String(requestId), 'request-id');
  return [answer.status, clean(JSON.stringify(headers)), clean(answer.body.toString('latin1'))];
}

describe.skipIf(!hasDatabase)('who may do what through which door', () => {
  let accounts: TestAccounts;
  let forge: ForgeProcess;
  let port: number;
  let callers: Caller[];
  const places: Place[] = [];
  const folder = mkdtempSync(path.join(tmpdir(), 'access-matrix-'));

  beforeAll(async () => {
    accounts = await createTestAccounts({ rateLimits: 'off' });
    forge = await ForgeProcess.start({
      settings: { DATABASE_URL: accounts.url, DATA_DIR: path.join(folder, 'data') },
    });
    port = Number(new URL(forge.url).port);
    const users = await makeUsers();
    callers = await makeCallers(users);
    await makeRepositories(users);
  });
  afterAll(async () => {
    await forge?.stop('SIGKILL');
    await accounts?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function makeUsers(): Promise<ReadonlyMap<string, UserPrincipal>> {
    const { workflows } = accounts;
    const users = new Map<string, UserPrincipal>();
    for (const login of ['ada', 'eve', 'mia', 'otto', 'root', 'sam']) {
      users.set(login, await createTestUser(workflows, login, { siteAdmin: login === 'root' }));
    }
    const idOf = (login: string) => users.get(login)?.userId ?? 0;
    const guild = await workflows.createOrganization({ login: 'guild', ownerUserId: idOf('otto') });
    if (guild.kind !== 'created') throw new Error(`create guild: ${guild.kind}`);
    for (const login of ['mia', 'sam']) {
      await workflows.setMembership({ organizationId: guild.organizationId, userId: idOf(login) }, 'member');
    }
    return users;
  }

  async function issue(user: UserPrincipal, scopes: readonly Scope[], expiresAt?: Date): Promise<string> {
    const outcome = await accounts.tokens.issue({ userId: user.userId, scopes, note: 'matrix', expiresAt });
    if (outcome.kind !== 'issued') throw new Error(`issue token: ${outcome.kind}`);
    return outcome.secret;
  }

  async function signIn(login: string): Promise<string> {
    const body = new URLSearchParams({ name: login, password: PASSWORD });
    const answer = await fetch(`${forge.url}/login`, { method: 'POST', body, redirect: 'manual' });
    return answer.headers.get('set-cookie')?.split(';', 1)[0] ?? '';
  }

  async function makeCallers(users: ReadonlyMap<string, UserPrincipal>): Promise<Caller[]> {
    const both: readonly Namespace[] = ['ada', 'guild'];
    const made: Caller[] = [
      { name: 'anonymous', login: undefined, credential: 'none', scopes: [], headers: {}, namespaces: both },
    ];
    for (const [login, user] of users) {
      if (login === 'sam') continue;
      const namespaces: readonly Namespace[] = login === 'ada' || login === 'eve' ? ['ada'] : ['guild'];
      const add = (name: string, rest: Pick<Caller, 'credential' | 'headers'> & { scopes?: readonly Scope[] }) =>
        made.push({ name: `${login} by ${name}`, login, namespaces, scopes: [], ...rest });
      add('session', { credential: 'session', headers: { cookie: await signIn(login) } });
      add('password', { credential: 'password', headers: { authorization: basic(login, PASSWORD) } });
      for (const scope of ['none', 'public_repo', 'repo', 'site_admin'] as const) {
        const scopes: readonly Scope[] = scope === 'none' ? [] : [scope];
        const token = await issue(user, scopes);
        const carriers = Object.entries(carriersOf(login, token));
        // All forms with the narrowest scope and the widest; in between, one form will do.
        const isBetween = scope === 'public_repo' || scope === 'site_admin';
        for (const [form, authorization] of isBetween ? carriers.slice(0, 1) : carriers) {
          add(`${form} ${scope}`, { credential: 'token', scopes, headers: { authorization } });
        }
      }
    }
    const owner = users.get('ada') as UserPrincipal;
    const expired = await issue(owner, ['repo'], new Date(Date.now() - 1000));
    const revoked = await issue(owner, ['repo']);
    await accounts.database.sql`delete from access_token where last_eight = ${revoked.slice(-8)}`;
    const suspended = users.get('sam') as UserPrincipal;
    const suspendedToken = await issue(suspended, ['repo']);
    const suspendedCookie = await signIn('sam');
    await accounts.workflows.suspendUser(suspended.userId);
    const invalid = {
      ...carriersOf('ada', expired, 'expired '),
      ...carriersOf('ada', revoked, 'revoked '),
      ...carriersOf('ada', generateAccessToken(), 'garbage '),
      'wrong password': basic('ada', 'not the password'),
      'suspended password': basic('sam', PASSWORD),
      ...carriersOf('sam', suspendedToken, 'suspended '),
    };
    for (const [name, authorization] of Object.entries(invalid)) {
      made.push({
        name,
        login: undefined,
        credential: 'invalid',
        scopes: [],
        headers: { authorization },
        namespaces: name.startsWith('suspended') ? ['guild'] : ['ada'],
      });
    }
    // The session of somebody who was suspended has ended: its browser is a stranger's.
    const session = { headers: { cookie: suspendedCookie }, credential: 'session', scopes: [] } as const;
    made.push({ name: 'suspended session', login: undefined, namespaces: ['guild'], ...session });
    return made;
  }

  async function makeRepositories(users: ReadonlyMap<string, UserPrincipal>): Promise<void> {
    for (const owner of ['ada', 'guild'] as const) {
      const token = await issue(users.get(owner === 'ada' ? 'ada' : 'otto') as UserPrincipal, ['repo']);
      for (const visibility of VISIBILITIES) {
        if (visibility === 'missing')
          places.push({ owner, visibility, repositoryId: 999_999, commitId: '0'.repeat(40) });
        else places.push(await makeRepository(owner, visibility, token));
      }
    }
  }

  async function makeRepository(owner: Namespace, visibility: Visibility, token: string): Promise<Place> {
    const send = async (method: string, target: string, body: object) => {
      const headers = { authorization: `token ${token}`, 'content-type': 'application/json' };
      const answer = await fetch(`${forge.url}/api/v3${target}`, { method, headers, body: JSON.stringify(body) });
      if (!answer.ok) throw new Error(`${method} ${target}: ${answer.status} ${await answer.text()}`);
      return (await answer.json()) as { id: number };
    };
    const name = NAMES[visibility];
    const wanted = { name, private: visibility === 'private', auto_init: true };
    const { id } = await send('POST', owner === 'ada' ? '/user/repos' : '/orgs/guild/repos', wanted);
    if (visibility === 'archived') await send('PATCH', `/repos/${owner}/${name}`, { archived: true });
    const url = `${forge.url.replace('//', `//x:${token}@`)}/${owner}/${name}.git`;
    const [commitId = ''] = execFileSync('git', ['ls-remote', url, 'refs/heads/main'], { encoding: 'utf8' }).split(
      '\t',
    );
    return { owner, visibility, repositoryId: id, commitId };
  }

  function ask(door: Door, caller: Caller, place: Place): Promise<RawAnswer> {
    const headers = { ...caller.headers, ...door.headers, ...(door.kind === 'page' && { origin: forge.url }) };
    const { body } = door;
    return request(port, door.method, door.target(place), { headers, ...(body !== undefined && { body }) });
  }

  test('every route of the API has a rule here', () => {
    const ruled = [...Object.keys(REPOSITORY_OPERATIONS), ...Object.keys(ACCOUNT_OPERATIONS)];
    expect(ROUTES.map((route) => route.operationId).toSorted()).toEqual(ruled.toSorted());
  });

  test('every door lets in who may come in, and nobody else', async () => {
    const differences: string[] = [];
    await forEachCase(callers, async (caller) => {
      for (const door of DOORS) {
        for (const place of places.filter(({ owner }) => caller.namespaces.includes(owner))) {
          const expected = expectedStatus(door, caller, place);
          // The others would change what is asked next.
          if (door.needs === 'delete' && expected === 204) continue;
          const { status } = await ask(door, caller, place);
          if (status !== expected) {
            differences.push(
              `${door.name}, ${place.owner}'s ${place.visibility}, ${caller.name}: ${status}, not ${expected}`,
            );
          }
        }
      }
    });
    expect(differences).toEqual([]);
  }, 300_000);

  test('what may not be seen looks like what is not there', async () => {
    const differences: string[] = [];
    await forEachCase(callers, async (caller) => {
      for (const door of DOORS) {
        for (const owner of caller.namespaces) {
          const hidden = places.find((place) => place.owner === owner && place.visibility === 'private') as Place;
          const nothing = places.find((place) => place.owner === owner && place.visibility === 'missing') as Place;
          const seen = seenBy(door.kind, caller);
          if (seen.credential === 'invalid' || isSeen(seen, hidden)) continue;
          // The same id in both addresses: it may be repeated.
          const [there, gone] = await Promise.all([
            ask(door, caller, hidden),
            ask(door, caller, { ...nothing, commitId: hidden.commitId }),
          ]);
          const [left, right] = [shapeOf(there, NAMES.private), shapeOf(gone, NAMES.missing)];
          if (JSON.stringify(left) !== JSON.stringify(right))
            differences.push(`${door.name}, ${caller.name}: ${left} / ${right}`);
        }
      }
    });
    expect(differences).toEqual([]);
  }, 300_000);

  test('operations that are about no repository', async () => {
    const differences: string[] = [];
    await forEachCase(callers, async (caller) => {
      for (const { method, path: tail, body, rule } of Object.values(ACCOUNT_OPERATIONS)) {
        const seen = seenBy('rest', caller);
        const expected = seen.credential === 'invalid' ? 401 : rule(seen);
        const options = { headers: caller.headers, ...(body !== undefined && { body }) };
        const { status } = await request(port, method, `/api/v3${tail}`, options);
        if (status !== expected) differences.push(`${method} ${tail}, ${caller.name}: ${status}, not ${expected}`);
      }
    });
    expect(differences).toEqual([]);
  }, 60_000);

  test('lists hold what may be seen', async () => {
    const differences: string[] = [];
    for (const caller of callers.filter(({ credential }) => credential !== 'invalid')) {
      for (const [owner, target] of [
        ['ada', '/api/v3/users/ada/repos'],
        ['guild', '/api/v3/orgs/guild/repos'],
        ['ada', '/ada'],
        ['guild', '/guild'],
      ] as const) {
        const seen = seenBy(target.startsWith('/api') ? 'rest' : 'page', caller);
        const { body } = await request(port, 'GET', target, { headers: caller.headers });
        const hidden = places.find((place) => place.owner === owner && place.visibility === 'private') as Place;
        const isListed = body.includes(`${owner}/${NAMES.private}`);
        if (isListed !== isSeen(seen, hidden)) differences.push(`${target}, ${caller.name}: ${isListed}`);
      }
    }
    expect(differences).toEqual([]);
  }, 60_000);

  test('deleting takes a scope of its own, and works with it', async () => {
    const owner = { login: 'ada', scopes: ['repo', 'delete_repo'] as const };
    const user = (await accounts.directory.find(owner.login, { kind: 'anonymous' }))?.accountId ?? 0;
    const outcome = await accounts.tokens.issue({ userId: user, scopes: owner.scopes, note: 'delete' });
    if (outcome.kind !== 'issued') throw new Error(outcome.kind);
    const headers = { authorization: `token ${outcome.secret}` };
    for (const visibility of ['public', 'private', 'archived'] as const) {
      const target = `/api/v3/repos/ada/${NAMES[visibility]}`;
      expect((await request(port, 'DELETE', target, { headers })).status).toBe(204);
      expect((await request(port, 'GET', target, { headers })).status).toBe(404);
    }
  });
});

function basic(name: string, password: string): string {
  return `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;
}

/** The forms in which clients send a token, which must all mean the same. */
function carriersOf(login: string, token: string, prefix = ''): Record<string, string> {
  return {
    [`${prefix}token`]: `token ${token}`,
    [`${prefix}Bearer`]: `Bearer ${token}`,
    [`${prefix}Basic`]: basic(login, token),
  };
}

/** A few at a time: the server has more than one connection to answer anyway. */
async function forEachCase<Item>(items: readonly Item[], run: (item: Item) => Promise<void>): Promise<void> {
  const waiting = [...items];
  const work = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await run(item);
  };
  await Promise.all(Array.from({ length: 6 }, work));
}
