/** git-lfs with a remote of SSH: it asks `git-lfs-authenticate` where to go, and no password is ever typed. */
import { randomBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { MemoryBlobStore } from '#storage/memory-blob-store.ts';
import { hasDatabase } from '../support/database.ts';
import { findLfsPrograms, LfsClient, LfsForge } from '../support/lfs-forge.ts';
import { hasSsh, type SshClientKey, SshForge } from '../support/ssh-forge.ts';

const BYTES = randomBytes(100_000);

describe.skipIf(!hasDatabase || !hasSsh)('LFS over SSH', () => {
  let forge: LfsForge;
  let ssh: SshForge;

  beforeAll(async () => {
    forge = await LfsForge.start(new MemoryBlobStore());
    ssh = await SshForge.start(forge);
  });
  afterAll(async () => {
    await ssh?.close();
    await forge?.close();
  });

  describe.each(findLfsPrograms())('$name', ({ name, program }) => {
    test('pushes, locks and clones with the keys of a user and of a repository', async () => {
      const client = new LfsClient(name, program, forge.folder);
      const repository = `ssh-${name.replace(/\W/g, '')}`;
      const { id } = await forge.createRepository(repository, 'private');
      const [user, reader] = [await ssh.makeUserKey(forge.owner), await ssh.makeDeployKey(id, 'read-only')];
      const run = (cwd: string, key: SshClientKey, ...args: string[]) =>
        client.run(cwd, args, { GIT_SSH_COMMAND: ssh.sshCommand({ key }) });

      const [origin, copy] = [path.join(forge.folder, repository), path.join(forge.folder, `${repository}-copy`)];
      await client.git(forge.folder, 'init', '-q', origin);
      await client.git(origin, 'lfs', 'install', '--local');
      await client.git(origin, 'lfs', 'track', '*.bin');
      writeFileSync(path.join(origin, 'a.bin'), BYTES);
      await client.git(origin, 'add', '.');
      await client.git(origin, 'commit', '-qm', 'One');
      await client.git(origin, 'remote', 'add', 'origin', ssh.url(repository));
      expect(await run(origin, user, 'push', '-q', 'origin', 'HEAD:main')).toMatchObject({ status: 0 });
      expect(await run(origin, user, 'lfs', 'lock', 'a.bin')).toMatchObject({ status: 0 });
      expect((await run(origin, user, 'lfs', 'locks', '--verify')).stdout).toMatch(/O a\.bin\s+ada/);

      expect(await run(forge.folder, reader, 'clone', '-q', ssh.url(repository), copy)).toMatchObject({ status: 0 });
      expect(readFileSync(path.join(copy, 'a.bin')).equals(BYTES)).toBe(true);
      const refused = await run(copy, reader, 'lfs', 'push', '--all', 'origin');
      expect(refused.status).not.toBe(0);
    });
  });
});
