/** Real clients of Git LFS against the running server, over files and over S3; and the official test of LFS servers. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FilesystemBlobStore } from '#storage/filesystem-blob-store.ts';
import { S3BlobStore } from '#storage/s3-blob-store.ts';
import { createTestUser } from '../support/accounts.ts';
import { createTestBucket, hasS3 } from '../support/bucket.ts';
import { hasDatabase } from '../support/database.ts';
import { findGoProgram } from '../support/go-program.ts';
import { findLfsPrograms, LFS_VERSION, LfsClient, LfsForge, runProgram } from '../support/lfs-forge.ts';

const MIB = 1024 * 1024;

const testServerApi = findGoProgram(
  'git-lfs-test-server-api',
  `github.com/git-lfs/git-lfs/v3/t/git-lfs-test-server-api@${LFS_VERSION}`,
);

const STORES = [
  ['files', () => FilesystemBlobStore.open(mkdtempSync(path.join(tmpdir(), 'lfs-blobs-'))), hasDatabase],
  ['S3', async () => new S3BlobStore(await createTestBucket()), hasDatabase && hasS3],
] as const;

describe.each(STORES)('over %s', (store, openStore, available) => {
  describe.skipIf(!available)('the server', () => {
    let forge: LfsForge;

    beforeAll(async () => {
      forge = await LfsForge.start(await openStore());
      await createTestUser(forge.accounts.workflows, 'grace');
    });
    afterAll(() => forge.close());

    test.skipIf(testServerApi === undefined)('passes git-lfs-test-server-api', async () => {
      await forge.createRepository('conformance');
      const url = `${forge.url('conformance', 'ada')}/info/lfs`;
      const environment = { PATH: process.env['PATH'], HOME: forge.folder, GIT_CONFIG_NOSYSTEM: '1' };
      const run = await runProgram(testServerApi ?? '', [`--url=${url}`], forge.folder, environment);
      expect(run.stdout + run.stderr).toMatch(/Running 7 tests\.\.\.[\s\S]*All tests passed/);
      expect(run.stdout.match(/ OK$/gm)).toHaveLength(7);
    });

    describe.each(findLfsPrograms())('$name', ({ name, program }) => {
      let client: LfsClient;
      let count = 0;

      beforeAll(() => {
        client = new LfsClient(name, program, forge.folder);
      });

      /** A clone with LFS's hooks, where *.bin is large. */
      async function clone(repository: string): Promise<string> {
        const folder = path.join(forge.folder, `clone-${client.name.replace(/\W/g, '')}-${++count}`);
        await client.git(forge.folder, 'clone', '-q', forge.url(repository, 'ada'), folder);
        await client.git(folder, 'lfs', 'install', '--local');
        return folder;
      }

      async function createRepository(): Promise<string> {
        const repository = `work-${client.name.replace(/\W/g, '')}-${++count}`;
        await forge.createRepository(repository, 'private');
        return repository;
      }

      async function commit(folder: string, files: Readonly<Record<string, Uint8Array | string>>): Promise<void> {
        await client.git(folder, 'lfs', 'track', '*.bin');
        for (const [file, bytes] of Object.entries(files)) {
          mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
          writeFileSync(path.join(folder, file), bytes);
        }
        await client.git(folder, 'add', '.');
        await client.git(folder, 'commit', '-qm', 'files');
      }

      test('pushes, clones and fetches, and no byte of an object on S3 passes through us', async () => {
        const repository = await createRepository();
        const files = {
          'big.bin': randomBytes(20 * MIB),
          'empty.bin': '',
          'text.bin': 'plain text\n',
          'ü x/y.bin': randomBytes(3),
        };
        const origin = await clone(repository);
        await commit(origin, { ...files, 'small.txt': 'not large' });
        const before = forge.wireBytes;
        await client.git(origin, 'push', '-q', 'origin', 'HEAD');
        const pushed = await clone(repository);
        for (const [file, bytes] of Object.entries(files)) {
          expect(readFileSync(path.join(pushed, file)).equals(Buffer.from(bytes)), file).toBe(true);
        }
        if (store === 'S3') expect(forge.wireBytes - before).toBeLessThan(MIB);
        else expect(forge.wireBytes - before).toBeGreaterThan(40 * MIB);

        await commit(origin, { 'next.bin': randomBytes(1_000) });
        await client.git(origin, 'push', '-q');
        await client.git(pushed, 'pull', '-q');
        expect(statSync(path.join(pushed, 'next.bin')).size).toBe(1_000);
        expect(await client.git(pushed, 'lfs', 'fsck')).toMatch(/OK/);
      });

      test('creates a repository by pushing to it', async () => {
        const repository = `made-${client.name.replace(/\W/g, '')}`;
        const folder = path.join(forge.folder, repository);
        await client.git(forge.folder, 'init', '-q', folder);
        await client.git(folder, 'lfs', 'install', '--local');
        await commit(folder, { 'a.bin': randomBytes(10_000) });
        await client.git(folder, 'push', '-q', forge.url(repository, 'ada'), 'HEAD:refs/heads/main');
        const copy = await clone(repository);
        expect(readFileSync(path.join(copy, 'a.bin')).equals(readFileSync(path.join(folder, 'a.bin')))).toBe(true);
      });

      test('locks and unlocks', async () => {
        const repository = await createRepository();
        const folder = await clone(repository);
        await commit(folder, { 'a.bin': 'a', 'dir/b.bin': 'b' });
        await client.git(folder, 'push', '-q', 'origin', 'HEAD');
        expect(await client.git(folder, 'lfs', 'lock', 'a.bin')).toMatch(/Locked a\.bin/);
        expect(await client.git(folder, 'lfs', 'lock', 'dir/b.bin')).toMatch(/Locked dir\/b\.bin/);
        expect((await client.run(folder, ['lfs', 'lock', 'a.bin'])).stderr).toMatch(/locked by ada/);
        expect(await client.git(folder, 'lfs', 'locks')).toMatch(/a\.bin\s+ada\s+ID:\d+\ndir\/b\.bin\s+ada\s+ID:\d+/);
        expect(await client.git(folder, 'lfs', 'locks', '--verify')).toMatch(/O a\.bin/);
        writeFileSync(path.join(folder, 'a.bin'), 'changed');
        await commit(folder, {});
        expect(await client.git(folder, 'push', 'origin', 'HEAD')).toMatch(
          /unlocking your own locked files[\s\S]*\* a\.bin/,
        );
        expect(await client.git(folder, 'lfs', 'unlock', 'a.bin')).toMatch(/Unlocked a\.bin/);
        expect(await client.git(folder, 'lfs', 'unlock', '--force', 'dir/b.bin')).toMatch(/Unlocked dir\/b\.bin/);
        expect(await client.git(folder, 'lfs', 'locks')).toBe('');
      });

      test("does not push over somebody else's lock", async () => {
        const repository = await createRepository();
        const folder = await clone(repository);
        await commit(folder, { 'a.bin': 'a' });
        await client.git(folder, 'push', '-q', 'origin', 'HEAD');
        const { sql } = forge.accounts.database;
        await sql`
          insert into lfs_lock (repository_id, path, owner_id)
          select r.id, 'a.bin', a.id from repository r, account a
          where r.name = ${repository} and a.login = 'grace'`;
        writeFileSync(path.join(folder, 'a.bin'), 'changed');
        await commit(folder, {});
        const refused = await client.run(folder, ['push', 'origin', 'HEAD']);
        expect(refused).toMatchObject({ status: 1, stderr: expect.stringMatching(/Cannot update locked files/) });
        expect(refused.stdout + refused.stderr).toMatch(/\* a\.bin - grace/);
        await client.git(folder, 'lfs', 'unlock', '--force', 'a.bin');
        await client.git(folder, 'push', '-q', 'origin', 'HEAD');
      });

      test('prunes what the server has', async () => {
        const repository = await createRepository();
        const folder = await clone(repository);
        await commit(folder, { 'a.bin': randomBytes(1_000) });
        await client.git(folder, 'push', '-q', 'origin', 'HEAD');
        await client.git(folder, 'rm', '-q', 'a.bin');
        await client.git(folder, 'commit', '-qm', 'gone');
        await client.git(folder, 'push', '-q', 'origin', 'HEAD');
        const options = ['-c', 'lfs.fetchrecentrefsdays=0', '-c', 'lfs.fetchrecentcommitsdays=0'];
        const pruned = await client.git(folder, ...options, 'lfs', 'prune', '--verify-remote');
        expect(pruned).toMatch(/Deleting objects: 100% \(1\/1\)/);
      });

      test('goes on with a download that was interrupted', async () => {
        const repository = await createRepository();
        const folder = await clone(repository);
        const bytes = randomBytes(8 * MIB);
        await commit(folder, { 'a.bin': bytes });
        await client.git(folder, 'push', '-q', 'origin', 'HEAD');
        const oid = createHash('sha256').update(bytes).digest('hex');
        // What git-lfs leaves of a download that broke off, 7 of 8 MiB.
        rmSync(path.join(folder, '.git/lfs/objects'), { recursive: true });
        mkdirSync(path.join(folder, '.git/lfs/incomplete'), { recursive: true });
        writeFileSync(path.join(folder, '.git/lfs/incomplete', `${oid}.part`), bytes.subarray(0, 7 * MIB));
        const before = forge.wireBytes;
        const { stderr } = await client.run(folder, ['lfs', 'fetch'], { GIT_TRACE: '1' });
        expect(stderr).toMatch(new RegExp(`server accepted resume download request: "${oid}" from byte ${7 * MIB}`));
        expect(forge.wireBytes - before).toBeLessThan(2 * MIB);
        expect(await client.git(folder, 'lfs', 'fsck')).toMatch(/OK/);
      });
    });
  });
});
