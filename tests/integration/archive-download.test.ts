/** Downloads of a revision's files, as browsers and scripts ask for them. */
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ScratchRepository } from '../fixtures/scratch-repository.ts';
import { hasDatabase } from '../support/database.ts';
import { GitForge } from '../support/git-forge.ts';
import { request } from '../support/raw-http.ts';

describe.skipIf(!hasDatabase)('downloads of a revision', () => {
  let forge: GitForge;
  let scratch: ScratchRepository;
  let headId: string;
  let lostId: string;

  beforeAll(async () => {
    forge = await GitForge.start();
    scratch = new ScratchRepository();
    writeFileSync(path.join(scratch.directory, 'README.md'), 'Hello\n');
    writeFileSync(path.join(scratch.directory, 'large.bin'), Buffer.alloc(6 * 1024 * 1024, 'large '));
    scratch.git(['add', '-A']);
    scratch.git(['commit', '-q', '-m', 'First']);
    headId = scratch.line(['rev-parse', 'HEAD']);
    scratch.git(['branch', 'feature/a"b']);
    scratch.git(['tag', '-a', '-m', 'release', 'v1.0']);
    scratch.git(['branch', 'lost', scratch.line(['commit-tree', '-m', 'Lost', 'HEAD^{tree}'])]);
    lostId = scratch.line(['rev-parse', 'lost']);
    await forge.createRepository('project');
    await forge.createRepository('secret', { visibility: 'private' });
    for (const name of ['project', 'secret']) await push(name);
    scratch.git(['branch', '-q', '-D', 'lost']);
    await push('project');
  });

  async function push(name: string): Promise<void> {
    const pushed = await forge.git(scratch.directory, ['push', '-q', '--mirror', forge.url(name, 'ada')]);
    expect(pushed).toMatchObject({ status: 0 });
  }

  afterAll(async () => {
    scratch?.[Symbol.dispose]();
    await forge?.close();
  });

  const get = (place: string, headers: Record<string, string> = {}, method = 'GET') =>
    request(forge.port, method, `/ada/${place}`, { headers });

  it.each([
    ['main', 'project-main'],
    ['v1.0', 'project-v1.0'],
    ['refs/tags/v1.0', 'project-v1.0'],
    ['feature/a%22b', 'project-feature-a"b'],
    ['HEAD', 'project-main'],
  ])('has of %s what git archives of it', async (revision, name) => {
    const expected = scratch.git(['archive', `--prefix=${name}/`, decodeURIComponent(revision)]);
    const answer = await get(`project/archive/${revision}.tar.gz`);
    expect(answer).toMatchObject({ status: 200, headers: { 'content-type': 'application/gzip' } });
    expect(gunzipSync(answer.body).equals(expected)).toBe(true);
    const plain = await get(`project/archive/${revision}.tar`);
    expect(plain.body.equals(expected)).toBe(true);
  });

  it('names a commit by its id', async () => {
    const answer = await get(`project/archive/${headId}.tgz`);
    const expected = scratch.git(['archive', `--prefix=project-${headId}/`, headId]);
    expect(gunzipSync(answer.body).equals(expected)).toBe(true);
  });

  it('comes as zip, which unzips to the files', async () => {
    const file = path.join(forge.folder, 'download.zip');
    writeFileSync(file, (await get('project/archive/main.zip')).body);
    const script =
      'import sys,zipfile; z=zipfile.ZipFile(sys.argv[1]); assert z.testzip() is None; print(z.namelist())';
    expect(execFileSync('python3', ['-c', script, file], { encoding: 'utf8' }).trim()).toBe(
      "['project-main/', 'project-main/README.md', 'project-main/large.bin']",
    );
  });

  it('has a file name that no header or file system takes for something else', async () => {
    const { headers } = await get('project/archive/feature/a%22b.zip');
    expect(headers['content-disposition']).toBe(
      'attachment; filename="project-feature-a_b.zip"; filename*=UTF-8\'\'project-feature-a%22b.zip',
    );
    expect(headers['content-type']).toBe('application/zip');
  });

  it('answers HEAD and conditional requests without making the archive', async () => {
    const head = await get('project/archive/main.tar.gz', {}, 'HEAD');
    expect(head).toMatchObject({ status: 200, body: Buffer.alloc(0) });
    const etag = head.headers['etag'] ?? '';
    expect(etag).toMatch(/^W\/"/);
    const known = await get('project/archive/main.tar.gz', { 'if-none-match': etag });
    expect(known).toMatchObject({ status: 304, body: Buffer.alloc(0), headers: { etag } });
    expect((await get('project/archive/main.zip', { 'if-none-match': etag })).status).toBe(200);
  });

  it.each([
    'project/archive/nope.zip',
    'project/archive/main/README.md.zip',
    'secret/archive/main.zip',
    'secret/archive/nope.zip',
    'nothing/archive/main.zip',
  ])('answers 404 to strangers for %s', async (place) => {
    expect((await get(place)).status).toBe(404);
  });

  it('opens what is private to those who may read it, and nothing that no ref reaches', async () => {
    const { authorization } = forge;
    expect((await get('secret/archive/main.zip', { authorization })).status).toBe(200);
    expect((await get(`secret/archive/${lostId}.zip`, { authorization })).status).toBe(200);
    expect((await get(`project/archive/${lostId}.zip`, { authorization })).status).toBe(404);
  });

  it('refuses other methods', async () => {
    expect(await get('project/archive/main.zip', {}, 'POST')).toMatchObject({
      status: 405,
      headers: { allow: 'GET, HEAD' },
    });
  });

  it('is unpacked by tar', async () => {
    const { body } = await get('project/archive/main.tar.gz');
    const { stdout, status } = spawnSync('tar', ['tzf', '-'], { input: body });
    expect([status, stdout.toString().split('\n')[1]]).toEqual([0, 'project-main/README.md']);
  });
});
