/**
 * A private repository leaks nothing: whoever asks without the right to read, with every id, name and object of it at hand,
 * gets the answer that a repository gets which does not exist. And through a repository that they may read, nobody reaches the
 * objects of another.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LfsTokens } from '#auth/lfs-token.ts';
import type { Scope } from '#auth/scope.ts';
import { DELIM, encodePktLine, FLUSH, type OutgoingPkt } from '#git/pkt-line/encode.ts';
import { MemoryBlobStore } from '#storage/memory-blob-store.ts';
import { createTestUser, PASSWORD } from '../support/accounts.ts';
import { hasDatabase } from '../support/database.ts';
import { GIT_ENVIRONMENT } from '../support/git-run.ts';
import { basic, LFS_JSON, LfsForge, runProgram } from '../support/lfs-forge.ts';
import { type RawAnswer, request } from '../support/raw-http.ts';

/** Of one length, so that answers which repeat them can be compared. */
const SECRET = 'secret';
const MISSING = 'nobody';
const OPEN = 'opened';
const FILE = 'the text that must not get out\n';
const LARGE = 'the large file that must not get out\n';
const ENVIRONMENT = { ...process.env, ...GIT_ENVIRONMENT };

interface Question {
  readonly name: string;
  readonly method: string;
  /** After the repository's address. */
  readonly target: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
}

describe.skipIf(!hasDatabase)('a private repository', () => {
  let forge: LfsForge;
  let secret: { commitId: string; blobId: string; treeId: string; tagId: string; oid: string; lockId: number };
  let callers: { readonly name: string; readonly headers: Readonly<Record<string, string>> }[];

  beforeAll(async () => {
    forge = await LfsForge.start(new MemoryBlobStore());
    const record = await forge.createRepository(SECRET, 'private');
    const other = await forge.createRepository(OPEN, 'public');
    const folder = path.join(forge.folder, 'source');
    mkdirSync(folder);
    writeFileSync(path.join(folder, 'README.md'), FILE);
    const git = async (...args: string[]) => {
      const { status, stdout, stderr } = await runProgram('git', args, folder, ENVIRONMENT);
      if (status !== 0) throw new Error(`git ${args.join(' ')}: ${stderr}`);
      return stdout.trim();
    };
    await git('init', '-q', '-b', 'main');
    await git('add', '-A');
    await git('commit', '-q', '-m', 'Secret');
    await git('tag', '-a', '-m', 'Secret', 'v1');
    await git('push', '-q', forge.url(SECRET, 'ada'), 'main', 'v1');
    await git('checkout', '-q', '--orphan', 'open');
    writeFileSync(path.join(folder, 'README.md'), 'open to all\n');
    await git('add', '-A');
    await git('commit', '-q', '-m', 'Open');
    await git('push', '-q', forge.url(OPEN, 'ada'), 'HEAD:refs/heads/main');
    const oid = createHash('sha256').update(LARGE).digest('hex');
    secret = {
      commitId: await git('rev-parse', 'main'),
      treeId: await git('rev-parse', 'main^{tree}'),
      blobId: await git('rev-parse', 'main:README.md'),
      tagId: await git('rev-parse', 'v1'),
      oid,
      lockId: await storeLargeFile(oid),
    };
    callers = await makeCallers(record.id, other.id);
  });

  afterAll(() => forge?.close());

  async function storeLargeFile(oid: string): Promise<number> {
    const pointer = { oid, size: LARGE.length };
    const batch = await forge.api(
      SECRET,
      'objects/batch',
      { operation: 'upload', objects: [pointer] },
      { login: 'ada' },
    );
    const upload = batch.body.objects[0].actions.upload;
    const answer = await fetch(upload.href, { method: 'PUT', headers: upload.header, body: LARGE });
    expect(answer.ok).toBe(true);
    await forge.api(SECRET, 'verify', pointer, { login: 'ada' });
    const lock = await forge.api(SECRET, 'locks', { path: 'large.bin' }, { login: 'ada' });
    return Number(lock.body.lock.id);
  }

  async function makeCallers(secretId: number, otherId: number): Promise<typeof callers> {
    const stranger = await createTestUser(forge.accounts.workflows, 'eve');
    const token = async (userId: number, scopes: readonly Scope[]) => {
      const outcome = await forge.accounts.tokens.issue({ userId, note: `for ${scopes.join()}`, scopes });
      if (outcome.kind !== 'issued') throw new Error(`issue token: ${outcome.kind}`);
      return outcome.secret;
    };
    const lfsTokens = new LfsTokens(forge.accounts.database.sql);
    const lfs = async (principal: typeof stranger, repositoryId: number) =>
      (await lfsTokens.issue({ principal, repositoryId, operation: 'upload' })).authorization;
    return [
      { name: 'nobody', headers: {} },
      { name: 'a wrong password', headers: { authorization: basic('ada', 'wrong') } },
      { name: 'a stranger', headers: { authorization: basic('eve', PASSWORD) } },
      { name: "a stranger's token", headers: { authorization: basic('x', await token(stranger.userId, ['repo'])) } },
      {
        name: "the owner's token without a scope",
        headers: { authorization: basic('ada', await token(forge.owner.userId, [])) },
      },
      {
        name: "the owner's token for what is public",
        headers: { authorization: `Bearer ${await token(forge.owner.userId, ['public_repo'])}` },
      },
      { name: "a stranger's LFS token", headers: { authorization: await lfs(stranger, secretId) } },
      {
        name: "the owner's LFS token of another repository",
        headers: { authorization: await lfs(forge.owner, otherId) },
      },
    ];
  }

  const post = (service: string, pkts: readonly OutgoingPkt[], version = 0): Omit<Question, 'name'> => ({
    method: 'POST',
    target: `.git/git-${service}`,
    headers: { 'content-type': `application/x-git-${service}-request`, 'git-protocol': `version=${version}` },
    body: Buffer.concat(pkts.map(encodePktLine)),
  });
  const fetchV2 = (...lines: string[]) => post('upload-pack', ['command=fetch', DELIM, ...lines, 'done', FLUSH], 2);
  const lfs = (method: string, resource: string, body?: unknown): Omit<Question, 'name'> => ({
    method,
    target: `.git/info/lfs/${resource}`,
    headers: { accept: LFS_JSON, ...(body !== undefined && { 'content-type': LFS_JSON }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });

  function questions(): Question[] {
    const { commitId, blobId, treeId, tagId, oid, lockId } = secret;
    const zero = '0'.repeat(40);
    const info = (service: string, version: number) => ({
      name: `${service} in version ${version}`,
      method: 'GET',
      target: `.git/info/refs?service=git-${service}`,
      headers: { 'git-protocol': `version=${version}` },
    });
    const pointer = { oid, size: LARGE.length };
    return [
      ...[0, 1, 2].flatMap((version) => [info('upload-pack', version), info('receive-pack', version)]),
      { ...info('upload-archive', 0), name: 'upload-archive' },
      { name: 'ls-refs', ...post('upload-pack', ['command=ls-refs', FLUSH], 2) },
      {
        name: 'object-info',
        ...post('upload-pack', ['command=object-info', DELIM, 'size', `oid ${blobId}`, FLUSH], 2),
      },
      { name: 'bundle-uri', ...post('upload-pack', ['command=bundle-uri', FLUSH], 2) },
      ...[commitId, treeId, blobId, tagId].map((id) => ({ name: `want ${id}`, ...fetchV2(`want ${id}`) })),
      { name: 'want-ref', ...fetchV2('want-ref refs/heads/main') },
      { name: 'have', ...post('upload-pack', ['command=fetch', DELIM, 'wait-for-done', `have ${commitId}`, FLUSH], 2) },
      { name: 'filter sparse:oid', ...fetchV2(`want ${commitId}`, `filter sparse:oid=${blobId}`) },
      { name: 'deepen', ...fetchV2(`want ${commitId}`, 'deepen 1') },
      { name: 'version 0', ...post('upload-pack', [`want ${commitId} side-band-64k`, FLUSH, 'done']) },
      { name: 'probe', ...post('upload-pack', [FLUSH]) },
      { name: 'push', ...post('receive-pack', [`${commitId} ${zero} refs/heads/main\0report-status`, FLUSH]) },
      { name: 'push probe', ...post('receive-pack', [FLUSH]) },
      { name: 'archive', ...post('upload-archive', ['argument --format=tar', `argument ${commitId}`, FLUSH]) },
      { name: 'raw by branch', method: 'GET', target: '/raw/main/README.md' },
      { name: 'raw by id', method: 'GET', target: `/raw/${commitId}/README.md` },
      { name: 'dumb object', method: 'GET', target: `.git/objects/${blobId.slice(0, 2)}/${blobId.slice(2)}` },
      { name: 'LFS download', ...lfs('POST', 'objects/batch', { operation: 'download', objects: [pointer] }) },
      { name: 'LFS upload', ...lfs('POST', 'objects/batch', { operation: 'upload', objects: [pointer] }) },
      { name: 'LFS object', ...lfs('GET', `objects/${oid}`) },
      { name: 'LFS put', ...lfs('PUT', `objects/${oid}`) },
      { name: 'LFS verify', ...lfs('POST', 'verify', pointer) },
      { name: 'LFS locks', ...lfs('GET', 'locks') },
      { name: 'LFS lock by path', ...lfs('GET', 'locks?path=large.bin') },
      { name: 'LFS lock', ...lfs('POST', 'locks', { path: 'large.bin' }) },
      { name: 'LFS locks of others', ...lfs('POST', 'locks/verify', {}) },
      { name: 'LFS unlock', ...lfs('POST', `locks/${lockId}/unlock`, { force: true }) },
    ];
  }

  async function ask(
    repository: string,
    { method, target, headers, body }: Question,
    caller: Readonly<Record<string, string>>,
  ) {
    const options = { headers: { ...headers, ...caller }, ...(body !== undefined && { body }) };
    return comparable(await request(forge.port, method, `/ada/${repository}${target}`, options), repository);
  }

  it('answers those who may not read it as one that does not exist', { timeout: 120_000 }, async () => {
    for (const caller of callers) {
      for (const question of questions()) {
        const where = `${caller.name}: ${question.name}`;
        const answer = await ask(SECRET, question, caller.headers);
        expect([401, 403, 404], `${where}: ${JSON.stringify(answer)}`).toContain(answer.status);
        // Whoever has such a token could read the repository once, and knows that it is there.
        if (caller.name.startsWith("a stranger's LFS token")) continue;
        expect(answer, where).toEqual(await ask(MISSING, question, caller.headers));
      }
    }
  });

  it('is read by its owner through the same questions', async () => {
    const owner = { authorization: basic('ada') };
    const statuses = new Map<string, number>();
    for (const question of questions()) statuses.set(question.name, (await ask(SECRET, question, owner)).status);
    const refused = [...statuses].filter(([, status]) => status >= 400).map(([name, status]) => `${name} ${status}`);
    // What nobody is served: services that are no part of HTTP, bytes that are not there, a lock that is taken.
    expect(refused.filter((name) => !/^(dumb object|LFS put|LFS lock) /.test(name))).toEqual([]);
  });

  it('gives nothing of itself away through another repository', async () => {
    const { commitId, treeId, blobId, tagId, oid } = secret;
    const unknown = '1234567890'.repeat(4);
    const stranger = { authorization: basic('eve') };
    const askOpen = async (question: Omit<Question, 'name'>) => {
      const { status, body } = await ask(OPEN, { name: '', ...question }, stranger);
      return [status, body];
    };
    for (const id of [commitId, treeId, blobId, tagId]) {
      for (const make of [
        (name: string) => fetchV2(`want ${name}`),
        (name: string) => post('upload-pack', [`want ${name} side-band-64k`, FLUSH, 'done']),
        (name: string) => post('upload-pack', ['command=fetch', DELIM, 'wait-for-done', `have ${name}`, FLUSH], 2),
        (name: string) => post('upload-pack', ['command=object-info', DELIM, 'size', `oid ${name}`, FLUSH], 2),
        (name: string) => post('upload-archive', ['argument --format=tar', `argument ${name}`, FLUSH]),
        (name: string): Omit<Question, 'name'> => ({ method: 'GET', target: `/raw/${name}/README.md` }),
      ]) {
        const [status, body] = await askOpen(make(id));
        const [otherStatus, otherBody] = await askOpen(make(unknown));
        expect([status, String(body).replaceAll(id, unknown)]).toEqual([otherStatus, otherBody]);
      }
    }
    const download = (name: string) => ({ operation: 'download', objects: [{ oid: name, size: LARGE.length }] });
    const known = await forge.api(OPEN, 'objects/batch', download(oid), { login: 'eve' });
    expect(known.body.objects[0]).toMatchObject({ error: { code: 404 } });
    expect(known.body.objects[0].actions).toBeUndefined();
    expect((await forge.api(OPEN, `objects/${oid}`, undefined, { login: 'eve' })).status).toBe(404);
  });
});

/** Without what is different in every answer. */
function comparable(answer: RawAnswer, repository: string): { status: number; headers: unknown; body: string } {
  const { date: _, 'x-request-id': __, 'x-github-request-id': ___, ...headers } = answer.headers;
  const body = answer.body.toString('latin1').replaceAll(repository, 'NAME');
  const withoutRequest = body.replace(/[0-9a-f]{8}-[0-9a-f-]{27}|"request_id":"[^"]*"/g, 'REQUEST');
  return {
    status: answer.status,
    headers: JSON.parse(JSON.stringify(headers).replaceAll(repository, 'NAME')),
    body: withoutRequest,
  };
}
