/**
 * Every route of the program, asked for a private repository by somebody who may not see it, in every method and spelling, with validators
 * that its owner got: the answer is that for a repository which does not exist, byte for byte. And what lists things is the same before
 * the repository exists and after. The tables are held against the routes themselves, so a new one without a row fails.
 */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ROUTES } from '#api/routes.ts';
import { createTestAccounts, createTestUser, PASSWORD, type TestAccounts } from '../support/accounts.ts';
import { hasDatabase } from '../support/database.ts';
import { ForgeProcess, PROJECT_FOLDER } from '../support/forge-process.ts';
import { GIT_ENVIRONMENT } from '../support/git-run.ts';
import { basic, LFS_JSON } from '../support/lfs-forge.ts';
import { type RawAnswer, request } from '../support/raw-http.ts';

/** Of one length, so that answers which repeat them can be compared; and in no text of ours. */
const SECRET = 'cabinet-x';
const MISSING = 'missing-x';
const LARGE = 'the large file that must not get out\n';
const OID = createHash('sha256').update(LARGE).digest('hex');
const POINTER = `version https://git-lfs.github.com/spec/v1\noid sha256:${OID}\nsize ${LARGE.length}\n`;

/** By file below `src/pages/[owner]/[repo]`: what follows the repository's address. */
const PAGES: Readonly<Record<string, readonly string[]>> = {
  'index.astro': ['', '?q=x', '?page=2'],
  'tree/[...rest].astro': ['/tree/main', '/tree/{commit}', '/tree/main/folder', '/tree/v1'],
  'blob/[...rest].astro': ['/blob/main/README.md', '/blob/{commit}/README.md', '/blob/main/README.md?plain=1'],
  'commits/[...rest].astro': ['/commits/main', '/commits/main/README.md', '/commits/main?after={commit}'],
  'commit/[sha].astro': ['/commit/{commit}', '/commit/main'],
  'branches.astro': ['/branches', '/branches?q=main', '/branches?page=9'],
  'tags.astro': ['/tags', '/tags?q=v1'],
  'settings.astro': ['/settings', '/settings?done=saved'],
  'settings/keys.astro': ['/settings/keys'],
  'settings/git.astro': ['/settings/git'],
};

/** By the function in `context.ts` that makes the route: what follows the repository's address. */
const RAW_ROUTES: Readonly<Record<string, readonly string[]>> = {
  // In the table of operations below.
  createApi: [],
  createLfsRoute: [
    '.git/info/lfs',
    '.git/info/lfs/objects/batch',
    '.git/info/lfs/verify',
    `.git/info/lfs/objects/${OID}`,
    `/info/lfs/objects/${OID}`,
    '.git/info/lfs/locks',
    '.git/info/lfs/locks?path=large.bin',
    '.git/info/lfs/locks?id={lock}',
    '.git/info/lfs/locks/verify',
    '.git/info/lfs/locks/{lock}/unlock',
  ],
  createSmartHttp: [
    '.git/info/refs',
    '.git/info/refs?service=git-upload-pack',
    '.git/info/refs?service=git-receive-pack',
    '.git/info/refs?service=git-upload-archive',
    '/info/refs?service=git-upload-pack',
    '.git/git-upload-pack',
    '.git/git-receive-pack',
    '.git/git-upload-archive',
    '.git/HEAD',
    '.git/objects/info/packs',
    '.git/objects/{commit/}',
    // What a checkout on a web server would have.
    '.git/config',
    '.git/description',
    '.git/packed-refs',
    '.git/refs/heads/main',
  ],
  createRawFileRoute: ['/raw/main/README.md', '/raw/{commit}/README.md', '/raw/main/large.bin?download=1'],
  createArchiveRoute: ['/archive/main.tar.gz', '/archive/{commit}.zip', '/archive/v1.tar'],
  // Signed addresses of packs and bundles, which nobody can make by themselves: no repository is named there.
  createStoredFileRoute: [],
};

/** What GitHub has beside each repository, and we may have some day. */
const NO_ROUTES = [
  '/compare/main...v1',
  '/blame/main/README.md',
  '/commits/main.atom',
  '/tags.atom',
  '/forks',
  '/wiki',
  '/commit/{commit}.patch',
  '/commit/{commit}.diff',
];

/** By file below `src/pages`, of pages about no repository: addresses that may list some or count them. */
const OTHER_PAGES: Readonly<Record<string, readonly string[]>> = {
  'index.astro': ['/', `/?q=${SECRET}`, '/?page=2', '/?q=c'],
  '[owner]/index.astro': ['/ada', '/guild', '/ada?page=2', '/ADA'],
  '[login].keys.ts': ['/ada.keys'],
  '[login].png.ts': ['/ada.png', '/guild.png'],
  'new.astro': ['/new', '/new?owner=ada'],
  'organizations/new.astro': ['/organizations/new'],
  'login.astro': [`/login?return_to=/ada/${SECRET}`],
  'signup.astro': ['/signup'],
  'setup.astro': ['/setup'],
  'settings/index.ts': ['/settings'],
  'settings/profile.astro': ['/settings/profile'],
  'settings/keys.astro': ['/settings/keys'],
  'settings/password.astro': ['/settings/password'],
  'settings/tokens.astro': ['/settings/tokens'],
  'design.astro': ['/design'],
  '403.astro': ['/403'],
  '404.astro': ['/404'],
  '500.astro': ['/500'],
  // Ends the session.
  'logout.ts': [],
};

const PAGE_METHODS = ['GET', 'HEAD', 'POST'];
const METHODS = [...PAGE_METHODS, 'PUT', 'PATCH', 'DELETE', 'OPTIONS'];

/** Other ways to write `/ada/<name>` that might be taken for it, in one place and not in another. */
const SPELLINGS: readonly ((name: string) => string)[] = [
  (name) => `/ada/${name.toUpperCase()}`,
  (name) => `/ADA/${name}`,
  (name) => `/ada/${name}.git`,
  (name) => `/ada/${name}.GIT`,
  (name) => `/ada/${name}.git.git`,
  (name) => `/ada/${name}/`,
  (name) => `/ada/${name}//`,
  (name) => `/ada//${name}`,
  (name) => `//ada/${name}`,
  (name) => `/./ada/${name}`,
  (name) => `/ada/x/../${name}`,
  (name) => `/ada/%2e%2e/ada/${name}`,
  (name) => `/ada/${name}%2e`,
  (name) => `/ada/${name}.`,
  (name) => `/ada/${name}%20`,
  (name) => `/ada/${name}%00`,
  (name) => `/ada/${percentEncoded(name)}`,
  (name) => `/ada/${percentEncoded(percentEncoded(name))}`,
  (name) => `/ada%2f${name}`,
  (name) => `/ada/${name};x=1`,
  (name) => `http://localhost/ada/${name}`,
];

/** Addresses of the tables that have nothing for the owner either, when asked by GET; with 405, those that want another method. */
const READ_BY_NOBODY: readonly string[] = [
  '403 .git/info/refs',
  ...['.git/HEAD', '.git/objects/info/packs', '.git/objects/{commit/}'].map((file) => `403 ${file}`),
  ...['.git/config', '.git/description', '.git/packed-refs', '.git/refs/heads/main'].map((file) => `404 ${file}`),
  '404 .git/info/lfs',
  '404 /repos/{owner}/{repo}/git/refs',
  '404 /repos/{owner}/{repo}/git/refs/{ref+}',
  '404 /repos/{owner}/{repo}/keys/{key_id}',
  ...NO_ROUTES.map((tail) => `404 ${tail}`),
];

interface Caller {
  readonly name: string;
  readonly headers: Readonly<Record<string, string>>;
}

interface Target {
  /** As it stands in a table. */
  readonly name: string;
  readonly of: (base: string) => string;
}

/** The two that must not be told apart. */
interface Place {
  readonly name: string;
  readonly repositoryId: number;
}

describe.skipIf(!hasDatabase)('a private repository, by every route', () => {
  let accounts: TestAccounts;
  let forge: ForgeProcess;
  let port: number;
  let owner: Caller;
  let strangers: Caller[];
  let secret: Place;
  let known: { commitId: string; tagId: string; blobId: string; lockId: string; pushId: string };
  let listsBefore: ReadonlyMap<string, string>;
  const missing: Place = { name: MISSING, repositoryId: 999_999 };
  const folder = mkdtempSync(path.join(tmpdir(), 'private-routes-'));

  beforeAll(async () => {
    accounts = await createTestAccounts({ rateLimits: 'off' });
    forge = await ForgeProcess.start({
      settings: { DATABASE_URL: accounts.url, DATA_DIR: path.join(folder, 'data') },
    });
    port = Number(new URL(forge.url).port);
    const ada = await createTestUser(accounts.workflows, 'ada');
    await createTestUser(accounts.workflows, 'eve');
    const guild = await accounts.workflows.createOrganization({ login: 'guild', ownerUserId: ada.userId });
    expect(guild.kind).toBe('created');
    owner = { name: 'the owner', headers: { authorization: basic('ada'), cookie: await signIn('ada') } };
    strangers = [
      { name: 'nobody', headers: {} },
      { name: 'a stranger', headers: { authorization: basic('eve'), cookie: await signIn('eve') } },
    ];
    // Somebody else's repository, so that lists are not empty before.
    await api('POST', '/user/repos', { name: 'open' });
    // So long ago that pages say the same of it before and after.
    await accounts.database.sql`update repository set (created_at, updated_at) = ('2020-01-01', '2020-01-01')`;
    listsBefore = await askLists();
    const { id } = await api('POST', '/user/repos', { name: SECRET, private: true, description: 'Secret' });
    await api('POST', '/orgs/guild/repos', { name: SECRET, private: true });
    secret = { name: SECRET, repositoryId: id };
    known = await fill();
  }, 180_000);
  afterAll(async () => {
    await forge?.stop('SIGKILL');
    await accounts?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function signIn(login: string): Promise<string> {
    const body = new URLSearchParams({ name: login, password: PASSWORD });
    const answer = await fetch(`${forge.url}/login`, { method: 'POST', body, redirect: 'manual' });
    return answer.headers.get('set-cookie')?.split(';', 1)[0] ?? '';
  }

  async function api(method: string, target: string, body: object) {
    const headers = { authorization: owner.headers['authorization'] ?? '', 'content-type': 'application/json' };
    const answer = await fetch(`${forge.url}/api/v3${target}`, { method, headers, body: JSON.stringify(body) });
    if (!answer.ok) throw new Error(`${method} ${target}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as { id: number };
  }

  /** A history, a tag, a large file, a lock. */
  async function fill(): Promise<typeof known> {
    const work = mkdtempSync(path.join(folder, 'work-'));
    const git = (...args: string[]) =>
      execFileSync('git', args, { cwd: work, encoding: 'utf8', env: { ...process.env, ...GIT_ENVIRONMENT } }).trim();
    git('init', '-q', '-b', 'main');
    for (const [name, text] of Object.entries({ 'README.md': 'Secret\n', 'large.bin': POINTER }))
      writeFileSync(path.join(work, name), text);
    mkdirSync(path.join(work, 'folder'));
    writeFileSync(path.join(work, 'folder/file'), 'Secret too\n');
    git('add', '-A');
    git('commit', '-q', '-m', 'Secret');
    git('tag', '-a', '-m', 'Secret', 'v1');
    const headers = { authorization: basic('ada'), accept: LFS_JSON, 'content-type': LFS_JSON };
    for (const account of ['ada', 'guild']) {
      const address = `/${account}/${SECRET}.git`;
      git('push', '-q', `${forge.url.replace('//', `//ada:${encodeURIComponent(PASSWORD)}@`)}${address}`, 'main', 'v1');
      const put = await request(port, 'PUT', `${address}/info/lfs/objects/${OID}`, { headers, body: LARGE });
      expect(put.status).toBe(200);
    }
    const body = '{"path":"large.bin"}';
    const lock = await request(port, 'POST', `/ada/${SECRET}.git/info/lfs/locks`, { headers, body });
    const [commitId = '', tagId = '', blobId = ''] = git('rev-parse', 'HEAD', 'v1', 'HEAD:README.md').split('\n');
    const [push] = await accounts.database.sql<{ id: string }[]>`
      select id from push where repository_id = ${secret.repositoryId}`;
    return { commitId, tagId, blobId, lockId: JSON.parse(lock.body.toString()).lock.id, pushId: push?.id ?? '' };
  }

  function repositoryTargets(): Target[] {
    const tails = [...Object.values(PAGES), ...Object.values(RAW_ROUTES), NO_ROUTES].flat();
    return [...tails.map(browsed), ...operations()];
  }

  /** One address of each route. */
  function someTargets(): Target[] {
    const tails = [...Object.values(PAGES), ...Object.values(RAW_ROUTES)].map((row) => row.at(0));
    return [...tails.filter((tail) => tail !== undefined).map(browsed), operation('/repos/{owner}/{repo}/readme')];
  }

  function operations(): Target[] {
    const templates = ROUTES.map((route) => route.path).filter((template) => template.includes('{repo}'));
    return [...new Set(templates)].map(operation);
  }

  function browsed(tail: string): Target {
    return { name: tail, of: (base) => base + fillIn(tail) };
  }

  function operation(template: string): Target {
    const tail = template.replace('/repos/{owner}/{repo}', '');
    return { name: template, of: (base) => base.replace(/^(https?:\/\/[^/]*)?/, '$1/api/v3/repos') + fillIn(tail) };
  }

  /** Ids that the repository has, wherever an address takes one. */
  function fillIn(text: string): string {
    const { commitId, tagId, blobId, lockId, pushId } = known;
    return text
      .replaceAll('{commit/}', `${commitId.slice(0, 2)}/${commitId.slice(2)}`)
      .replaceAll('{lock}', lockId)
      .replaceAll(/\{(?:commit|commit_sha|tree_sha\+)\}/g, commitId)
      .replaceAll('{tag_sha}', tagId)
      .replaceAll('{file_sha}', blobId)
      .replaceAll('{path*}', 'README.md')
      .replaceAll('{key_id}', '1')
      .replaceAll('{push_id}', pushId)
      .replaceAll(/\{ref[+*]?\}/g, 'heads/main')
      .replaceAll('{branch+}', 'main');
  }

  async function ask(caller: Caller, method: string, target: string, more: Readonly<Record<string, string>> = {}) {
    const type = /\/git-([\w-]+)$/.exec(target)?.[1];
    const headers = {
      ...caller.headers,
      origin: forge.url,
      accept: target.includes('/info/lfs') ? LFS_JSON : '*/*',
      ...(method !== 'GET' &&
        method !== 'HEAD' && { 'content-type': type ? `application/x-git-${type}-request` : LFS_JSON }),
      ...more,
    };
    const isWrite = method === 'POST' || method === 'PUT' || method === 'PATCH';
    return request(port, method, target, { headers, ...(isWrite && { body: type ? '0000' : '{}' }) });
  }

  async function askLists(): Promise<Map<string, string>> {
    const targets = [...Object.values(OTHER_PAGES).flat(), ...listOperations()];
    const answers = new Map<string, string>();
    for (const caller of strangers) {
      for (const target of targets)
        answers.set(`${caller.name}: ${target}`, shapeOf(await ask(caller, 'GET', target), SECRET));
    }
    return answers;
  }

  function listOperations(): string[] {
    const paths = ROUTES.filter(
      ({ method, path: template }) => method === 'GET' && !/\{repo\}|rate_limit/.test(template),
    );
    return paths.flatMap(({ path: template }) => {
      const target = `/api/v3${template
        .replace('{username}', 'ada')
        .replace('{org}', 'guild')
        .replace(/\{id\}|\{key_id\}/, '7777')}`;
      return [target, `${target}?per_page=1&sort=pushed`, `${target}?page=2&type=all&visibility=all`];
    });
  }

  /** @returns what differs between the two places for a caller, as sentences */
  async function compare(
    caller: Caller,
    method: string,
    target: (place: Place) => string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<string[]> {
    const shape = async (place: Place) => shapeOf(await ask(caller, method, target(place), headers), place.name);
    const [there, gone] = await Promise.all([shape(secret), shape(missing)]);
    if (there === gone) return [];
    const start = [...there].findIndex((character, index) => character !== gone[index]);
    const [left, right] = [there, gone].map((text) => text.slice(Math.max(0, start - 20), start + 60));
    return [`${caller.name}: ${method} ${target(secret)} ${JSON.stringify(headers)}: ${left} | ${right}`];
  }

  test('every page and every raw route has a row', () => {
    const files = globSync('**/*.{astro,ts}', { cwd: path.join(PROJECT_FOLDER, 'src/pages') });
    const rows = [...Object.keys(PAGES).map((file) => `[owner]/[repo]/${file}`), ...Object.keys(OTHER_PAGES)];
    expect(rows.toSorted()).toEqual(files.toSorted());
    const context = readFileSync(path.join(PROJECT_FOLDER, 'src/context.ts'), 'utf8');
    const [, body = ''] = /function createRawRoutes\([^{]*\{[^{]*\}[^{]*\{([\s\S]*?)\n\}/.exec(context) ?? [];
    const made = [...body.matchAll(/\b(create\w+)\(/g)].map(([, name]) => name);
    expect(made.toSorted()).toEqual(Object.keys(RAW_ROUTES).toSorted());
  });

  test('is read by its owner at these addresses', async () => {
    const refused: string[] = [];
    for (const { name, of } of repositoryTargets()) {
      const { status } = await ask(owner, 'GET', of(`/ada/${SECRET}`));
      if (status >= 400 && status !== 405) refused.push(`${status} ${name}`);
    }
    expect(refused.toSorted()).toEqual(READ_BY_NOBODY.toSorted());
  });

  test('is nothing to strangers in any method', { timeout: 180_000 }, async () => {
    const differences: string[] = [];
    for (const caller of strangers) {
      for (const method of METHODS) {
        // Pages know the first three; what refuses a method refuses it at every address of a route.
        const targets = PAGE_METHODS.includes(method) ? repositoryTargets() : [...someTargets(), ...operations()];
        for (const { of } of targets)
          differences.push(...(await compare(caller, method, ({ name }) => of(`/ada/${name}`))));
      }
    }
    expect(differences).toEqual([]);
  });

  test('is nothing to strangers in any spelling', { timeout: 180_000 }, async () => {
    const differences: string[] = [];
    for (const caller of strangers) {
      for (const spell of SPELLINGS) {
        for (const { of } of someTargets())
          differences.push(...(await compare(caller, 'GET', ({ name }) => of(spell(name)))));
      }
    }
    expect(differences).toEqual([]);
  });

  test('is nothing to strangers who have its validators, or want a part of it', { timeout: 180_000 }, async () => {
    const differences: string[] = [];
    const stranger = strangers.at(-1) as Caller;
    for (const { of } of repositoryTargets()) {
      const { headers } = await ask(owner, 'GET', of(`/ada/${SECRET}`));
      const conditions: Record<string, string>[] = [
        { 'if-none-match': '*', range: 'bytes=0-3' },
        { 'if-modified-since': 'Fri, 01 Jan 2100 00:00:00 GMT', range: 'bytes=999999-' },
        ...(headers.etag === undefined ? [] : [{ 'if-none-match': headers.etag }, { 'if-match': headers.etag }]),
        ...(headers['last-modified'] === undefined ? [] : [{ 'if-modified-since': headers['last-modified'] }]),
      ];
      for (const condition of conditions)
        differences.push(...(await compare(stranger, 'GET', ({ name }) => of(`/ada/${name}`), condition)));
    }
    expect(differences).toEqual([]);
  });

  test('has an id that is nobody’s', async () => {
    const differences: string[] = [];
    for (const caller of strangers) {
      for (const method of METHODS)
        differences.push(
          ...(await compare(caller, method, ({ repositoryId }) => `/api/v3/repositories/${repositoryId}`)),
        );
    }
    expect(differences).toEqual([]);
  });

  test('changes no list, no count and no page of anything else', async () => {
    const after = await askLists();
    expect([...after]).toEqual([...listsBefore]);
    for (const target of ['/', '/ada', '/guild', '/api/v3/users/ada/repos', '/api/v3/orgs/guild/repos'])
      expect((await ask(owner, 'GET', target)).body.toString(), target).toContain(SECRET);
  });
});

function percentEncoded(text: string): string {
  return [...text].map((character) => `%${character.charCodeAt(0).toString(16)}`).join('');
}

/** Without what differs between any two answers. */
function shapeOf(answer: RawAnswer, name: string): string {
  const { date: _, 'x-ratelimit-reset': __, 'x-github-request-id': requestId = '', ...headers } = answer.headers;
  const names = [percentEncoded(percentEncoded(name)), encodeURIComponent(percentEncoded(percentEncoded(name)))];
  names.push(percentEncoded(name), encodeURIComponent(percentEncoded(name)), name);
  const clean = (text: string) =>
    names
      .reduce((rest, written) => rest.replaceAll(new RegExp(written, 'gi'), 'NAME'), text)
      .replaceAll(String(requestId), 'REQUEST');

  return `${answer.status} ${clean(JSON.stringify(headers))} ${clean(answer.body.toString('latin1'))}`;
}
