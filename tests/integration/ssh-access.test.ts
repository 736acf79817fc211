/** Who gets in over SSH, to what, and what everybody else is told: OpenSSH's own clients. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { UserPrincipal } from '#auth/principal.ts';
import { createTestUser } from '../support/accounts.ts';
import { hasDatabase } from '../support/database.ts';
import { GitForge } from '../support/git-forge.ts';
import { hasSsh, type SshClientKey, SshForge } from '../support/ssh-forge.ts';

const DENIED = /Permission denied \(publickey\)/;
const NOT_FOUND = 'ERROR: Repository not found.';

describe.skipIf(!hasDatabase || !hasSsh)('access by SSH', () => {
  let forge: GitForge;
  let ssh: SshForge;
  let ada: SshClientKey & { id: number };
  let eve: UserPrincipal;
  let eveKey: SshClientKey;
  let engineId: number;

  beforeAll(async () => {
    forge = await GitForge.start();
    ssh = await SshForge.start(forge);
    ada = await ssh.makeUserKey(forge.owner);
    eve = await createTestUser(forge.accounts.workflows, 'eve');
    eveKey = await ssh.makeUserKey(eve);
    engineId = (await forge.createRepository('engine', { visibility: 'private' })).id;
    await forge.createRepository('visible');
    await pushFile(ada, ssh.url('engine'));
    await pushFile(ada, ssh.url('visible'));
  });
  afterAll(async () => {
    await ssh?.close();
    await forge?.close();
  });

  describe('keys', () => {
    test.each([
      ['ed25519', []],
      ['ecdsa', ['-b', '256']],
      ['ecdsa', ['-b', '384']],
      ['ecdsa', ['-b', '521']],
      ['rsa', ['-b', '2048']],
    ])('%s %j opens', async (type, options) => {
      const key = await ssh.makeUserKey(forge.owner, type, ...options);
      expect(await greetingFor(key)).toMatch(/^Hi ada! You've successfully authenticated/);
    });

    test.each(['rsa-sha2-256', 'rsa-sha2-512'])('an RSA key signs by %s', async (algorithm) => {
      const key = await ssh.makeUserKey(forge.owner, 'rsa');
      const run = await ssh.ssh(['git@127.0.0.1'], { key, ssh: ['-o', `PubkeyAcceptedAlgorithms=${algorithm}`] });
      expect(run.stderr).toContain('Hi ada!');
    });

    test('an RSA key that signs by SHA-1 opens nothing', async () => {
      const key = await ssh.makeUserKey(forge.owner, 'rsa');
      const run = await ssh.ssh(['git@127.0.0.1'], { key, ssh: ['-o', 'PubkeyAcceptedAlgorithms=ssh-rsa'] });
      expect(run.stderr).toMatch(DENIED);
    });

    test('a key that nobody has added opens nothing', async () => {
      const run = await ssh.ssh(['git@127.0.0.1'], { key: ssh.makeKey() });
      expect(run).toMatchObject({ status: 255, stderr: expect.stringMatching(DENIED) });
    });

    test('without a key nothing opens, not even with a password', async () => {
      const run = await ssh.ssh(['-o', 'PreferredAuthentications=password,keyboard-interactive', 'git@127.0.0.1']);
      expect(run).toMatchObject({ status: 255, stderr: expect.stringMatching(DENIED) });
    });

    test('another name than git opens nothing', async () => {
      for (const name of ['ada', 'root', 'Git', '']) {
        const run = await ssh.ssh(['-l', name || 'x', '127.0.0.1'], { key: ada });
        expect(run.stderr).toMatch(DENIED);
      }
    });

    test("a public key alone, which everybody can have, is nobody's proof", async () => {
      // Offered first is the key of somebody else, without its private half; then our own, which proves only ourselves.
      const bait = path.join(forge.folder, 'bait.pub');
      writeFileSync(bait, ada.line);
      const run = await ssh.ssh(['git@127.0.0.1'], { key: eveKey, ssh: ['-i', bait] });
      expect(run.stderr).toMatch(/^Hi eve!/);
      const alone = await ssh.ssh(['git@127.0.0.1'], { ssh: ['-i', bait] });
      expect(alone.status).toBe(255);
    });

    test('a key that was removed opens nothing, on open connections either', async () => {
      const key = await ssh.makeUserKey(forge.owner);
      const control = path.join(forge.folder, 'control');
      const shared = ['-o', `ControlPath=${control}`];
      const master = ['-o', 'ControlMaster=yes', '-o', 'ControlPersist=60', ...shared];
      expect((await ssh.ssh(['git@127.0.0.1'], { key, ssh: master })).stderr).toContain('Hi ada!');
      expect((await ssh.ssh(['git@127.0.0.1'], { key, ssh: shared })).stderr).toContain('Hi ada!');
      await forge.accounts.sshKeys.removeUserKey(forge.owner.userId, key.id);
      const after = await ssh.ssh(['git@127.0.0.1', "git-upload-pack '/ada/engine.git'"], { key, ssh: shared });
      expect(after).toMatchObject({ status: 1, stdout: '', stderr: expect.stringContaining('not valid any more') });
      expect((await ssh.ssh(['git@127.0.0.1'], { key })).stderr).toMatch(DENIED);
    });

    test('a suspended user is shut out until reinstated', async () => {
      const user = await createTestUser(forge.accounts.workflows, 'sam');
      const key = await ssh.makeUserKey(user);
      await forge.accounts.workflows.suspendUser(user.userId);
      expect((await ssh.ssh(['git@127.0.0.1'], { key })).stderr).toMatch(DENIED);
      await forge.accounts.workflows.reinstateUser(user.userId);
      expect(await greetingFor(key)).toContain('Hi sam!');
    });

    test('use is noted', async () => {
      const key = await ssh.makeUserKey(eve);
      expect((await recordOf(key.id))?.lastUsedAt).toBeUndefined();
      await greetingFor(key);
      expect((await recordOf(key.id))?.lastUsedAt).toBeInstanceOf(Date);
    });
  });

  describe('what is no git', () => {
    test('a shell is a greeting', async () => {
      const run = await ssh.ssh(['-T', 'git@127.0.0.1'], { key: ada });
      expect(run).toEqual({
        status: 1,
        stdout: '',
        stderr: "Hi ada! You've successfully authenticated, but OpenCodeHub does not provide shell access.\n",
      });
    });

    test('a terminal is refused', async () => {
      const run = await ssh.ssh(['-tt', 'git@127.0.0.1'], { key: ada });
      expect(run.stderr).toContain('PTY allocation request failed');
    });

    test.each(['id', 'sh -c id', "git-upload-pack '/ada/engine.git'; id", 'git --version', 'scp -t /tmp'])(
      'the command %j is refused',
      async (command) => {
        const run = await ssh.ssh(['git@127.0.0.1', command], { key: ada });
        expect(run).toMatchObject({ status: 1, stdout: '', stderr: expect.stringMatching(/^ERROR: .*\.\n$/) });
      },
    );

    test('sftp and scp are refused', async () => {
      const sftp = await ssh.run('sftp', ['git@127.0.0.1'], { key: ada });
      expect(sftp.status).toBeGreaterThan(0);
      const scp = await ssh.run('scp', [ada.file, 'git@127.0.0.1:/tmp/x'], { key: ada });
      expect(scp.status).toBeGreaterThan(0);
    });

    test('ports are not forwarded, in either direction', async () => {
      const into = await ssh.ssh(['-W', `127.0.0.1:${forge.port}`, 'git@127.0.0.1'], { key: ada });
      expect(into).toMatchObject({
        stdout: '',
        stderr: expect.stringMatching(/administratively prohibited|forwarding failed/),
      });
      const back = ['-o', 'ExitOnForwardFailure=yes', '-R', `0:127.0.0.1:${forge.port}`];
      expect((await ssh.ssh([...back, 'git@127.0.0.1'], { key: ada })).stderr).toContain(
        'remote port forwarding failed',
      );
    });

    test('variables other than GIT_PROTOCOL change nothing', async () => {
      const sent = ['-o', 'SetEnv=GIT_TRACE=1 GIT_DIR=/etc LD_PRELOAD=x'];
      const run = await ssh.ssh([...sent, 'git@127.0.0.1'], { key: ada });
      expect(run.stderr).toMatch(/^Hi ada!/);
    });
  });

  describe('repositories', () => {
    test('what is hidden and what does not exist are told in the same words', async () => {
      const answers = [];
      for (const place of ['/ada/engine.git', '/ada/nothing.git', '/nobody/nothing', '/etc/passwd', '../../etc', '']) {
        for (const service of ['git-upload-pack', 'git-receive-pack']) {
          answers.push(await ssh.ssh(['git@127.0.0.1', `${service} '${place}'`], { key: eveKey }));
        }
      }
      expect(new Set(answers.map((answer) => JSON.stringify(answer)))).toEqual(
        new Set([JSON.stringify({ status: 1, stdout: '', stderr: `${NOT_FOUND}\n` })]),
      );
    });

    test('whoever may read but not write is told so', async () => {
      const run = await ssh.ssh(['git@127.0.0.1', "git-receive-pack '/ada/visible.git'"], { key: eveKey });
      expect(run).toMatchObject({ status: 1, stderr: expect.stringMatching(/^ERROR: .*write role.*\n$/) });
    });

    test('git shows the refusal', async () => {
      const run = await ssh.git(forge.folder, ['ls-remote', ssh.url('engine')], { key: eveKey });
      expect(run.status).toBe(128);
      expect(run.stderr).toContain(NOT_FOUND);
    });

    test('a deploy key reads its repository and no other that is private', async () => {
      const key = await ssh.makeDeployKey(engineId, 'read-only');
      await forge.createRepository('loom', { visibility: 'private' });
      expect(await greetingFor(key)).toMatch(/^Hi deploy key "CI"!/);
      expect((await ssh.git(forge.folder, ['ls-remote', ssh.url('engine')], { key })).stdout).toContain(
        'refs/heads/main',
      );
      expect((await ssh.git(forge.folder, ['ls-remote', ssh.url('visible')], { key })).status).toBe(0);
      expect((await ssh.git(forge.folder, ['ls-remote', ssh.url('loom')], { key })).stderr).toContain(NOT_FOUND);
      expect((await pushFile(key, ssh.url('engine'), 'refused')).stderr).toContain('This deploy key is read-only.');
    });

    test('a writable deploy key writes to its repository alone, and creates none', async () => {
      const key = await ssh.makeDeployKey(engineId, 'read-write');
      expect(await pushFile(key, ssh.url('engine'), 'by-machine')).toMatchObject({ status: 0 });
      expect((await pushFile(key, ssh.url('visible'), 'refused')).stderr).toContain('does not allow that here');
      expect((await pushFile(key, ssh.url('made'), 'refused')).stderr).toContain(NOT_FOUND);
    });

    test('a deploy key that was removed opens nothing', async () => {
      const key = await ssh.makeDeployKey(engineId, 'read-only');
      await forge.accounts.sshKeys.removeDeployKey(engineId, key.id);
      expect((await ssh.ssh(['git@127.0.0.1'], { key })).stderr).toMatch(DENIED);
    });

    test('an archived repository is not pushed to', async () => {
      const { id } = await forge.createRepository('old');
      await forge.accounts.catalog.update(forge.owner, id, { archived: true });
      expect((await pushFile(ada, ssh.url('old'))).stderr).toContain('archived, so it is read-only');
    });

    test('a first push creates a private repository', async () => {
      expect(await pushFile(ada, ssh.url('fresh'))).toMatchObject({ status: 0 });
      const made = await forge.accounts.catalog.find('ada', 'fresh', forge.owner);
      expect(made).toMatchObject({ visibility: 'private' });
      expect((await ssh.git(forge.folder, ['ls-remote', ssh.url('fresh')], { key: eveKey })).stderr).toContain(
        NOT_FOUND,
      );
    });

    test('a first push of SHA-256 creates a repository that has it', async () => {
      const copy = path.join(forge.folder, 'long');
      for (const args of [
        ['init', '-q', '--object-format=sha256', '-b', 'main', copy],
        ['-C', copy, 'commit', '-q', '--allow-empty', '-m', 'Long'],
        ['-C', copy, 'push', '-q', ssh.url('long'), 'main'],
      ]) {
        expect(await ssh.git(forge.folder, args, { key: ada })).toMatchObject({ status: 0 });
      }
      const made = await forge.accounts.catalog.find('ada', 'long', forge.owner);
      expect(made).toMatchObject({ objectFormat: 'sha256', visibility: 'private' });
    });

    test('a first push that moves nothing leaves nothing', async () => {
      const run = await pushFile(ada, ssh.url('dry'), 'main', '--dry-run');
      expect(run).toMatchObject({ status: 0 });
      expect(await forge.accounts.catalog.find('ada', 'dry', forge.owner)).toBeUndefined();
      expect((await pushFile(ada, ssh.url('x'.repeat(101)))).stderr).toMatch(/ERROR: .*100 characters/);
    });
  });

  describe('git-lfs-authenticate', () => {
    test('says where the files are, and gives a token', async () => {
      const run = await ssh.ssh(['git@127.0.0.1', 'git-lfs-authenticate ada/engine.git upload'], { key: ada });
      expect(run).toMatchObject({ status: 0, stderr: '' });
      expect(JSON.parse(run.stdout)).toEqual({
        href: `http://localhost:${forge.port}/ada/engine.git/info/lfs`,
        header: { Authorization: expect.stringMatching(/^RemoteAuth \S+$/) },
        expires_in: expect.any(Number),
      });
    });

    test('asks the policy for what the operation needs', async () => {
      const ask = (key: SshClientKey, name: string, operation: string) =>
        ssh.ssh(['git@127.0.0.1', `git-lfs-authenticate /ada/${name} ${operation}`], { key });
      expect(await ask(eveKey, 'visible', 'download')).toMatchObject({ status: 0 });
      expect((await ask(eveKey, 'visible', 'upload')).stderr).toMatch(/write role/);
      for (const name of ['engine', 'nothing'])
        expect((await ask(eveKey, name, 'download')).stderr).toBe(`${NOT_FOUND}\n`);
      const deployKey = await ssh.makeDeployKey(engineId, 'read-only');
      expect(await ask(deployKey, 'engine', 'download')).toMatchObject({ status: 0 });
      expect((await ask(deployKey, 'engine', 'upload')).stderr).toContain('read-only');
    });
  });

  async function greetingFor(key: SshClientKey): Promise<string> {
    return (await ssh.ssh(['git@127.0.0.1'], { key })).stderr;
  }

  async function recordOf(keyId: number) {
    return (await forge.accounts.sshKeys.listUserKeys(eve.userId)).find(({ id }) => id === keyId);
  }

  let copies = 0;

  /** Pushes a commit of its own to a branch. */
  async function pushFile(key: SshClientKey, url: string, branch = 'main', ...options: string[]) {
    const copy = path.join(forge.folder, `copy-${copies++}`);
    mkdirSync(copy);
    const git = (...args: string[]) => ssh.git(copy, args, { key });
    await git('init', '-q', '-b', 'main');
    writeFileSync(path.join(copy, 'file'), `${copies}\n`);
    await git('add', '-A');
    await git('commit', '-q', '-m', 'Write');
    return git('push', ...options, url, `HEAD:refs/heads/${branch}`);
  }
});
