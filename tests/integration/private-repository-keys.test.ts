/**
 * A private repository by keys: who × way × what becomes of it. Whoever may not see it gets, over SSH and by the tokens that SSH
 * hands out for LFS, the answers that a repository gets which does not exist.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import ssh2, { type Client } from 'ssh2';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LfsTokens } from '#auth/lfs-token.ts';
import type { DeployKeyPrincipal, UserPrincipal } from '#auth/principal.ts';
import { encodePktLine, FLUSH } from '#git/pkt-line/encode.ts';
import { MemoryBlobStore } from '#storage/memory-blob-store.ts';
import { createTestUser } from '../support/accounts.ts';
import { hasDatabase } from '../support/database.ts';
import { GIT_ENVIRONMENT } from '../support/git-run.ts';
import { LFS_JSON, LfsForge, runProgram } from '../support/lfs-forge.ts';
import { request } from '../support/raw-http.ts';
import { SshForge } from '../support/ssh-forge.ts';

const SECRET = 'secret';
const MISSING = 'nobody';
const LARGE = 'the large file that must not get out\n';
const OID = createHash('sha256').update(LARGE).digest('hex');

type Verdict = 'nothing' | 'no login' | 'reads' | 'reads and writes';

interface Who {
  readonly name: string;
  readonly privateKey: string;
  readonly verdict: Verdict;
  /** A token for LFS that was handed out while the key held. */
  readonly lfsAuthorization: string;
}

/** Command, what is said then, and whether it writes. `PATH` stands for the repository's. */
const WAYS: readonly [name: string, command: string, protocol: string, writes: boolean][] = [
  ['fetch in version 0', "git-upload-pack '/PATH.git'", '', false],
  ['fetch in version 1', "git-upload-pack 'PATH'", 'version=1', false],
  ['fetch in version 2', "git upload-pack '/PATH.git'", 'version=2', false],
  ['push', "git-receive-pack '/PATH.git'", '', true],
  ['archive', "git-upload-archive 'PATH.git'", '', false],
  ['LFS to read', 'git-lfs-authenticate PATH.git download', '', false],
  ['LFS to write', 'git-lfs-authenticate /PATH upload', '', true],
];

describe.skipIf(!hasDatabase)('a private repository, by keys', () => {
  let forge: LfsForge;
  let ssh: SshForge;
  let lockId: number;
  let whos: Who[];

  beforeAll(async () => {
    forge = await LfsForge.start(new MemoryBlobStore());
    ssh = await SshForge.start(forge);
    const secret = await forge.createRepository(SECRET, 'private');
    const other = await forge.createRepository('other', 'private');
    await pushSecret();
    const eve = await createTestUser(forge.accounts.workflows, 'eve');
    const sam = await createTestUser(forge.accounts.workflows, 'sam');
    whos = [
      await userKey("a stranger's key", eve, 'nothing', secret.id),
      await deployKey('a writable deploy key of another repository', other.id, false, 'nothing', secret.id),
      await userKey("the owner's key", forge.owner, 'reads and writes', secret.id),
      await deployKey('a read-only deploy key', secret.id, true, 'reads', secret.id),
      await deployKey('a writable deploy key', secret.id, false, 'reads and writes', secret.id),
      await removed(await userKey("the owner's key, removed", forge.owner, 'no login', secret.id)),
      await removed(await deployKey('a deploy key, removed', secret.id, false, 'no login', secret.id)),
      await userKey("a suspended user's key", sam, 'no login', secret.id),
    ];
    await forge.accounts.workflows.suspendUser(sam.userId);
  });

  afterAll(async () => {
    await ssh?.close();
    await forge?.close();
  });

  async function pushSecret(): Promise<void> {
    const folder = path.join(forge.folder, 'source');
    mkdirSync(folder);
    writeFileSync(path.join(folder, 'README'), 'secret\n');
    const url = forge.url(SECRET, 'ada');
    for (const args of [
      ['init', '-q', '-b', 'main'],
      ['add', '-A'],
      ['commit', '-q', '-m', 'Secret'],
      ['push', '-q', url, 'main'],
    ]) {
      const { status, stderr } = await runProgram('git', args, folder, { ...process.env, ...GIT_ENVIRONMENT });
      if (status !== 0) throw new Error(stderr);
    }
    const objects = [{ oid: OID, size: LARGE.length }];
    const batch = await forge.api(SECRET, 'objects/batch', { operation: 'upload', objects }, { login: 'ada' });
    const { href, header } = batch.body.objects[0].actions.upload;
    expect((await fetch(href, { method: 'PUT', headers: header, body: LARGE })).ok).toBe(true);
    lockId = Number((await forge.api(SECRET, 'locks', { path: 'a' }, { login: 'ada' })).body.lock.id);
  }

  async function userKey(
    name: string,
    user: UserPrincipal,
    verdict: Verdict,
    repositoryId: number,
  ): Promise<Who & { remove: () => Promise<unknown> }> {
    const { private: privateKey, public: line } = ssh2.utils.generateKeyPairSync('ed25519');
    const { sshKeys } = forge.accounts;
    const added = await sshKeys.addUserKey(user.userId, { title: '', line });
    if (added.kind !== 'added') throw new Error(added.kind);
    const { id } = added.key;
    const lfsAuthorization = await tokenOf({ ...user, credential: { kind: 'ssh-key', keyId: id } }, repositoryId);
    return { name, privateKey, verdict, lfsAuthorization, remove: () => sshKeys.removeUserKey(user.userId, id) };
  }

  async function deployKey(
    name: string,
    ownId: number,
    readOnly: boolean,
    verdict: Verdict,
    repositoryId: number,
  ): Promise<Who & { remove: () => Promise<unknown> }> {
    const { private: privateKey, public: line } = ssh2.utils.generateKeyPairSync('ed25519');
    const { sshKeys } = forge.accounts;
    const added = await sshKeys.addDeployKey(ownId, { title: 'CI', line, readOnly });
    if (added.kind !== 'added') throw new Error(added.kind);
    const { id } = added.key;
    const principal: DeployKeyPrincipal = { kind: 'deploy-key', keyId: id, title: 'CI', repositoryId: ownId, readOnly };
    // What it may do is asked when the token is used, so a token for more than that opens no more.
    const lfsAuthorization = await tokenOf(principal, repositoryId);
    return { name, privateKey, verdict, lfsAuthorization, remove: () => sshKeys.removeDeployKey(ownId, id) };
  }

  async function removed<T extends { remove: () => Promise<unknown> }>(who: T): Promise<T> {
    await who.remove();
    return who;
  }

  async function tokenOf(principal: UserPrincipal | DeployKeyPrincipal, repositoryId: number): Promise<string> {
    const tokens = new LfsTokens(forge.accounts.database.sql);
    return (await tokens.issue({ principal, repositoryId, operation: 'upload' })).authorization;
  }

  async function connect({ privateKey }: Who): Promise<Client | undefined> {
    const client = new ssh2.Client();
    const failed = new Promise<undefined>((resolve) => client.once('error', () => resolve(undefined)));
    client.connect({ host: '127.0.0.1', port: ssh.port, username: 'git', privateKey });
    return Promise.race([once(client, 'ready').then(() => client), failed]);
  }

  function run(client: Client, command: string, protocol: string): Promise<{ status: unknown; text: string }> {
    return new Promise((resolve, reject) => {
      client.exec(command, protocol ? { env: { GIT_PROTOCOL: protocol } } : {}, (error, channel) => {
        if (error) return reject(error);
        let text = '';
        let status: unknown;
        for (const stream of [channel, channel.stderr]) {
          stream.on('data', (chunk: Buffer) => {
            text += chunk.toString('latin1');
          });
        }
        channel.on('exit', (code: number) => {
          status = code;
        });
        channel.on('close', () => resolve({ status, text }));
        channel.end(encodePktLine(FLUSH));
      });
    });
  }

  it('is over SSH what the key says', { timeout: 60_000 }, async () => {
    for (const who of whos) {
      const client = await connect(who);
      expect(client === undefined, who.name).toBe(who.verdict === 'no login');
      if (client === undefined) continue;
      for (const [name, command, protocol, writes] of WAYS) {
        const where = `${who.name}: ${name}`;
        const answer = await run(client, command.replace('PATH', `ada/${SECRET}`), protocol);
        if (who.verdict === 'nothing') {
          expect(answer, where).toEqual({ status: 1, text: 'ERROR: Repository not found.\n' });
          expect(answer, where).toEqual(await run(client, command.replace('PATH', `ada/${MISSING}`), protocol));
        } else if (writes && who.verdict === 'reads') {
          expect(answer, where).toEqual({ status: 1, text: 'ERROR: This deploy key is read-only.\n' });
        } else {
          expect(answer.status, `${where}: ${answer.text}`).toBe(0);
        }
      }
      client.end();
    }
  });

  it('is for LFS, by a token from SSH, what the key says now', { timeout: 60_000 }, async () => {
    const pointer = { oid: OID, size: LARGE.length };
    const questions = (): [name: string, method: string, resource: string, writes: boolean, body?: object][] => [
      ['batch to download', 'POST', 'objects/batch', false, { operation: 'download', objects: [pointer] }],
      ['batch to upload', 'POST', 'objects/batch', true, { operation: 'upload', objects: [pointer] }],
      ['object', 'GET', `objects/${OID}`, false],
      ['verify', 'POST', 'verify', true, pointer],
      ['locks', 'GET', 'locks', false],
      ['lock by id', 'GET', `locks?id=${lockId}`, false],
      ['locks of others', 'POST', 'locks/verify', true, {}],
      ['unlock', 'POST', `locks/${lockId}/unlock`, true, { force: false }],
    ];
    for (const { name: whose, verdict, lfsAuthorization } of whos) {
      for (const [name, method, resource, writes, body] of questions()) {
        const where = `${whose}: ${name}`;
        const answer = await request(forge.port, method, `/ada/${SECRET}.git/info/lfs/${resource}`, {
          headers: { authorization: lfsAuthorization, accept: LFS_JSON, 'content-type': LFS_JSON },
          ...(body && { body: JSON.stringify(body) }),
        });
        const text = answer.body.toString();
        if (verdict === 'nothing' || verdict === 'no login') {
          expect([401, 404], `${where}: ${text}`).toContain(answer.status);
          for (const told of [LARGE, 'locked_at', 'actions', 'read-only']) expect(text, where).not.toContain(told);
        } else if (writes && verdict === 'reads') {
          expect([answer.status, JSON.parse(text).message], where).toEqual([403, 'This deploy key is read-only.']);
        } else if (name !== 'unlock' || whose !== 'a writable deploy key') {
          expect(answer.status, `${where}: ${text}`).toBe(200);
        }
        if (name !== 'unlock' || answer.status !== 200) continue;
        // It is there again for the next.
        lockId = Number((await forge.api(SECRET, 'locks', { path: 'a' }, { login: 'ada' })).body.lock.id);
      }
    }
  });

  it('tells nobody who is refused whether a lock, an object or a repository is there', async () => {
    const [stranger] = whos as [Who];
    const ask = async (repository: string, resource: string) => {
      const headers = { authorization: stranger.lfsAuthorization, accept: LFS_JSON };
      const { status, body } = await request(forge.port, 'GET', `/ada/${repository}.git/info/lfs/${resource}`, {
        headers,
      });
      return [status, JSON.parse(body.toString()).message];
    };
    expect(await ask(SECRET, `locks?id=${lockId}`)).toEqual(await ask(SECRET, 'locks?id=99999'));
    expect(await ask(SECRET, `objects/${OID}`)).toEqual(await ask(SECRET, `objects/${'0'.repeat(64)}`));
  });
});
