/** Git over SSH with real clients, in each version of the protocol. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { hasDatabase } from '../support/database.ts';
import { GitForge } from '../support/git-forge.ts';
import type { GitRun } from '../support/git-run.ts';
import { hasSsh, type SshClientKey, SshForge } from '../support/ssh-forge.ts';

describe.skipIf(!hasDatabase || !hasSsh)('git over SSH', () => {
  let forge: GitForge;
  let ssh: SshForge;
  let key: SshClientKey;
  let counter = 0;

  beforeAll(async () => {
    forge = await GitForge.start();
    ssh = await SshForge.start(forge);
    key = await ssh.makeUserKey(forge.owner);
  });
  afterAll(async () => {
    await ssh?.close();
    await forge?.close();
  });

  describe.each([0, 1, 2] as const)('protocol version %i', (version) => {
    const tryGit = (cwd: string, ...args: string[]): Promise<GitRun> => ssh.git(cwd, args, { key, version });

    async function git(cwd: string, ...args: string[]): Promise<string> {
      const run = await tryGit(cwd, ...args);
      expect(run, `git ${args.join(' ')}`).toMatchObject({ status: 0 });
      return run.stdout.trim();
    }

    async function commit(copy: string, file: string): Promise<string> {
      writeFileSync(path.join(copy, file), `${file}\n`);
      await git(copy, 'add', '-A');
      await git(copy, 'commit', '-q', '-m', `Write ${file}`);
      return git(copy, 'rev-parse', 'HEAD');
    }

    /** A repository with three commits on the forge, and the copy that they came from. */
    async function publish() {
      const name = `v${version}-${counter++}`;
      await forge.createRepository(name, { visibility: 'private' });
      const copy = path.join(forge.folder, `${name}-copy`);
      mkdirSync(copy);
      await git(copy, 'init', '-q', '-b', 'main');
      await git(copy, 'remote', 'add', 'origin', ssh.url(name));
      for (const file of ['one', 'two', 'three']) await commit(copy, file);
      await git(copy, 'push', '-q', '-u', 'origin', 'main');
      return { name, copy, clone: path.join(forge.folder, `${name}-clone`) };
    }

    test('clones, and fetches what is new', async () => {
      const { name, copy, clone } = await publish();
      await git(forge.folder, 'clone', '-q', ssh.url(name), clone);
      expect(await git(clone, 'rev-parse', 'HEAD')).toBe(await git(copy, 'rev-parse', 'HEAD'));
      await git(clone, 'fsck', '--strict');
      const id = await commit(copy, 'four');
      await git(copy, 'tag', '-a', 'v1', '-m', 'One');
      await git(copy, 'push', '-q', 'origin', 'main', 'v1');
      await git(clone, 'fetch', '-q');
      expect(await git(clone, 'rev-parse', 'origin/main', 'v1^{commit}')).toBe(`${id}\n${id}`);
      await git(clone, 'fetch', '-q');
      expect(await git(clone, 'ls-remote', '--symref', 'origin', 'HEAD')).toContain('ref: refs/heads/main\tHEAD');
    });

    test('clones a part of the history, and deepens it', async () => {
      const { name, clone } = await publish();
      await git(forge.folder, 'clone', '-q', '--depth=1', ssh.url(name), clone);
      expect(await git(clone, 'rev-list', '--count', 'HEAD')).toBe('1');
      await git(clone, 'fetch', '-q', '--deepen=1');
      expect(await git(clone, 'rev-list', '--count', 'HEAD')).toBe('2');
      await git(clone, 'fetch', '-q', '--unshallow');
      expect(await git(clone, 'rev-list', '--count', 'HEAD')).toBe('3');
      expect(existsSync(path.join(clone, '.git/shallow'))).toBe(false);
    });

    test('clones without blobs, and gets them when they are wanted', async () => {
      const { name, clone } = await publish();
      await git(forge.folder, 'clone', '-q', '--filter=blob:none', '--no-checkout', ssh.url(name), clone);
      expect(await git(clone, 'rev-list', '--objects', '--all', '--missing=print')).toMatch(/^\?/m);
      await git(clone, 'checkout', '-q', 'main');
      expect(readFileSync(path.join(clone, 'three'), 'utf8')).toBe('three\n');
    });

    test('pushes: forward, back by force, and away', async () => {
      const { name, copy } = await publish();
      await git(copy, 'push', '-q', 'origin', 'HEAD~1:refs/heads/topic');
      expect((await tryGit(copy, 'push', 'origin', 'HEAD~2:topic')).stderr).toContain('non-fast-forward');
      await git(copy, 'push', '-q', '--force', 'origin', 'HEAD~2:topic');
      expect(await git(copy, 'ls-remote', 'origin', 'topic')).toContain(await git(copy, 'rev-parse', 'HEAD~2'));
      await git(copy, 'push', '-q', 'origin', ':topic');
      expect(await git(copy, 'ls-remote', 'origin', 'topic')).toBe('');
      const snapshot = await forge.engine.snapshot(
        (await forge.accounts.catalog.find('ada', name, forge.owner))?.id ?? 0,
      );
      expect(snapshot.refs.refs.map((ref) => ref.name)).toEqual(['refs/heads/main']);
    });

    test('pushes all refs of an atomic push or none', async () => {
      const { copy } = await publish();
      await git(copy, 'push', '-q', 'origin', 'HEAD:refs/heads/a');
      const refused = await tryGit(copy, 'push', '--atomic', 'origin', 'HEAD:refs/heads/b', 'HEAD:refs/heads/a/b');
      expect(refused.status).not.toBe(0);
      expect(await git(copy, 'ls-remote', 'origin', 'b')).toBe('');
      await git(copy, 'push', '-q', '--atomic', 'origin', 'HEAD:refs/heads/b', 'HEAD:refs/heads/c');
    });

    test('pushes what there is already, and nothing', async () => {
      const { copy } = await publish();
      expect((await tryGit(copy, 'push', 'origin', 'main')).stderr).toContain('Everything up-to-date');
      await git(copy, 'push', '-q', '--dry-run', 'origin', 'HEAD:refs/heads/dry');
      expect(await git(copy, 'ls-remote', 'origin', 'dry')).toBe('');
    });

    test('an archive comes without a clone', async () => {
      const { name } = await publish();
      const run = await tryGit(forge.folder, 'archive', `--remote=${ssh.url(name)}`, '--format=tar', 'main');
      expect(run.status).toBe(0);
      expect(run.stdout).toContain('three\n');
    });
  });
});
