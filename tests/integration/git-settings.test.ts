/** Git settings of repositories by REST, and what git clients notice of them. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GIT_SETTINGS } from '#repository/git-settings.ts';
import { ScratchRepository } from '../fixtures/scratch-repository.ts';
import { hasDatabase } from '../support/database.ts';
import { RestForge } from '../support/rest-forge.ts';

const PLACE = '/repos/ada/project/git-settings';

describe.skipIf(!hasDatabase)('git settings by REST', () => {
  let forge: RestForge;
  let ada: string;
  let bob: string;
  const scratch = new ScratchRepository();

  beforeAll(async () => {
    forge = await RestForge.start();
    ada = await forge.createUser('ada', ['repo']);
    bob = await forge.createUser('bob', ['repo']);
    for (const body of [{ name: 'project' }, { name: 'secret', private: true }]) {
      expect((await forge.call('POST /user/repos', { token: ada, body })).status).toBe(201);
    }
    scratch.git(['commit', '-q', '--allow-empty', '-m', 'First']);
    await forge.push(scratch.directory, 'ada/project', ada);
  });

  afterAll(async () => {
    await forge?.close();
    scratch[Symbol.dispose]();
  });

  const get = async () => (await forge.call(`GET ${PLACE}`, { token: ada })).body;
  const patch = (body: unknown) => forge.call(`PATCH ${PLACE}`, { token: ada, body });

  it('has every setting with its value, its default and its explanation', async () => {
    const body = await get();
    expect(Object.keys(body).toSorted()).toEqual(Object.keys(GIT_SETTINGS).toSorted());
    expect(body['receive.denyDeletes']).toEqual({
      value: false,
      default: false,
      is_set: false,
      group: 'Pushes',
      description: 'Refuse to delete refs.',
    });
  });

  it('sets, keeps and takes back', async () => {
    const changed = await patch({ 'receive.denyDeletes': true, 'receive.fsck': { missingEmail: 'warn' } });
    expect(changed.status).toBe(200);
    expect(changed.body['receive.denyDeletes']).toMatchObject({ value: true, is_set: true });
    expect((await get())['receive.fsck']).toMatchObject({ value: { missingEmail: 'warn' }, is_set: true });
    await patch({ 'receive.denyDeletes': null });
    const body = await get();
    expect(body['receive.denyDeletes']).toMatchObject({ value: false, is_set: false });
    expect(body['receive.fsck']).toMatchObject({ is_set: true });
  });

  it.each([
    [{ 'http.uploadpack': 'yes' }, 'http.uploadpack', 'must be true or false, or null for the default'],
    [{ 'limits.maxCommands': 0 }, 'limits.maxCommands', 'must be a whole number from 1 to 10000, or null'],
    [{ 'transfer.hideRefs': 'refs/x' }, 'transfer.hideRefs', 'must be a list of at most 1000 texts'],
    [{ 'receive.fsck': { frotz: 'warn' } }, 'receive.fsck', 'must be a map from ids of fsck messages'],
  ])('refuses %j with a sentence, and changes nothing', async (body, field, sentence) => {
    const answer = await patch({ 'receive.denyNonFastForwards': true, ...body });
    expect(answer.status).toBe(422);
    expect(answer.body.errors).toEqual([
      { resource: 'GitSettings', field, code: 'invalid', message: expect.stringContaining(sentence) },
    ]);
    expect((await get())['receive.denyNonFastForwards'].is_set).toBe(false);
  });

  it('refuses what is no setting', async () => {
    const answer = await patch({ 'core.gitProxy': 'sh -c id' });
    expect(answer.status).toBe(422);
    expect(JSON.stringify(answer.body)).toContain('core.gitProxy');
  });

  it('is for administrators of the repository', async () => {
    for (const [token, place, status] of [
      [bob, PLACE, 403],
      [undefined, PLACE, 401],
      [bob, '/repos/ada/secret/git-settings', 404],
      [undefined, '/repos/ada/secret/git-settings', 404],
      [ada, '/repos/ada/nothing/git-settings', 404],
    ] as const) {
      expect((await forge.call(`GET ${place}`, { token })).status).toBe(status);
      const body = { 'receive.denyDeletes': true };
      expect((await forge.call(`PATCH ${place}`, { token, body })).status).toBe(status);
    }
    expect((await get())['receive.denyDeletes'].is_set).toBe(false);
  });

  it('counts from the next request of a git client on', async () => {
    const discover = () => fetch(`${forge.origin}/ada/project.git/info/refs?service=git-upload-pack`);
    expect((await discover()).status).toBe(200);
    await patch({ 'http.uploadpack': false });
    expect((await discover()).status).toBe(403);
    await patch({ 'http.uploadpack': null });
    expect((await discover()).status).toBe(200);
  });

  it('keeps both of two changes that are made at once', async () => {
    await Promise.all([patch({ 'limits.maxCommands': 7 }), patch({ 'limits.maxRefName': 99 })]);
    const body = await get();
    expect([body['limits.maxCommands'].value, body['limits.maxRefName'].value]).toEqual([7, 99]);
  });
});
