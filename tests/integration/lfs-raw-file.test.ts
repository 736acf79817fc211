/** Raw files that are pointers of Git LFS. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MemoryBlobStore } from '#storage/memory-blob-store.ts';
import { S3BlobStore } from '#storage/s3-blob-store.ts';
import { createTestBucket, hasS3 } from '../support/bucket.ts';
import { hasDatabase } from '../support/database.ts';
import { basic, LfsForge, runProgram } from '../support/lfs-forge.ts';
import { request } from '../support/raw-http.ts';

const PICTURE = Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47, 0, 0, 0]), randomBytes(100_000)]);
const PAGE = Buffer.from('<script>alert(1)</script>');

const STORES = [
  ['through us', async () => new MemoryBlobStore(), hasDatabase],
  ['from S3', async () => new S3BlobStore(await createTestBucket()), hasDatabase && hasS3],
] as const;

describe.each(STORES)('%s', (way, openStore, available) => {
  describe.skipIf(!available)('a raw file of Git LFS', () => {
    let forge: LfsForge;

    beforeAll(async () => {
      forge = await LfsForge.start(await openStore());
      await forge.createRepository('art', 'private');
      const folder = path.join(forge.folder, 'art');
      mkdirSync(folder);
      writeFileSync(path.join(folder, 'picture.png'), pointerTo(PICTURE));
      writeFileSync(path.join(folder, 'page.html'), pointerTo(PAGE));
      writeFileSync(path.join(folder, 'nowhere.bin'), pointerTo(Buffer.from('never uploaded')));
      const environment = { PATH: process.env['PATH'], HOME: folder, GIT_CONFIG_NOSYSTEM: '1' };
      for (const args of [
        ['init', '-q', '-b', 'main'],
        ['add', '-A'],
        ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org', 'commit', '-qm', 'One'],
        ['push', '-q', forge.url('art', 'ada'), 'main'],
      ]) {
        expect(await runProgram('git', args, folder, environment)).toMatchObject({ status: 0 });
      }
      for (const bytes of [PICTURE, PAGE]) {
        const headers = { Authorization: basic('ada') };
        const target = `/ada/art.git/info/lfs/objects/${sha256(bytes)}`;
        expect((await request(forge.port, 'PUT', target, { headers, body: bytes })).status).toBe(200);
      }
    });
    afterAll(() => forge.close());

    function get(file: string, headers: Record<string, string> = { Authorization: basic('ada') }) {
      return request(forge.port, 'GET', `/ada/art/raw/main/${file}`, { headers });
    }

    test('is what its pointer names', async () => {
      const answer = await get('picture.png');
      if (way === 'from S3') {
        expect([answer.status, answer.body.length]).toEqual([302, 0]);
        const stored = await fetch(answer.headers.location ?? '');
        expect(stored.headers.get('content-type')).toBe('image/png');
        expect(Buffer.from(await stored.arrayBuffer()).equals(PICTURE)).toBe(true);
      } else {
        expect([answer.status, answer.headers['content-type'], answer.headers['etag']]).toEqual([
          200,
          'image/png',
          `"${sha256(PICTURE)}"`,
        ]);
        expect(answer.body.equals(PICTURE)).toBe(true);
      }
    });

    test('comes from our own origin into a page', async () => {
      const answer = await get('picture.png', { Authorization: basic('ada'), 'Sec-Fetch-Dest': 'image' });
      expect(answer.status).toBe(200);
      expect(answer.body.equals(PICTURE)).toBe(true);
    });

    test('cannot run as a page', async () => {
      const answer = await get('page.html');
      const type =
        answer.status === 302
          ? (await fetch(answer.headers.location ?? '')).headers.get('content-type')
          : answer.headers['content-type'];
      expect(type).toMatch(/^text\/plain/);
    });

    test('is saved by a browser that asks to', async () => {
      const answer = await get('picture.png?download=1');
      const { headers } = answer.status === 302 ? await headersAt(answer.headers.location ?? '') : answer;
      expect(headers['content-disposition']).toMatch(/^attachment; filename.*picture\.png/);
      expect(headers['content-type']).toBe('image/png');
    });

    test('that was never uploaded is its pointer', async () => {
      expect(String((await get('nowhere.bin')).body)).toBe(pointerTo(Buffer.from('never uploaded')));
    });

    test('is nothing to strangers', async () => {
      expect((await get('picture.png', {})).status).toBe(404);
    });

    test('is not sent again to who has it', async () => {
      const headers = { Authorization: basic('ada'), 'If-None-Match': `"${sha256(PICTURE)}"` };
      expect((await get('picture.png', headers)).status).toBe(304);
    });
  });
});

function pointerTo(bytes: Uint8Array): string {
  return `version https://git-lfs.github.com/spec/v1\noid sha256:${sha256(bytes)}\nsize ${bytes.length}\n`;
}

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

async function headersAt(address: string): Promise<{ headers: Record<string, string> }> {
  const answer = await fetch(address);
  await answer.body?.cancel();
  return { headers: Object.fromEntries(answer.headers) };
}
