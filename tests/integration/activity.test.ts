/** What was pushed, as REST tells it: to whom, with which refs, and what the signatures of signed pushes are worth. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ScratchRepository } from '../fixtures/scratch-repository.ts';
import { hasDatabase } from '../support/database.ts';
import { RestForge } from '../support/rest-forge.ts';

const PLACE = '/repos/ada/project';
const ZERO = '0'.repeat(40);

describe.skipIf(!hasDatabase)('what was pushed', () => {
  let forge: RestForge;
  let ada: string;
  let bob: string;
  let adaId: number;
  let scratch: ScratchRepository;
  let folder: string;
  let main: string;

  beforeAll(async () => {
    folder = mkdtempSync(path.join(tmpdir(), 'activity-'));
    forge = await RestForge.start();
    ada = await forge.createUser('ada', ['repo', 'user', 'admin:public_key']);
    bob = await forge.createUser('bob', ['repo']);
    adaId = (await forge.call('GET /user', { token: ada })).body.id;
    await forge.call('POST /user/repos', { token: ada, body: { name: 'project' } });
    await forge.call('POST /user/repos', { token: ada, body: { name: 'secret', private: true } });
    await set({
      'receive.advertisePushCert': true,
      'receive.advertisePushOptions': true,
      'receive.certNonceSlop': 600,
    });
    scratch = new ScratchRepository();
    for (const name of ['One', 'Two']) scratch.git(['commit', '-q', '--allow-empty', '-m', name]);
    main = scratch.line(['rev-parse', 'main']);
  });

  afterAll(async () => {
    await forge?.close();
    scratch?.[Symbol.dispose]();
    rmSync(folder, { recursive: true });
  });

  async function set(settings: Record<string, unknown>): Promise<void> {
    const answer = await forge.call(`PATCH ${PLACE}/git-settings`, { token: ada, body: settings });
    expect(answer.status, JSON.stringify(answer.body)).toBe(200);
  }

  async function push(args: readonly string[], options: readonly string[] = []): Promise<void> {
    const url = `${forge.origin.replace('//', `//ada:${ada}@`)}/ada/project.git`;
    const run = await forge.git(scratch.directory, [
      ...options,
      'push',
      '-q',
      ...args.slice(0, -1),
      url,
      ...args.slice(-1),
    ]);
    expect(run).toMatchObject({ status: 0 });
  }

  const read = async (query = '', token?: string) =>
    (await forge.call(`GET ${PLACE}/activity${query}`, { token })).body;
  // biome-ignore lint/suspicious/noExplicitAny: a body of the API
  const short = (body: any[]) => body.map((item) => `${item.activity_type} ${item.ref}`);

  it('is told newest first, and page by page', async () => {
    await push(['main~1:refs/heads/main']);
    await push(['main']);
    await push(['main:refs/heads/topic']);
    await push([':refs/heads/topic']);
    scratch.git(['tag', 'v1']);
    await push(['v1']);
    const all = await read();
    expect(short(all)).toEqual([
      'ref_creation refs/tags/v1',
      'branch_deletion refs/heads/topic',
      'branch_creation refs/heads/topic',
      'push refs/heads/main',
      'branch_creation refs/heads/main',
    ]);
    const before = scratch.line(['rev-parse', 'main~1']);
    expect(all[3]).toMatchObject({
      before,
      after: main,
      actor: { login: 'ada', id: adaId },
      push: { nonce_status: null },
    });
    expect(all[4]).toMatchObject({ before: ZERO, after: before });
    const pages: unknown[] = [];
    for (let place: string | undefined = `${PLACE}/activity?per_page=2`; place !== undefined; ) {
      const { body, headers } = await forge.call(`GET ${place}`);
      expect(body.length).toBeLessThanOrEqual(2);
      pages.push(...body);
      const next: string | undefined = /<([^>]*)>; rel="next"/.exec(headers.get('link') ?? '')?.[1];
      place = next?.slice(forge.api.length);
    }
    expect(pages).toEqual(all);
  });

  it('is told of one ref, of one person, of one kind', async () => {
    expect(short(await read('?ref=topic'))).toEqual(short(await read('?ref=refs/heads/topic')));
    expect(short(await read('?ref=topic'))).toEqual([
      'branch_deletion refs/heads/topic',
      'branch_creation refs/heads/topic',
    ]);
    expect(short(await read('?activity_type=push'))).toEqual(['push refs/heads/main']);
    expect(await read('?actor=ADA')).toHaveLength(5);
    expect(await read('?actor=bob')).toEqual([]);
    expect(await read('?after=nonsense')).toEqual([]);
    expect(await read(`?after=${'0'.repeat(8)}-0000-0000-0000-${'0'.repeat(12)}.0`)).toEqual([]);
  });

  it('takes the refs of one push apart, over pages too', async () => {
    const names = Array.from({ length: 5 }, (_, number) => `refs/many/${number}`);
    for (const name of names) scratch.git(['update-ref', name, main]);
    await push(['refs/many/*:refs/many/*']);
    const [first, second] = [await read('?per_page=3'), await forge.call(`GET ${PLACE}/activity?per_page=3`)];
    expect(first).toEqual(second.body);
    const after = first[2].id;
    const rest = await read(`?per_page=2&after=${after}`);
    expect([...first, ...rest].map((item) => item.ref)).toEqual(names);
    expect(new Set([...first, ...rest].map((item) => item.push.id)).size).toBe(1);
  });

  it('is told to those alone who may read the repository', async () => {
    const places = ['activity', 'pushes/00000000-0000-0000-0000-000000000000', 'pushes/x'];
    for (const place of places) {
      expect((await forge.call(`GET /repos/ada/secret/${place}`, { token: bob })).status).toBe(404);
      const [stranger, nothing] = [
        await forge.call(`GET /repos/ada/secret/${place}`),
        await forge.call(`GET /repos/ada/nothing/${place}`),
      ];
      expect([stranger.status, stranger.body]).toEqual([nothing.status, nothing.body]);
      expect(stranger.status).toBe(404);
    }
  });

  it('leaves out refs that are hidden', async () => {
    await push(['main:refs/secret/x']);
    const [{ push: secret }] = await read('?per_page=1');
    await set({ 'transfer.hideRefs': ['refs/secret'] });
    for (const query of ['', '?ref=refs/secret/x']) {
      expect(JSON.stringify(await read(query, ada))).not.toContain('refs/secret');
    }
    expect((await read('?per_page=1'))[0].ref).toBe('refs/many/0');
    expect((await forge.call(`GET ${PLACE}/pushes/${secret.id}`, { token: ada })).status).toBe(404);
    await set({ 'transfer.hideRefs': [] });
    expect((await forge.call(`GET ${PLACE}/pushes/${secret.id}`, { token: ada })).status).toBe(200);
  });

  describe('signed', () => {
    let key: string;
    let number = 0;

    beforeAll(() => {
      key = path.join(folder, 'key');
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
    });

    async function pushSigned(): Promise<string> {
      const signing = ['-c', 'gpg.format=ssh', '-c', `user.signingKey=${key}`];
      await push(['--signed=yes', '-o', 'a secret', `main:refs/signed/${++number}`], signing);
      const [{ push: pushed }] = await read('?per_page=1');
      expect(pushed.nonce_status).toBe('OK');
      return pushed.id;
    }

    const get = async (id: string, token: string) => forge.call(`GET ${PLACE}/pushes/${id}`, { token });

    it('counts by a key of the one who pushed', async () => {
      const id = await pushSigned();
      const unknown = (await get(id, ada)).body.certificate;
      expect(unknown).toMatchObject({ nonce_status: 'OK', verification: { verified: false, reason: 'unknown_key' } });
      const line = readFileSync(`${key}.pub`, 'utf8');
      const added = await forge.call('POST /user/keys', { token: ada, body: { title: 'laptop', key: line } });
      expect(added.status).toBe(201);
      const { body } = await get(id, ada);
      expect(body).toMatchObject({
        id,
        actor: { login: 'ada' },
        updates: [{ ref: `refs/signed/${number}`, after: main }],
      });
      const { verification, key_fingerprint } = body.certificate;
      expect(verification).toMatchObject({ verified: true, reason: 'valid' });
      expect(verification.payload).toContain(`\npush-option a secret\n`);
      expect(verification.signature).toMatch(/^-----BEGIN SSH SIGNATURE-----\n/);
      expect(execFileSync('ssh-keygen', ['-lf', key], { encoding: 'utf8' })).toContain(` ${key_fingerprint} `);
    });

    it('is for those who may write', async () => {
      const id = await pushSigned();
      expect((await get(id, bob)).status).toBe(403);
      expect((await forge.call(`GET ${PLACE}/pushes/${id}`)).status).toBe(401);
    });

    it('is not shown where the certificate names a hidden ref, moved or not', async () => {
      const id = await pushSigned();
      const { sql } = forge.accounts.database;
      await sql`update push set updates = '[{"name":"refs/heads/other","old":"0","new":"1"}]' where id = ${id}`;
      expect((await get(id, ada)).status).toBe(200);
      await set({ 'transfer.hideRefs': ['refs/signed'] });
      expect((await get(id, ada)).status).toBe(404);
      await set({ 'transfer.hideRefs': [] });
    });

    it.each<[string, (certificate: string) => string, string]>([
      ['changed after it was signed', (text) => text.replace('push-option a', 'push-option b'), 'invalid'],
      [
        'cut',
        (text) => text.replace(/\n.{8}\n(-+END)/s, '\n$1').replace('U1NIU0lH', 'U1NIU0lX'),
        'malformed_signature',
      ],
      ['without its signature', (text) => text.replace(/-----BEGIN.*/s, ''), 'unsigned'],
      ['by OpenPGP', (text) => text.replaceAll('SSH SIGNATURE', 'PGP SIGNATURE'), 'unknown_key'],
      ['for another purpose', (text) => resign(text, 'file'), 'invalid'],
    ])('%s', async (_, change, reason) => {
      const id = await pushSigned();
      const { sql } = forge.accounts.database;
      const [row] = await sql<{ certificate: Buffer }[]>`select certificate from push where id = ${id}`;
      const changed = Buffer.from(change(String(row?.certificate)));
      await sql`update push set certificate = ${changed} where id = ${id}`;
      const { verification } = (await get(id, ada)).body.certificate;
      expect(verification).toMatchObject({ verified: false, reason });
    });

    function resign(certificate: string, namespace: string): string {
      const payload = certificate.replace(/-----BEGIN.*/s, '');
      const args = ['-Y', 'sign', '-n', namespace, '-f', key];
      const signature = execFileSync('ssh-keygen', args, { input: payload, stdio: ['pipe', 'pipe', 'ignore'] });
      return payload + signature;
    }

    it.each(['rsa', 'ecdsa'])('by a key of %s', async (type) => {
      key = path.join(folder, `key-${type}`);
      execFileSync('ssh-keygen', ['-q', '-t', type, '-N', '', '-f', key]);
      const body = { title: type, key: readFileSync(`${key}.pub`, 'utf8') };
      await forge.call('POST /user/keys', { token: ada, body });
      const { verification } = (await get(await pushSigned(), ada)).body.certificate;
      expect(verification).toMatchObject({ verified: true, reason: 'valid' });
    });
  });
});
