/** Programs for SSH other than OpenSSH, as git runs them in its place: those that are installed. */
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasDatabase } from '../support/database.ts';
import { GitForge } from '../support/git-forge.ts';
import { collectRun } from '../support/git-run.ts';
import { findProgram } from '../support/server-process.ts';
import { hasSsh, type SshClientKey, SshForge } from '../support/ssh-forge.ts';

interface SshProgram {
  readonly name: string;
  /** What it is made of; without all of them it is skipped. */
  readonly parts: readonly string[];
  /** Makes the key one of its own, and says how git is to run the program; git adds the host. */
  prepare(key: SshClientKey, port: number): Promise<string> | string;
}

/** Sends the first packet of the exchange of keys before it knows what the server chooses (RFC 4253, section 7). */
const DROPBEAR: SshProgram = {
  name: 'dbclient (Dropbear)',
  parts: ['dbclient', 'dropbearconvert'],
  prepare(key, port) {
    execFileSync('dropbearconvert', ['openssh', 'dropbear', key.file, `${key.file}.dropbear`], { stdio: 'ignore' });
    return `dbclient -y -y -T -i ${key.file}.dropbear -p ${port}`;
  },
};

const PUTTY: SshProgram = {
  name: 'plink (PuTTY)',
  parts: ['plink', 'puttygen', 'ssh-keyscan'],
  async prepare(key, port) {
    execFileSync('puttygen', [key.file, '-O', 'private', '-o', `${key.file}.ppk`], { stdio: 'ignore' });
    return `plink -batch -hostkey ${await scanFingerprint(port)} -i ${key.file}.ppk -P ${port}`;
  },
};

async function scanFingerprint(port: number): Promise<string> {
  const keyscan = spawn('ssh-keyscan', ['-p', String(port), '127.0.0.1'], { stdio: ['ignore', 'pipe', 'pipe'] });
  const { stdout } = await collectRun(keyscan);
  const listing = execFileSync('ssh-keygen', ['-l', '-f', '-'], { input: stdout, encoding: 'utf8' });
  const fingerprint = listing.match(/SHA256:\S+/)?.[0];
  if (fingerprint === undefined) throw new Error(`no host key: ${listing}`);
  return fingerprint;
}

describe.skipIf(!hasDatabase || !hasSsh).each([DROPBEAR, PUTTY])('$name', ({ parts, prepare }) => {
  if (!parts.every((program) => findProgram(program))) {
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

  it.each(['ed25519', 'rsa', 'ecdsa'])('clones, fetches and pushes with a key of %s', async (type) => {
    // Both read the older format of the two that ssh-keygen writes; for Ed25519 there is but one.
    const key = await ssh.makeUserKey(forge.owner, type, ...(type === 'ed25519' ? [] : ['-m', 'PEM']));
    const env = { GIT_SSH_COMMAND: await prepare(key, ssh.port), GIT_SSH_VARIANT: 'simple' };
    const url = 'git@127.0.0.1:ada/exchange.git';
    const git = async (cwd: string, ...args: string[]): Promise<string> => {
      const run = await forge.git(cwd, args, { env });
      expect(run, `git ${args.join(' ')}`).toMatchObject({ status: 0 });
      return run.stdout.trim();
    };
    const seed = path.join(forge.folder, `seed-${type}`);
    const clone = path.join(forge.folder, `clone-${type}`);
    mkdirSync(seed);
    await git(seed, 'init', '-q', '-b', type);
    const publish = async (file: string, bytes: Buffer): Promise<string> => {
      writeFileSync(path.join(seed, file), bytes);
      await git(seed, 'add', '-A');
      await git(seed, 'commit', '-q', '-m', file);
      await git(seed, 'push', '-q', url, type);
      return git(seed, 'rev-parse', 'HEAD');
    };
    // More than a window of SSH, and what does not compress.
    await publish('large', randomBytes(5 << 20));
    await git(forge.folder, 'clone', '-q', '-b', type, url, clone);
    expect(existsSync(path.join(clone, 'large'))).toBe(true);
    const tip = await publish('small', Buffer.from('small\n'));
    await git(clone, 'pull', '-q');
    expect(await git(clone, 'rev-parse', 'HEAD')).toBe(tip);
    await git(clone, 'fsck', '--strict');
  });
});
