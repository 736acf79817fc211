/** Certificates: whom an authority that the forge trusts lets in, and whom not. OpenSSH signs them, and its client shows them. */
import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LfsTokens } from '#auth/lfs-token.ts';
import { readSshCertificate } from '#auth/ssh-certificate.ts';
import { createTestUser } from '../support/accounts.ts';
import { hasDatabase } from '../support/database.ts';
import { GitForge } from '../support/git-forge.ts';
import { hasSsh, type SshClientKey, SshForge } from '../support/ssh-forge.ts';

const DENIED = /Permission denied \(publickey\)/;
const HELLO = /^Hi ada!/;

describe.skipIf(!hasDatabase || !hasSsh)('certificates', () => {
  let forge: GitForge;
  let ssh: SshForge;
  let authority: SshClientKey;
  let stranger: SshClientKey;
  let repositoryId: number;
  let authorities: Record<string, SshClientKey> = {};
  let serial = 0;

  beforeAll(async () => {
    forge = await GitForge.start();
    const maker = await SshForge.start(forge);
    authority = maker.makeKey();
    stranger = maker.makeKey();
    const rsaAuthority = maker.makeKey('rsa', '-b', '2048');
    authorities = { ed25519: authority, ecdsa: maker.makeKey('ecdsa', '-b', '521'), rsa: rsaAuthority };
    await maker.close();
    ssh = await SshForge.start(forge, { authorities: new Set(Object.values(authorities).map(blobOf)) });
    await createTestUser(forge.accounts.workflows, 'eve');
    repositoryId = (await forge.createRepository('engine', { visibility: 'private' })).id;
  });
  afterAll(async () => {
    await ssh?.close();
    await forge?.close();
  });

  /** A key, and beside it a certificate, as OpenSSH's client looks for it. */
  function certify(options: readonly string[], by = authority, key = ssh.makeKey()): SshClientKey {
    const args = ['-q', '-s', by.file, '-I', `test ${serial}`, '-z', String(serial++), ...options];
    execFileSync('ssh-keygen', [...args, `${key.file}.pub`]);
    return key;
  }

  async function greeting(key: SshClientKey, ...options: string[]): Promise<string> {
    return (await ssh.ssh(['git@127.0.0.1'], { key, ssh: options })).stderr;
  }

  test.each([
    ['ed25519', []],
    ['ecdsa', ['-b', '256']],
    ['ecdsa', ['-b', '384']],
    ['ecdsa', ['-b', '521']],
    ['rsa', ['-b', '2048']],
  ])('of %s keys %j open', async (type, options) => {
    for (const by of Object.values(authorities)) {
      expect(await greeting(certify(['-n', 'ada'], by, ssh.makeKey(type, ...options)))).toMatch(HELLO);
    }
  });

  test.each(['rsa-sha2-256', 'rsa-sha2-512'])('RSA keys sign by %s', async (algorithm) => {
    const key = certify(['-n', 'ada'], authority, ssh.makeKey('rsa'));
    const only = `PubkeyAcceptedAlgorithms=${algorithm}-cert-v01@openssh.com`;
    expect(await greeting(key, '-o', only)).toMatch(HELLO);
  });

  test('SHA-1 is refused, by a client and by an authority', async () => {
    const rsa = certify(['-n', 'ada'], authority, ssh.makeKey('rsa'));
    expect(await greeting(rsa, '-o', 'PubkeyAcceptedAlgorithms=ssh-rsa-cert-v01@openssh.com')).toMatch(DENIED);
    expect(await greeting(certify(['-n', 'ada', '-t', 'ssh-rsa'], authorities['rsa']))).toMatch(DENIED);
  });

  test.each([
    ['names in other case, and of others who are no users', ['-n', 'ADA,ada@example.com,root']],
    ['a validity that includes now', ['-n', 'ada', '-V', '-1h:+1h']],
    ['the address of the client', ['-n', 'ada', '-O', 'source-address=127.0.0.0/8,::1']],
    ['extensions, which give nothing', ['-n', 'ada', '-O', 'clear', '-O', 'permit-pty', '-O', 'extension:x@y=z']],
  ])('%s open', async (_, options) => {
    expect(await greeting(certify(options))).toMatch(HELLO);
  });

  test.each([
    ['nobody', []],
    ['no user', ['-n', 'nobody']],
    ['the name that all connect with', ['-n', 'git']],
    ['several users', ['-n', 'ada,eve']],
    ['a time that is over', ['-n', 'ada', '-V', '-2h:-1h']],
    ['a time to come', ['-n', 'ada', '-V', '+1h:+2h']],
    ['another address', ['-n', 'ada', '-O', 'source-address=10.0.0.0/8']],
    ['a command', ['-n', 'ada', '-O', 'force-command=git-upload-pack x']],
    ['a touch with a PIN', ['-n', 'ada', '-O', 'verify-required']],
    ['an unknown critical option', ['-n', 'ada', '-O', 'critical:x@example.com=1']],
    ['a host', ['-n', 'ada', '-h']],
  ])('for %s open nothing', async (_, options) => {
    expect(await greeting(certify(options))).toMatch(DENIED);
  });

  test('of an authority that nobody trusts open nothing', async () => {
    expect(await greeting(certify(['-n', 'ada'], stranger))).toMatch(DENIED);
    // An authority is no user by itself either.
    expect(await greeting(authority)).toMatch(DENIED);
  });

  test('are worth nothing without the key that they are for', async () => {
    const owner = certify(['-n', 'ada']);
    const thief = ssh.makeKey();
    copyFileSync(`${owner.file}-cert.pub`, `${thief.file}-cert.pub`);
    expect(await greeting(thief)).toMatch(DENIED);
  });

  test('that were changed open nothing, whatever was changed', async () => {
    const key = certify(['-n', 'ada', '-O', 'source-address=127.0.0.1']);
    const [type = '', encoded = ''] = readFileSync(`${key.file}-cert.pub`, 'utf8').split(' ');
    const blob = Buffer.from(encoded, 'base64');
    const renamed = Buffer.from(blob);
    renamed.write('eve', blob.indexOf('ada'));
    writeFileSync(`${key.file}-cert.pub`, `${type} ${renamed.toString('base64')}\n`);
    expect(await greeting(key)).toMatch(DENIED);
    for (let end = 0; end < blob.length; end++) expect(readSshCertificate(blob.subarray(0, end))).toBeUndefined();
    expect(readSshCertificate(Buffer.concat([blob, Buffer.of(0)]))).toBeUndefined();
    expect(readSshCertificate(blob)?.principals).toEqual(['ada']);
  });

  test('end with their user, and with their time', async () => {
    const user = await createTestUser(forge.accounts.workflows, 'sam');
    const key = certify(['-n', 'sam', '-V', '-1h:+1h']);
    const shared = ['-o', `ControlPath=${path.join(forge.folder, 'certified')}`];
    const master = ['-o', 'ControlMaster=yes', '-o', 'ControlPersist=60', ...shared];
    expect(await greeting(key, ...master)).toContain('Hi sam!');
    await forge.accounts.workflows.suspendUser(user.userId);
    expect(await greeting(key, ...shared)).toContain('not valid any more');
    expect(await greeting(key)).toMatch(DENIED);
  });

  test('do for git and for LFS what a key does', async () => {
    const key = certify(['-n', 'ada', '-V', '-1h:+1h']);
    const ask = (command: string) => ssh.ssh(['git@127.0.0.1', command], { key });
    expect((await ssh.git(forge.folder, ['ls-remote', ssh.url('engine')], { key })).status).toBe(0);
    const { stdout } = await ask('git-lfs-authenticate ada/engine upload');
    const token = JSON.parse(stdout).header.Authorization.replace('RemoteAuth ', '');
    const tokens = new LfsTokens(forge.accounts.database.sql);
    const found = await tokens.verify(token, repositoryId);
    expect(found?.principal).toMatchObject({ login: 'ada', credential: { kind: 'ssh-certificate' } });
  });
});

function blobOf(key: SshClientKey): string {
  return key.line.split(' ')[1] ?? '';
}
