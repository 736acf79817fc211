/** SSH keys and deploy keys by REST, and in the store that the SSH server asks. */
import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseSshKeyLine } from '#auth/ssh-key.ts';
import { limits } from '#limits.ts';
import { createTestUser } from '../support/accounts.ts';
import { hasDatabase } from '../support/database.ts';
import { RestForge } from '../support/rest-forge.ts';

describe.skipIf(!hasDatabase)('SSH keys', () => {
  let forge: RestForge;
  let ada = '';

  beforeAll(async () => {
    forge = await RestForge.start();
    ada = await forge.createUser('ada', ['repo', 'admin:public_key']);
    await createRepository('engine');
    await createRepository('loom');
  });
  afterAll(() => forge.close());

  test('a key of a user is added, shown, listed for everybody, and removed', async () => {
    const key = newKey();
    const added = await call('POST /user/keys', { title: 'Desk', key: `${key} ada@desk` });
    expect(added.status).toBe(201);
    expect(added.body).toMatchObject({ key, title: 'Desk', read_only: false, verified: true, last_used: null });
    expect(added.headers.get('location')).toBe(added.body.url);
    const place = `/user/keys/${added.body.id}`;
    expect((await call(`GET ${place}`)).body).toEqual(added.body);
    expect((await call('GET /user/keys')).body).toEqual([added.body]);
    expect((await forge.call('GET /users/ada/keys')).body).toEqual([{ id: added.body.id, key }]);
    expect((await call(`DELETE ${place}`)).status).toBe(204);
    expect((await call(`GET ${place}`)).status).toBe(404);
    expect((await call(`DELETE ${place}`)).status).toBe(404);
  });

  test('a key without a title is called by its comment, or else by its fingerprint', async () => {
    const [commented, bare] = [newKey(), newKey()];
    expect((await call('POST /user/keys', { key: `${commented} ada at her desk` })).body.title).toBe('ada at her desk');
    expect((await call('POST /user/keys', { key: bare })).body.title).toBe(fingerprintOf(bare));
  });

  test('a key that cannot be is refused with the reason', async () => {
    const answer = await call('POST /user/keys', { key: 'ssh-dss AAAA' });
    expect(answer.status).toBe(422);
    expect(answer.body.errors).toEqual([
      {
        resource: 'PublicKey',
        field: 'key',
        code: 'custom',
        message: expect.stringMatching(/DSA keys are not secure/),
      },
    ]);
    const title = await call('POST /user/keys', { title: 'a\nb', key: newKey() });
    expect(title.body.errors).toMatchObject([{ field: 'title' }]);
  });

  test('a key belongs to one user or one repository, whoever comes second', async () => {
    const key = newKey();
    const grace = await forge.createUser('grace', ['admin:public_key']);
    expect((await forge.call('POST /user/keys', { token: grace, body: { key } })).status).toBe(201);
    for (const place of ['/user/keys', '/repos/ada/engine/keys']) {
      const refused = await call(`POST ${place}`, { key: `${key} mine now` });
      expect(refused.status).toBe(422);
      expect(refused.body.errors).toMatchObject([{ field: 'key', message: 'key is already in use' }]);
    }
    expect((await forge.call('POST /user/keys', { token: grace, body: { key } })).status).toBe(422);
  });

  test("nobody reaches another's keys by their ids", async () => {
    const mallory = await forge.createUser('mallory', ['admin:public_key', 'repo']);
    const { id } = (await call('POST /user/keys', { key: newKey() })).body;
    for (const method of ['GET', 'DELETE']) {
      expect((await forge.call(`${method} /user/keys/${id}`, { token: mallory })).status).toBe(404);
      expect((await call(`${method} /repos/ada/engine/keys/${id}`)).status).toBe(404);
    }
    const deploy = (await call('POST /repos/ada/engine/keys', { key: newKey() })).body;
    expect((await call(`GET /repos/ada/loom/keys/${deploy.id}`)).status).toBe(404);
    expect((await call(`DELETE /repos/ada/loom/keys/${deploy.id}`)).status).toBe(404);
    expect((await call(`GET /user/keys/${deploy.id}`)).status).toBe(404);
    expect((await call(`GET /repos/ada/engine/keys/${deploy.id}`)).status).toBe(200);
  });

  test('a deploy key may write unless it is asked for read-only', async () => {
    const writable = await call('POST /repos/ada/engine/keys', { title: 'CI', key: newKey() });
    const readable = await call('POST /repos/ada/engine/keys', { key: newKey(), read_only: true });
    expect([writable.status, writable.body.read_only]).toEqual([201, false]);
    expect([readable.status, readable.body.read_only]).toEqual([201, true]);
    const listed = (await call('GET /repos/ada/engine/keys')).body as { id: number }[];
    expect(listed.map(({ id }) => id).slice(0, 2)).toEqual([readable.body.id, writable.body.id]);
    expect((await call(`DELETE /repos/ada/engine/keys/${writable.body.id}`)).status).toBe(204);
  });

  test('octokit adds and removes both kinds', async () => {
    const octokit = forge.octokit(ada);
    const own = await octokit.users.createPublicSshKeyForAuthenticatedUser({ title: 'Octo', key: newKey() });
    await octokit.users.deletePublicSshKeyForAuthenticatedUser({ key_id: own.data.id });
    const at = { owner: 'ada', repo: 'loom' };
    const deploy = await octokit.repos.createDeployKey({ ...at, title: 'CI', key: newKey(), read_only: true });
    expect((await octokit.repos.listDeployKeys(at)).data.map(({ id }) => id)).toEqual([deploy.data.id]);
    await octokit.repos.deleteDeployKey({ ...at, key_id: deploy.data.id });
  });

  test('a user has a bounded number of keys', async () => {
    const { sshKeys, workflows } = forge.accounts;
    const { userId } = await createTestUser(workflows, 'hoarder');
    const lines = Array.from({ length: limits.userSshKeysMax + 1 }, newKey);
    const outcomes = [];
    for (const line of lines) outcomes.push(await sshKeys.addUserKey(userId, { title: '', line }));
    expect(outcomes.map(({ kind }) => kind)).toEqual([...Array(limits.userSshKeysMax).fill('added'), 'too-many']);
  });

  test('the store says whose a key is, for as long as it is theirs', async () => {
    const { sshKeys, workflows } = forge.accounts;
    const user = await createTestUser(workflows, 'lin');
    const key = newKey();
    const outcome = await sshKeys.addUserKey(user.userId, { title: 'Desk', line: key });
    const keyId = outcome.kind === 'added' ? outcome.key.id : 0;
    const owner = { kind: 'user', keyId, user: { userId: user.userId, login: 'lin', siteAdmin: false } };
    expect(await sshKeys.findOwner(fingerprintOf(key))).toEqual(owner);
    expect((await sshKeys.listUserKeys(user.userId))[0]?.lastUsedAt).toBeUndefined();
    expect(await sshKeys.use(fingerprintOf(key))).toEqual(owner);
    expect((await sshKeys.listUserKeys(user.userId))[0]?.lastUsedAt).toBeInstanceOf(Date);
    await workflows.suspendUser(user.userId);
    expect(await sshKeys.use(fingerprintOf(key))).toBeUndefined();
    await workflows.reinstateUser(user.userId);
    expect(await sshKeys.use(fingerprintOf(key))).toEqual(owner);
    await sshKeys.removeUserKey(user.userId, keyId);
    expect(await sshKeys.use(fingerprintOf(key))).toBeUndefined();
  });

  test('the keys of a repository go with it', async () => {
    const { id } = await createRepository('brief');
    const key = newKey();
    expect((await call('POST /repos/ada/brief/keys', { title: 'CI', key, read_only: true })).status).toBe(201);
    const { sshKeys } = forge.accounts;
    expect(await sshKeys.findOwner(fingerprintOf(key))).toMatchObject({
      repositoryId: id,
      readOnly: true,
      title: 'CI',
    });
    await forge.accounts.catalog.delete(id);
    expect(await sshKeys.findOwner(fingerprintOf(key))).toBeUndefined();
  });

  async function createRepository(name: string): Promise<{ id: number }> {
    return (await call('POST /user/repos', { name })).body;
  }

  function call(place: string, body?: unknown) {
    return forge.call(place, { token: ada, ...(body !== undefined && { body }) });
  }
});

/** The line of a new ed25519 key, without a comment. */
function newKey(): string {
  const { publicKey } = generateKeyPairSync('ed25519');
  const point = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
  return `ssh-ed25519 ${Buffer.concat([Buffer.from('0000000b7373682d6564323535313900000020', 'hex'), point]).toString('base64')}`;
}

function fingerprintOf(line: string): string {
  const parsed = parseSshKeyLine(line);
  if (parsed.kind === 'invalid') throw new Error(parsed.reason);
  return parsed.key.fingerprint;
}
