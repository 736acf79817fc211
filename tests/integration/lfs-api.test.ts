/** The LFS API, request by request: what it answers to clients of good will, of none, and to those who may not. */
import { createHash, randomBytes } from 'node:crypto';
import http from 'node:http';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { LfsTokens } from '#auth/lfs-token.ts';
import { limits } from '#limits.ts';
import type { RepositoryRecord } from '#repository/repository-record.ts';
import { MemoryBlobStore } from '#storage/memory-blob-store.ts';
import { createTestUser } from '../support/accounts.ts';
import { hasDatabase } from '../support/database.ts';
import { basic, LFS_JSON, LfsForge } from '../support/lfs-forge.ts';
import { request } from '../support/raw-http.ts';

const BYTES = randomBytes(50_000);
const OID = sha256(BYTES);
const UNKNOWN_OID = sha256(Buffer.from('unknown'));
const CHALLENGE = 'Basic realm="OpenCodeHub", charset="UTF-8"';

describe.skipIf(!hasDatabase)('the LFS API', () => {
  let forge: LfsForge;
  let tokens: LfsTokens;
  let privateRepository: RepositoryRecord;
  let count = 0;

  beforeAll(async () => {
    forge = await LfsForge.start(new MemoryBlobStore());
    tokens = new LfsTokens(forge.accounts.database.sql);
    await createTestUser(forge.accounts.workflows, 'grace');
    privateRepository = await forge.createRepository('private', 'private');
    await forge.createRepository('public');
    await forge.createRepository('other', 'private');
    for (const name of ['private', 'public']) expect((await put(name, OID, BYTES)).status).toBe(200);
  });
  afterAll(() => forge.close());

  function batch(name: string, operation: string, objects: unknown, options: Parameters<LfsForge['api']>[3] = {}) {
    return forge.api(name, 'objects/batch', { operation, objects }, options);
  }

  function put(name: string, oid: string, bytes: Uint8Array, headers: Record<string, string> = {}) {
    return request(forge.port, 'PUT', `/ada/${name}.git/info/lfs/objects/${oid}`, {
      headers: { Authorization: basic('ada'), 'Content-Length': String(bytes.length), ...headers },
      body: bytes,
    });
  }

  function get(name: string, oid: string, headers: Record<string, string> = {}, method = 'GET') {
    return request(forge.port, method, `/ada/${name}.git/info/lfs/objects/${oid}`, {
      headers: { Authorization: basic('ada'), ...headers },
    });
  }

  async function freshRepository(): Promise<RepositoryRecord> {
    return forge.createRepository(`fresh-${++count}`, 'private');
  }

  describe('a batch', () => {
    test('says where objects are, and what is missing', async () => {
      const objects = [
        { oid: OID, size: BYTES.length },
        { oid: UNKNOWN_OID, size: 7 },
      ];
      const answer = await batch('private', 'download', objects, { login: 'ada' });
      expect(answer).toMatchObject({
        status: 200,
        body: { transfer: 'basic', hash_algo: 'sha256', objects: [{ ...objects[0], authenticated: true }, objects[1]] },
      });
      expect(answer.headers.get('content-type')).toBe(LFS_JSON);
      const { href, header, expires_in } = answer.body.objects[0].actions.download;
      expect(href).toBe(`${forge.url('private')}/info/lfs/objects/${OID}`);
      expect(expires_in).toBeGreaterThan(3_000);
      expect(Buffer.from(await (await fetch(href, { headers: header })).arrayBuffer())).toEqual(BYTES);
      expect(answer.body.objects[1]).toEqual({ ...objects[1], error: { code: 404, message: expect.any(String) } });
    });

    test('gives actions that need no other credentials, and upload what was missing', async () => {
      const { name } = await freshRepository();
      const bytes = randomBytes(1_000);
      const object = { oid: sha256(bytes), size: bytes.length };
      const { body } = await batch(name, 'upload', [object], { login: 'ada' });
      const { href, header } = body.objects[0].actions.upload;
      expect((await fetch(href, { method: 'PUT', headers: header, body: bytes })).status).toBe(200);
      const again = await batch(name, 'upload', [object], { login: 'ada' });
      expect(again.body.objects).toEqual([object]);
    });

    test.each([
      ['a short oid', { oid: OID.slice(1), size: 1 }, 422],
      ['a long oid', { oid: `${OID}0`, size: 1 }, 422],
      ['an oid in upper case', { oid: OID.toUpperCase(), size: 1 }, 422],
      ['an oid that is a path', { oid: `../../${OID}`, size: 1 }, 422],
      ['a negative size', { oid: UNKNOWN_OID, size: -1 }, 422],
      ['half a byte', { oid: UNKNOWN_OID, size: 0.5 }, 422],
      ['a size beyond all numbers', { oid: UNKNOWN_OID, size: 1e300 }, 422],
      ['another size than the object has', { oid: OID, size: BYTES.length + 1 }, 422],
      ['more than an object may have', { oid: UNKNOWN_OID, size: limits.lfsObjectMaxBytes + 1 }, 413],
    ])('refuses %s, and only that object', async (_, object, code) => {
      const good = { oid: sha256(Buffer.from('good')), size: 0 };
      const { status, body } = await batch('private', 'upload', [object, good], { login: 'ada' });
      expect(status).toBe(200);
      expect(body.objects[0]).toEqual({ ...object, error: { code, message: expect.any(String) } });
      expect(body.objects[1].actions.upload).toBeDefined();
    });

    test('answers each time that an object is named, for the size that it is said to have', async () => {
      const [oid, here] = [UNKNOWN_OID, { oid: OID, size: BYTES.length }];
      const objects = [{ oid, size: 7 }, here, { oid, size: 8 }, { oid: OID, size: 1 }, { oid, size: 7 }];
      const { body } = await batch('private', 'upload', objects, { login: 'ada' });
      expect(body.objects.map((object: { oid: string; size: number }) => [object.oid, object.size])).toEqual(
        objects.map((object) => [object.oid, object.size]),
      );
      const outcomes = body.objects.map((object: { actions?: object; error?: { code: number } }) =>
        object.actions ? 'upload' : (object.error?.code ?? 'present'),
      );
      expect(outcomes).toEqual(['upload', 'present', 'upload', 422, 'upload']);
    });

    test('names objects by SHA-256 alone', async () => {
      const objects = [{ oid: OID, size: BYTES.length }];
      const request = { operation: 'download', hash_algo: 'sha512', objects };
      const { status, body } = await forge.api('private', 'objects/batch', request, { login: 'ada' });
      expect([status, body.objects[0].error.code, body.objects[0].actions]).toEqual([200, 409, undefined]);
    });

    test.each([0, 1, 100, limits.lfsBatchObjectsMax])('of %i objects has an answer for each', async (count) => {
      const objects = Array.from({ length: count }, (_, index) => ({
        oid: sha256(Buffer.from(`${index}`)),
        size: index,
      }));
      for (const [operation, outcome] of [
        ['download', 'error'],
        ['upload', 'actions'],
      ] as const) {
        const { status, body } = await batch('private', operation, objects, { login: 'ada' });
        expect([status, body.objects.length]).toEqual([200, count]);
        const named = body.objects.map(({ oid, size }: { oid: string; size: number }) => ({ oid, size }));
        expect(named).toEqual(objects);
        expect(body.objects.every((object: object) => outcome in object)).toBe(true);
      }
    });

    test('takes a ref and nulls, and the transfers of other adapters beside basic', async () => {
      const objects = [{ oid: OID, size: BYTES.length }];
      for (const extra of [
        { ref: { name: 'refs/heads/main' }, transfers: ['tus', 'basic'] },
        { ref: null, transfers: null, hash_algo: null },
        { transfers: [] },
      ]) {
        const answer = await forge.api(
          'private',
          'objects/batch',
          { operation: 'download', objects, ...extra },
          { login: 'ada' },
        );
        expect(answer).toMatchObject({ status: 200, body: { transfer: 'basic' } });
      }
    });

    test.each([
      [{ operation: 'delete', objects: [] }, 422],
      [{ operation: 'download' }, 422],
      [{ operation: 'download', objects: {} }, 422],
      [{ operation: 'download', objects: [{ oid: 1, size: 1 }] }, 422],
      [{ operation: 'download', objects: [{ oid: OID, size: '1' }] }, 422],
      [{ operation: 'download', objects: [], transfers: ['tus'] }, 422],
      [[], 422],
      [null, 422],
      [{ operation: 'download', objects: Array(limits.lfsBatchObjectsMax + 1).fill({ oid: OID, size: 1 }) }, 413],
      [{ operation: 'download', objects: [], padding: 'x'.repeat(limits.lfsRequestMaxBytes) }, 413],
    ])('refuses request %#', async (body, status) => {
      const answer = await forge.api('private', 'objects/batch', body, { login: 'ada' });
      expect(answer.status).toBe(status);
      expect(answer.body).toEqual({
        message: expect.any(String),
        request_id: expect.any(String),
        documentation_url: expect.stringMatching(/^https:/),
      });
    });

    test('refuses what is no JSON', async () => {
      const headers = { Authorization: basic('ada'), Accept: LFS_JSON, 'Content-Type': LFS_JSON };
      for (const body of ['', '{', Buffer.from([0xff, 0xfe])]) {
        expect(
          (await request(forge.port, 'POST', '/ada/private.git/info/lfs/objects/batch', { headers, body })).status,
        ).toBe(400);
      }
    });
  });

  describe('media types', () => {
    test.each([
      [LFS_JSON, `${LFS_JSON}; charset=utf-8`, 200],
      ['*/*', LFS_JSON, 200],
      [`text/html, ${LFS_JSON};q=0.5`, LFS_JSON.toUpperCase(), 200],
      ['application/json', LFS_JSON, 406],
      ['text/html', LFS_JSON, 406],
      [`${LFS_JSON};q=0`, LFS_JSON, 406],
      [`${LFS_JSON}; q=0.000, */*`, LFS_JSON, 406],
      [`*/*;q=0, ${LFS_JSON};q=0.1`, LFS_JSON, 200],
      ['application/*;q=0, */*', LFS_JSON, 406],
      [LFS_JSON, 'application/json', 415],
      [LFS_JSON, 'text/plain', 415],
    ])('Accept %s with Content-Type %s: %i', async (accept, contentType, status) => {
      const headers = { Accept: accept, 'Content-Type': contentType };
      const answer = await batch('private', 'download', [], { login: 'ada', headers });
      expect(answer.status).toBe(status);
      expect(answer.headers.get('content-type')).toBe(LFS_JSON);
    });

    test.each([
      ['GET', 'objects/batch', 405],
      ['HEAD', 'objects/batch', 405],
      ['HEAD', 'locks', 200],
      ['HEAD', 'locks?cursor=x', 422],
      ['DELETE', `objects/${OID}`, 405],
      ['POST', `objects/${OID}`, 405],
      ['DELETE', 'locks', 405],
      ['GET', 'verify', 405],
      ['GET', 'locks/1/unlock', 405],
      ['GET', '', 404],
      ['GET', 'objects', 404],
      // The API before the batches, which git-lfs 2 dropped.
      ['POST', 'objects', 404],
      ['PUT', 'objects/abc', 404],
      ['POST', 'locks/x/unlock', 404],
    ])('%s %s: %i', async (method, resource, status) => {
      const headers = { Authorization: basic('ada'), Accept: LFS_JSON };
      const answer = await request(forge.port, method, `/ada/private.git/info/lfs/${resource}`, { headers });
      expect(answer.status).toBe(status);
    });
  });

  describe('a download through us', () => {
    test.each([
      ['bytes=0-9', 206, 0, 10],
      ['bytes=49990-', 206, 49_990, 10],
      ['bytes=-10', 206, 49_990, 10],
      ['bytes=49990-99999', 206, 49_990, 10],
      ['bytes=0-0,5-9', 200, 0, 50_000],
      ['lines=1-2', 200, 0, 50_000],
      ['bytes=9-0', 200, 0, 50_000],
    ])('of %s', async (range, status, offset, lengthBytes) => {
      const answer = await get('private', OID, { Range: range });
      expect([answer.status, answer.body.length]).toEqual([status, lengthBytes]);
      expect(answer.body.equals(BYTES.subarray(offset, offset + lengthBytes))).toBe(true);
      if (status === 206)
        expect(answer.headers['content-range']).toBe(`bytes ${offset}-${offset + lengthBytes - 1}/50000`);
    });

    test.each(['bytes=50000-', 'bytes=99999-100000', 'bytes=-0'])('refuses %s', async (range) => {
      const answer = await get('private', OID, { Range: range });
      expect([answer.status, answer.headers['content-range']]).toEqual([416, 'bytes */50000']);
    });

    test('gives all of it to who has a part of something else', async () => {
      expect((await get('private', OID, { Range: 'bytes=9-', 'If-Range': `"${UNKNOWN_OID}"` })).status).toBe(200);
      expect((await get('private', OID, { Range: 'bytes=9-', 'If-Range': `"${OID}"` })).status).toBe(206);
    });

    test.each([
      [{ 'If-None-Match': `"${OID}"` }, 304],
      [{ 'If-None-Match': `"x", W/"${OID}"` }, 304],
      [{ 'If-None-Match': '*' }, 304],
      [{ 'If-None-Match': `"${OID}"`, Range: 'bytes=0-9' }, 304],
      [{ 'If-None-Match': `"${UNKNOWN_OID}"` }, 200],
      [{ 'If-None-Match': `"${UNKNOWN_OID}"`, Range: 'bytes=0-9' }, 206],
    ])('sends nothing again: %j', async (headers, status) => {
      const answers = [await get('private', OID, headers), await get('private', OID, headers, 'HEAD')];
      expect(answers.map((answer) => [answer.status, answer.headers.etag])).toEqual([
        [status, `"${OID}"`],
        [status, `"${OID}"`],
      ]);
      if (status === 304) expect(answers[0]?.body.length).toBe(0);
      expect((await get('private', UNKNOWN_OID, headers)).status).toBe(404);
    });

    test('tells the size to who asks for no more', async () => {
      const answer = await get('private', OID, {}, 'HEAD');
      expect([answer.status, answer.headers['content-length'], answer.body.length]).toEqual([200, '50000', 0]);
    });

    test('knows the empty object', async () => {
      const { name } = await freshRepository();
      const nothing = Buffer.alloc(0);
      expect((await put(name, sha256(nothing), nothing)).status).toBe(200);
      expect(await get(name, sha256(nothing))).toMatchObject({ status: 200, body: nothing });
      expect((await get(name, sha256(nothing), { Range: 'bytes=0-' })).status).toBe(416);
    });

    test('stops reading when the client leaves', async () => {
      const { name } = await freshRepository();
      const bytes = randomBytes(30_000_000);
      expect((await put(name, sha256(bytes), bytes)).status).toBe(200);
      let ended = false;
      const original = forge.objects.read.bind(forge.objects);
      const read = vi.spyOn(forge.objects, 'read').mockImplementation(async function* (...args) {
        try {
          yield* original(...args);
        } finally {
          ended = true;
        }
      });
      await new Promise<void>((resolve) => {
        const headers = { Authorization: basic('ada') };
        const path = `/ada/${name}.git/info/lfs/objects/${sha256(bytes)}`;
        http.get({ port: forge.port, host: '127.0.0.1', path, headers, agent: false }, (answer) => {
          answer.once('data', () => answer.destroy());
          answer.once('close', resolve);
        });
      });
      await vi.waitFor(() => expect(ended).toBe(true));
      read.mockRestore();
    });
  });

  describe('an upload through us', () => {
    test('of other bytes is refused, and leaves nothing', async () => {
      const repository = await freshRepository();
      for (const bytes of [randomBytes(100), randomBytes(20_000_000)]) {
        const answer = await put(repository.name, UNKNOWN_OID, bytes);
        expect([answer.status, JSON.parse(String(answer.body)).message]).toEqual([
          422,
          expect.stringContaining(sha256(bytes)),
        ]);
      }
      expect((await get(repository.name, UNKNOWN_OID)).status).toBe(404);
      expect(await rowsOf(repository)).toEqual({ objects: 0, uploads: 0 });
    });

    test('of many parts arrives whole, and again, and zipped', async () => {
      const { name } = await freshRepository();
      const bytes = randomBytes(3 * limits.lfsPartBytes + 5);
      for (const _ of [1, 2]) expect((await put(name, sha256(bytes), bytes)).status).toBe(200);
      expect((await get(name, sha256(bytes))).body.equals(bytes)).toBe(true);
      const text = Buffer.from('zipped '.repeat(10_000));
      const { gzipSync } = await import('node:zlib');
      expect((await put(name, sha256(text), gzipSync(text), { 'Content-Encoding': 'gzip' })).status).toBe(200);
      expect((await get(name, sha256(text))).body.equals(text)).toBe(true);
    });

    test('of unknown length arrives whole', async () => {
      const { name } = await freshRepository();
      const bytes = randomBytes(100_000);
      const headers = { Authorization: basic('ada'), 'Transfer-Encoding': 'chunked' };
      const target = `/ada/${name}/info/lfs/objects/${sha256(bytes)}`;
      expect((await request(forge.port, 'PUT', target, { headers, body: bytes })).status).toBe(200);
      expect((await get(name, sha256(bytes))).body.equals(bytes)).toBe(true);
    });

    test.each([0, 7, BYTES.length])('of %i other bytes takes the place of nothing', async (count) => {
      const answer = await put('private', OID, randomBytes(count));
      expect([answer.status, JSON.parse(String(answer.body)).message]).toEqual([422, expect.stringContaining(OID)]);
      expect((await get('private', OID)).body.equals(BYTES)).toBe(true);
    });

    test('that breaks off leaves nothing', async () => {
      const repository = await freshRepository();
      const bytes = randomBytes(2 * limits.lfsPartBytes);
      await new Promise<void>((resolve) => {
        const headers = { Authorization: basic('ada'), 'Content-Length': String(2 * bytes.length) };
        const path = `/ada/${repository.name}.git/info/lfs/objects/${sha256(bytes)}`;
        const upload = http.request({
          port: forge.port,
          host: '127.0.0.1',
          method: 'PUT',
          path,
          headers,
          agent: false,
        });
        upload.on('error', () => {}).on('close', resolve);
        upload.write(bytes, () => setTimeout(() => upload.destroy(), 300));
      });
      await vi.waitFor(async () => expect(await rowsOf(repository)).toEqual({ objects: 0, uploads: 0 }));
    });

    test('of too much is refused before a byte is sent', async () => {
      const status = await new Promise<number | undefined>((resolve, reject) => {
        const upload = http.request({
          port: forge.port,
          host: '127.0.0.1',
          method: 'PUT',
          path: `/ada/private.git/info/lfs/objects/${UNKNOWN_OID}`,
          headers: {
            Authorization: basic('ada'),
            'Content-Length': String(limits.lfsObjectMaxBytes + 1),
            Expect: '100-continue',
          },
          agent: false,
        });
        upload.on('continue', () => reject(new Error('the body was asked for')));
        upload.on('response', (answer) => {
          resolve(answer.statusCode);
          upload.destroy();
        });
        upload.on('error', reject).flushHeaders();
      });
      expect(status).toBe(413);
    });

    test('waits for its turn where too many are under way', async () => {
      const receive = vi.spyOn(forge.objects, 'receive').mockResolvedValueOnce({ kind: 'busy' });
      const answer = await put('private', UNKNOWN_OID, Buffer.from('unknown'));
      expect([answer.status, answer.headers['retry-after']]).toEqual([429, '5']);
      receive.mockRestore();
    });
  });

  describe('who may not', () => {
    const objects = [{ oid: OID, size: BYTES.length }];

    test.each(['private', 'nothing'])('a stranger is asked who they are at "%s"', async (name) => {
      const answers = [
        await batch(name, 'download', objects),
        await batch(name, 'upload', objects),
        await forge.api(name, 'locks'),
        await forge.api(name, 'locks', { path: 'a' }),
        await forge.api(name, 'locks/verify', {}),
        await forge.api(name, 'locks/1/unlock', {}),
        await forge.api(name, 'verify', objects[0]),
        await forge.api(name, `objects/${OID}`),
      ];
      for (const { status, headers, body } of answers) {
        expect([status, headers.get('lfs-authenticate'), headers.get('www-authenticate')]).toEqual([
          401,
          CHALLENGE,
          null,
        ]);
        expect(body.message).toBe('Authentication required.');
      }
    });

    test.each(['private', 'nothing'])('a user sees nothing at "%s"', async (name) => {
      const login = 'grace';
      const answers = [
        await batch(name, 'download', objects, { login }),
        await batch(name, 'upload', objects, { login }),
        await forge.api(name, 'locks', undefined, { login }),
        await forge.api(name, 'locks', { path: 'a' }, { login }),
        await forge.api(name, 'locks/verify', {}, { login }),
        await forge.api(name, 'verify', objects[0], { login }),
        await forge.api(name, `objects/${OID}`, undefined, { login }),
      ];
      for (const { status, body } of answers) {
        expect([status, body.message]).toEqual([404, 'Repository not found.']);
      }
      expect((await put(name, OID, BYTES, { Authorization: basic('grace') })).status).toBe(404);
    });

    test('a user who may read does not write', async () => {
      const login = 'grace';
      expect((await batch('public', 'download', objects, { login })).body.objects[0].actions).toBeDefined();
      const answers = [
        await batch('public', 'upload', objects, { login }),
        await forge.api('public', 'locks', { path: 'a' }, { login }),
        await forge.api('public', 'locks/verify', {}, { login }),
        await forge.api('public', 'verify', objects[0], { login }),
      ];
      expect(answers.map(({ status }) => status)).toEqual([403, 403, 403, 403]);
      expect((await put('public', OID, BYTES, { Authorization: basic('grace') })).status).toBe(403);
      expect((await forge.api('public', 'locks', undefined, { login })).body).toEqual({ locks: [] });
    });

    test('a stranger reads what is public, without a token', async () => {
      const { body } = await batch('public', 'download', objects);
      expect(body.objects[0]).toMatchObject({ authenticated: true, actions: { download: { header: {} } } });
      expect((await fetch(body.objects[0].actions.download.href)).status).toBe(200);
      expect((await batch('public', 'upload', objects)).status).toBe(401);
    });

    test('a wrong password is refused, also where strangers may read', async () => {
      const authorization = basic('ada', 'wrong');
      const answer = await batch('public', 'download', objects, { authorization });
      expect([answer.status, answer.headers.get('lfs-authenticate')]).toEqual([401, CHALLENGE]);
    });

    test('an archived repository is read, not written', async () => {
      const repository = await freshRepository();
      await put(repository.name, OID, BYTES);
      await forge.accounts.catalog.update(forge.owner, repository.id, { archived: true });
      expect((await batch(repository.name, 'download', objects, { login: 'ada' })).status).toBe(200);
      expect((await batch(repository.name, 'upload', objects, { login: 'ada' })).status).toBe(403);
      expect((await put(repository.name, OID, BYTES)).status).toBe(403);
    });

    test("an object's hash opens nothing in another repository, and is uploaded there anew", async () => {
      const { body } = await batch('other', 'download', objects, { login: 'ada' });
      const { body: unknown } = await batch('other', 'download', [{ oid: UNKNOWN_OID, size: BYTES.length }], {
        login: 'ada',
      });
      expect(body.objects[0].error).toEqual(unknown.objects[0].error);
      expect((await get('other', OID)).status).toBe(404);
      expect((await forge.api('other', 'verify', objects[0], { login: 'ada' })).status).toBe(404);
      const upload = await batch('other', 'upload', objects, { login: 'ada' });
      expect(upload.body.objects[0].actions.upload).toBeDefined();
    });

    test('a token opens its own repository, for its own operation', async () => {
      const issue = async (operation: 'download' | 'upload') =>
        (await tokens.issue({ principal: forge.owner, repositoryId: privateRepository.id, operation })).authorization;
      const [download, upload] = [await issue('download'), await issue('upload')];
      const status = async (name: string, operation: string, authorization: string) =>
        (await batch(name, operation, objects, { authorization })).status;
      expect(await status('private', 'download', download)).toBe(200);
      expect(await status('private', 'upload', download)).toBe(403);
      expect(await status('private', 'upload', upload)).toBe(200);
      expect(await status('private', 'download', upload)).toBe(200);
      expect(await status('private', 'download', upload.replace('RemoteAuth', 'Bearer'))).toBe(200);
      for (const name of ['other', 'public', 'nothing']) expect(await status(name, 'download', upload)).toBe(401);
      expect((await put('private', OID, BYTES, { Authorization: download })).status).toBe(403);
      const lock = await forge.api('private', 'locks', { path: 'token' }, { authorization: download });
      expect(lock.status).toBe(403);
    });

    test('a token says no more than its principal may now', async () => {
      const repository = await freshRepository();
      const grace = await forge.accounts.directory.find('grace', forge.owner);
      const principal = {
        kind: 'user',
        userId: grace?.accountId ?? 0,
        login: 'grace',
        siteAdmin: false,
        credential: { kind: 'password' },
      } as const;
      const { authorization } = await tokens.issue({ principal, repositoryId: repository.id, operation: 'upload' });
      expect((await batch(repository.name, 'download', objects, { authorization })).status).toBe(404);
      await forge.accounts.catalog.update(forge.owner, repository.id, { visibility: 'public' });
      expect((await batch(repository.name, 'download', objects, { authorization })).status).toBe(200);
      expect((await batch(repository.name, 'upload', objects, { authorization })).status).toBe(403);
    });

    test('a token is none for git and for other doors', async () => {
      const { token } = await tokens.issue({
        principal: forge.owner,
        repositoryId: privateRepository.id,
        operation: 'upload',
      });
      for (const Authorization of [`RemoteAuth ${token}`, `Bearer ${token}`, `Basic ${btoa(`ada:${token}`)}`]) {
        const answer = await fetch(`${forge.url('private')}/info/refs?service=git-upload-pack`, {
          headers: { Authorization },
        });
        expect(answer.status).toBe(401);
      }
    });

    test('a deploy key writes with its token, and owns no lock', async () => {
      const repository = await freshRepository();
      const [row] = await forge.accounts.database.sql<[{ id: number }]>`
        insert into ssh_key (repository_id, title, public_key, fingerprint, read_only)
        values (${repository.id}, 'ci', 'ssh-ed25519 AAAA', 'SHA256:ci', false) returning id`;
      const key = {
        kind: 'deploy-key',
        keyId: row.id,
        title: 'ci',
        repositoryId: repository.id,
        readOnly: false,
      } as const;
      const { authorization } = await tokens.issue({
        principal: key,
        repositoryId: repository.id,
        operation: 'upload',
      });
      expect((await put(repository.name, OID, BYTES, { Authorization: authorization })).status).toBe(200);
      expect((await forge.api(repository.name, 'locks', { path: 'a' }, { authorization })).status).toBe(403);
      await forge.api(repository.name, 'locks', { path: 'a' }, { login: 'ada' });
      const { body } = await forge.api(repository.name, 'locks/verify', {}, { authorization });
      expect([body.ours, body.theirs.length]).toEqual([[], 1]);
      await forge.accounts.database.sql`update ssh_key set read_only = true where id = ${row.id}`;
      expect((await put(repository.name, OID, BYTES, { Authorization: authorization })).status).toBe(403);
    });
  });

  describe('locks', () => {
    test('are made once for a path, and released by their owner', async () => {
      const { name } = await freshRepository();
      const made = await forge.api(
        name,
        'locks',
        { path: 'dir/ü.psd', ref: { name: 'refs/heads/main' } },
        { login: 'ada' },
      );
      expect(made).toMatchObject({ status: 201, body: { lock: { path: 'dir/ü.psd', owner: { name: 'ada' } } } });
      const { lock } = made.body;
      expect(lock.id).toEqual(expect.any(String));
      expect(lock.locked_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
      const taken = await forge.api(name, 'locks', { path: 'dir/ü.psd' }, { login: 'ada' });
      expect(taken).toMatchObject({ status: 409, body: { lock, message: expect.stringContaining('ada') } });
      expect((await forge.api(name, 'locks', undefined, { login: 'ada' })).body).toEqual({ locks: [lock] });
      const unlocked = await forge.api(name, `locks/${lock.id}/unlock`, { force: false }, { login: 'ada' });
      expect(unlocked).toMatchObject({ status: 200, body: { lock } });
      expect((await forge.api(name, `locks/${lock.id}/unlock`, {}, { login: 'ada' })).status).toBe(404);
      expect((await forge.api(name, 'locks', { path: 'dir/ü.psd' }, { login: 'ada' })).status).toBe(201);
    });

    test('are made for the longest path', async () => {
      const { name } = await freshRepository();
      const path = randomBytes(limits.lfsLockPathMaxBytes / 2).toString('hex');
      expect((await forge.api(name, 'locks', { path }, { login: 'ada' })).status).toBe(201);
      expect((await forge.api(name, 'locks', { path: `${path}x` }, { login: 'ada' })).status).toBe(422);
    });

    test('go to one of many who ask at once', async () => {
      const { name } = await freshRepository();
      const asked = await Promise.all(
        Array.from({ length: 8 }, () => forge.api(name, 'locks', { path: 'a' }, { login: 'ada' })),
      );
      expect(asked.map(({ status }) => status).sort()).toEqual([201, ...Array(7).fill(409)]);
      // Who comes too late learns whose it is.
      const { lock } = asked.find(({ status }) => status === 201)?.body ?? {};
      for (const { body } of asked) expect(body.lock).toEqual(lock);
    });

    test("of others are kept without force, and are 'theirs'", async () => {
      const { repository, lockId } = await repositoryWithLockOfGrace();
      const mine = await forge.api(repository.name, 'locks', { path: 'mine' }, { login: 'ada' });
      const { body } = await forge.api(
        repository.name,
        'locks/verify',
        { ref: { name: 'refs/heads/x' } },
        { login: 'ada' },
      );
      expect(body).toEqual({ ours: [mine.body.lock], theirs: [expect.objectContaining({ id: String(lockId) })] });
      const unlock = (request: object) =>
        forge.api(repository.name, `locks/${lockId}/unlock`, request, { login: 'ada' });
      expect(await unlock({})).toMatchObject({ status: 403, body: { message: expect.stringContaining('grace') } });
      expect(await unlock({ force: true })).toMatchObject({
        status: 200,
        body: { lock: { owner: { name: 'grace' } } },
      });
    });

    test('are nothing to other repositories', async () => {
      const { repository, lockId } = await repositoryWithLockOfGrace();
      const other = await freshRepository();
      expect((await forge.api(other.name, `locks/${lockId}/unlock`, { force: true }, { login: 'ada' })).status).toBe(
        404,
      );
      expect((await forge.api(other.name, `locks?id=${lockId}`, undefined, { login: 'ada' })).body).toEqual({
        locks: [],
      });
      expect((await forge.api(other.name, 'locks/verify', {}, { login: 'ada' })).body).toEqual({
        ours: [],
        theirs: [],
      });
      const { body } = await forge.api(repository.name, `locks?id=${lockId}`, undefined, { login: 'ada' });
      expect(body.locks).toHaveLength(1);
    });

    test('are listed page by page, by path and by id', async () => {
      const { name } = await freshRepository();
      for (const path of ['a', 'b', 'c', 'd', 'e']) await forge.api(name, 'locks', { path }, { login: 'ada' });
      const list = async (query: string) => (await forge.api(name, `locks?${query}`, undefined, { login: 'ada' })).body;
      const paths: string[] = [];
      for (let cursor = '', page = 0; page < 3; page++) {
        const { locks, next_cursor } = await list(`limit=2&cursor=${cursor}&refspec=refs/heads/main`);
        paths.push(...locks.map((lock: { path: string }) => lock.path));
        cursor = next_cursor ?? 'end';
        if (page === 2) expect(next_cursor).toBeUndefined();
      }
      expect(paths).toEqual(['a', 'b', 'c', 'd', 'e']);
      expect((await list('path=c&id=&cursor=&limit=')).locks).toMatchObject([{ path: 'c' }]);
      expect(await list('path=nothing')).toEqual({ locks: [] });
      expect(await list('path=%00')).toEqual({ locks: [] });
      expect(await list('id=nonsense')).toEqual({ locks: [] });
      const verified = await forge.api(name, 'locks/verify', { limit: 3 }, { login: 'ada' });
      expect([verified.body.ours.length, verified.body.theirs]).toEqual([3, []]);
      const rest = await forge.api(name, 'locks/verify', { cursor: verified.body.next_cursor }, { login: 'ada' });
      expect([rest.body.ours.length, rest.body.next_cursor]).toEqual([2, undefined]);
    });

    test('are listed to the last of more than a thousand', async () => {
      const repository = await freshRepository();
      await forge.accounts.database.sql`
        insert into lfs_lock (repository_id, path, owner_id)
        select ${repository.id}, 'file-' || number, case when number % 3 = 0 then ${forge.owner.userId} else grace.id end
        from generate_series(1, 1205) number, (select id from account where login = 'grace') grace`;
      for (const limit of [0, 250, 1_000, 5_000]) {
        const listed: string[] = [];
        const [ours, theirs]: [string[], string[]] = [[], []];
        for (let cursor: string | undefined = ''; cursor !== undefined; ) {
          const query: string = `locks?limit=${limit}&cursor=${cursor}`;
          const { body: page } = await forge.api(repository.name, query, undefined, { login: 'ada' });
          const request = { limit, cursor, ref: { name: 'refs/heads/main' } };
          const { body } = await forge.api(repository.name, 'locks/verify', request, { login: 'ada' });
          expect(page.locks.length).toBeLessThanOrEqual(limits.lfsLockPageMax);
          expect(body.next_cursor).toBe(page.next_cursor);
          listed.push(...page.locks.map(pathOf));
          ours.push(...body.ours.map(pathOf));
          theirs.push(...body.theirs.map(pathOf));
          cursor = page.next_cursor;
        }
        const all = Array.from({ length: 1205 }, (_, index) => `file-${index + 1}`);
        const isOurs = (path: string) => Number(path.slice(5)) % 3 === 0;
        expect(listed).toEqual(all);
        expect([ours, theirs]).toEqual([all.filter(isOurs), all.filter((path) => !isOurs(path))]);
      }
    });

    test.each([
      ['limit=-1', 422],
      ['limit=x', 422],
      ['limit=1.5', 422],
      ['limit=999999999', 200],
      ['cursor=x', 422],
      ['cursor=99999999999999999999', 422],
    ])('a list of %s: %i', async (query, status) => {
      expect((await forge.api('private', `locks?${query}`, undefined, { login: 'ada' })).status).toBe(status);
    });

    test.each(['', '/', '/etc/passwd', '../x', 'a/../b', 'a//b', 'a/', 'a\0b', 'x'.repeat(5_000), 7, null, undefined])(
      'are not made for %j',
      async (path) => {
        expect((await forge.api('private', 'locks', { path }, { login: 'ada' })).status).toBe(422);
      },
    );

    async function repositoryWithLockOfGrace(): Promise<{ repository: RepositoryRecord; lockId: number }> {
      const repository = await freshRepository();
      const [row] = await forge.accounts.database.sql<[{ id: number }]>`
        insert into lfs_lock (repository_id, path, owner_id)
        select ${repository.id}, 'theirs', id from account where login = 'grace' returning id`;
      return { repository, lockId: row.id };
    }
  });

  async function rowsOf({ id }: RepositoryRecord): Promise<{ objects: number; uploads: number }> {
    const [row] = await forge.accounts.database.sql<[{ objects: number; uploads: number }]>`
      select (select count(*) from lfs_object where repository_id = ${id}) as objects,
             (select count(*) from lfs_upload where repository_id = ${id}) as uploads`;
    return row;
  }
});

function pathOf({ path }: { readonly path: string }): string {
  return path;
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
