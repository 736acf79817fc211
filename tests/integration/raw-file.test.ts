/** Files as they are stored, over HTTP. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasDatabase } from '../support/database.ts';
import { GitForge } from '../support/git-forge.ts';
import { request } from '../support/raw-http.ts';

const BIG = Buffer.alloc(3 << 20, 'a line of text\n');
const FILES: Readonly<Record<string, string | Buffer>> = {
  'README.md': '# Hello\n',
  'index.html': '<script>alert(1)</script>\n',
  'a folder/100% #1?.txt': 'odd name\n',
  'big.txt': BIG,
  'logo.png': Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 0, 0]),
};

describe.skipIf(!hasDatabase)('raw files', () => {
  let forge: GitForge;
  let headId: string;

  beforeAll(async () => {
    forge = await GitForge.start();
    const copy = path.join(forge.folder, 'copy');
    mkdirSync(path.join(copy, 'a folder'), { recursive: true });
    for (const [name, content] of Object.entries(FILES)) writeFileSync(path.join(copy, name), content);
    await forge.createRepository('open');
    await forge.createRepository('closed', { visibility: 'private' });
    for (const args of [
      ['init', '-q', '-b', 'main'],
      ['add', '-A'],
      ['commit', '-q', '-m', 'One'],
      ['push', '-q', forge.url('open', 'ada'), 'main', 'main:feature/one'],
      ['push', '-q', forge.url('closed', 'ada'), 'main'],
    ]) {
      expect(await forge.git(copy, args)).toMatchObject({ status: 0 });
    }
    headId = (await forge.git(copy, ['rev-parse', 'HEAD'])).stdout.trim();
  });

  afterAll(() => forge?.close());

  function get(target: string, headers: Record<string, string> = {}) {
    return request(forge.port, 'GET', target, { headers });
  }

  it.each(Object.entries(FILES))('are sent byte for byte: %s', async (name, content) => {
    const answer = await get(`/ada/open/raw/main/${name.split('/').map(encodeURIComponent).join('/')}`);
    expect(answer.status).toBe(200);
    expect(answer.body.equals(Buffer.from(content))).toBe(true);
    expect(answer.headers['content-length']).toBe(String(content.length));
  });

  it.each(['main', 'feature/one', 'HEAD', 'the commit'])('of the revision %s', async (revision) => {
    const answer = await get(`/ada/open/raw/${revision === 'the commit' ? headId : revision}/README.md`);
    expect(answer.body.toString()).toBe('# Hello\n');
  });

  it('cannot run as pages', async () => {
    const { headers } = await get('/ada/open/raw/main/index.html');
    expect(headers).toMatchObject({
      'content-type': 'text/plain; charset=utf-8',
      'x-content-type-options': 'nosniff',
      'content-security-policy': expect.stringContaining('sandbox'),
    });
  });

  it('are asked for again, and sent again only when they changed', async () => {
    const { headers } = await get('/ada/open/raw/main/README.md');
    expect(headers['cache-control']).toBe('public, no-cache');
    const again = await get('/ada/open/raw/main/README.md', { 'if-none-match': String(headers.etag) });
    expect([again.status, again.body.length]).toEqual([304, 0]);
    expect((await get('/ada/open/raw/main/index.html', { 'if-none-match': String(headers.etag) })).status).toBe(200);
  });

  it('answer HEAD without a body', async () => {
    const answer = await request(forge.port, 'HEAD', '/ada/open/raw/main/big.txt');
    expect([answer.status, answer.headers['content-length'], answer.body.length]).toEqual([200, String(BIG.length), 0]);
  });

  it('of private repositories are there for those who may read them alone', async () => {
    const target = '/ada/closed/raw/main/README.md';
    const missing = await get('/ada/missing/raw/main/README.md');
    const strangers = await get(target);
    expect([strangers.status, strangers.body]).toEqual([404, missing.body]);
    const answer = await get(target, { authorization: forge.authorization });
    expect([answer.status, answer.headers['cache-control']]).toEqual([200, 'private, no-cache']);
  });

  it.each([
    ['GET', '/ada/open/raw/main/missing', 404],
    ['GET', '/ada/open/raw/main/a%20folder', 404],
    ['GET', '/ada/open/raw/none/README.md', 404],
    ['POST', '/ada/open/raw/main/README.md', 405],
    ['GET', '/ada/open/raw', 418],
    ['GET', '/ada/open/raw/main/../README.md', 418],
  ])('%s %s is answered with %i', async (method, target, status) => {
    const answer = await request(forge.port, method, target);
    expect(answer.status).toBe(status);
    expect(answer.headers.etag).toBeUndefined();
  });
});
