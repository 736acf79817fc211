import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { StaticFiles } from './static-files.ts';

let folder: string;
let server: Server;
let url: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'opencodehub-static-'));
  await mkdir(path.join(folder, '_astro'));
  await writeFile(path.join(folder, '_astro/page.abc.css'), 'a { color: red }');
  await writeFile(path.join(folder, '_astro/page.abc.css.br'), brotliCompressSync('a { color: red }'));
  await writeFile(path.join(folder, 'a picture.svg'), '<svg/>');
  await writeFile(path.join(folder, 'a large file.txt'), 'x'.repeat(16 * 1024 * 1024));
  const files = new StaticFiles(folder);
  server = createServer(async (request, response) => {
    if (!(await files.serve(request, response, request.url ?? ''))) response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.close();
  await rm(folder, { recursive: true });
});

test('a file with a hash in its name may be kept for ever, another is asked for again', async () => {
  const hashed = await fetch(`${url}/_astro/page.abc.css?v=1`);
  expect(hashed.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
  expect(hashed.headers.get('content-type')).toBe('text/css;charset=utf-8');
  expect(await hashed.text()).toBe('a { color: red }');
  const plain = await fetch(`${url}/a%20picture.svg`);
  expect(plain.headers.get('cache-control')).toContain('max-age=0');
});

test('a client that leaves in the middle is no fault', async () => {
  const closed = new Promise((resolve) => server.once('request', (_, response) => response.once('close', resolve)));
  const response = await fetch(`${url}/a%20large%20file.txt`);
  await response.body?.cancel();
  await closed;
  expect((await fetch(`${url}/a%20picture.svg`)).status).toBe(200);
});

test('the compressed form goes to those who take it, under an ETag of its own', async () => {
  const request = (encoding: string) =>
    fetch(`${url}/_astro/page.abc.css`, { method: 'HEAD', headers: { 'Accept-Encoding': encoding } });
  const [brotli, refused] = [await request('gzip, br;q=0.5'), await request('gzip, br;q=0')];
  expect([brotli.headers.get('content-encoding'), refused.headers.get('content-encoding')]).toEqual(['br', null]);
  expect([brotli.headers.get('vary'), refused.headers.get('vary')]).toEqual(['Accept-Encoding', 'Accept-Encoding']);
  expect(brotli.headers.get('etag')).not.toBe(refused.headers.get('etag'));
});

test('a client that has the file is told so', async () => {
  const etag = (await fetch(`${url}/a%20picture.svg`)).headers.get('etag') ?? '';
  const again = await fetch(`${url}/a%20picture.svg`, { headers: { 'If-None-Match': etag } });
  expect([again.status, await again.text()]).toEqual([304, '']);
});

test.each([
  '/_astro/page.abc.css.br',
  '/_astro/',
  '/_astro/../_astro/page.abc.css%00',
  '/..%2f..%2fetc/passwd',
  '/nothing',
])('%s is no file', async (target) => expect((await fetch(url + target)).status).toBe(404));

test('only GET and HEAD read', async () => {
  expect((await fetch(`${url}/a%20picture.svg`, { method: 'POST' })).status).toBe(404);
});
