/** Libraries that speak SSH by themselves, without a program: paramiko, libssh2 and Go's, under the git that uses them. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasDatabase } from '../support/database.ts';
import { GitForge } from '../support/git-forge.ts';
import { hasSsh, SshForge } from '../support/ssh-forge.ts';
import { dulwichClient, goGitClient, libgit2Client } from './git-client.ts';

/** Before 1.11 libssh2 signs with RSA and SHA-1 alone, which we refuse as OpenSSH does; versions of libgit2 tell it apart. */
function knowsRsaWithSha2(name: string, version: string): boolean {
  return !name.startsWith('libssh2') || Number(version.split('.')[1]) >= 7;
}

const LIBRARIES = [
  ['paramiko (dulwich)', dulwichClient],
  ['libssh2 (libgit2)', libgit2Client],
  ['x/crypto/ssh (go-git)', goGitClient],
] as const;

describe.skipIf(!hasDatabase || !hasSsh).each(LIBRARIES)('%s', (name, makeClient) => {
  // A version that was built without SSH says so where it is asked with a key.
  const { version } = makeClient('any');
  if (version === undefined) {
    it.skip('is not installed', () => undefined);
    return;
  }
  let forge: GitForge;
  let ssh: SshForge;

  beforeAll(async () => {
    forge = await GitForge.start();
    ssh = await SshForge.start(forge);
    await forge.createRepository('exchange', { visibility: 'private' });
  });

  afterAll(async () => {
    await ssh?.close();
    await forge?.close();
  });

  it.each(knowsRsaWithSha2(name, version) ? ['ed25519', 'rsa'] : ['ed25519'])(
    'clones, fetches and pushes with a key of %s',
    async (type) => {
      const key = await ssh.makeUserKey(forge.owner, type);
      const client = makeClient(key.file);
      const [seed, clone] = [path.join(forge.folder, `seed-${type}`), path.join(forge.folder, `clone-${type}`)];
      const url = ssh.url('exchange');
      const git = async (cwd: string, ...args: string[]): Promise<string> => {
        const run = await ssh.git(cwd, args, { key });
        expect(run, `git ${args.join(' ')}`).toMatchObject({ status: 0 });
        return run.stdout.trim();
      };
      const publish = async (content: Buffer): Promise<string> => {
        writeFileSync(path.join(seed, 'file'), content);
        await git(seed, 'add', '-A');
        await git(seed, 'commit', '-q', '-m', 'Seed');
        await git(seed, 'push', '-q', '-f', url, 'HEAD:refs/heads/main');
        return git(seed, 'rev-parse', 'HEAD');
      };
      mkdirSync(seed);
      await git(seed, 'init', '-q', '-b', 'main');
      // More than a window of SSH, and what does not compress.
      await publish(randomBytes(3 << 20));
      await client.clone(url, clone);
      const tip = await publish(Buffer.from('small\n'));
      await client.fetch(clone);
      expect(await git(clone, 'rev-parse', 'refs/remotes/origin/main')).toBe(tip);
      const pushed = await client.push(clone, `topic-${type}`);
      expect(await git(seed, 'ls-remote', url, `refs/heads/topic-${type}`)).toContain(pushed);
      await client.tag(clone, `tag-${type}`);
      await git(clone, 'fsck', '--full', '--strict');
    },
  );

  it('with a key that nobody has added gets nothing', async () => {
    const client = makeClient(ssh.makeKey().file);
    await expect(client.clone(ssh.url('exchange'), path.join(forge.folder, 'stranger'))).rejects.toThrow();
  });
});
