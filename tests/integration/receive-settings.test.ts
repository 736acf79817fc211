/** What an owner may set for pushes, with real git on the other side. What git has too is in `receive-oracle.test.ts`. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { limits } from '#limits.ts';
import type { StoredGitSettings } from '#repository/git-settings.ts';
import { ScratchRepository } from '../fixtures/scratch-repository.ts';
import { hasDatabase } from '../support/database.ts';
import { GitForge } from '../support/git-forge.ts';
import type { GitRun } from '../support/git-run.ts';
import { hasSsh, type SshClientKey, SshForge } from '../support/ssh-forge.ts';

describe.skipIf(!hasDatabase)('settings of pushes', () => {
  let forge: GitForge;
  let scratch: ScratchRepository;
  let ssh: SshForge | undefined;
  let key: SshClientKey | undefined;
  let number = 0;

  beforeAll(async () => {
    forge = await GitForge.start();
    ssh = hasSsh ? await SshForge.start(forge) : undefined;
    key = await ssh?.makeUserKey(forge.owner);
    scratch = new ScratchRepository();
    for (let version = 0; version < 12; version++) {
      const lines = Array.from({ length: 900 }, (_, line) => `${line === version * 50 ? 'changed' : 'line'} ${line}\n`);
      writeFileSync(path.join(scratch.directory, 'file.txt'), lines.join(''));
      for (let file = 0; file < version; file++) writeFileSync(path.join(scratch.directory, `${file}`), `${file}\n`);
      scratch.git(['add', '.']);
      scratch.git(['commit', '-q', '-m', `Commit ${version}`]);
    }
  });

  afterAll(async () => {
    scratch?.[Symbol.dispose]();
    await ssh?.close();
    await forge?.close();
  });

  async function create(settings: StoredGitSettings): Promise<string> {
    const name = `set-${++number}`;
    const { id } = await forge.createRepository(name);
    await forge.accounts.database.sql`
      update repository set git_settings = ${JSON.stringify(settings)}::text::jsonb where id = ${id}`;
    return name;
  }

  function set(name: string, settings: StoredGitSettings) {
    return forge.accounts.database.sql`
      update repository set git_settings = ${JSON.stringify(settings)}::text::jsonb where name = ${name}`;
  }

  async function push(settings: StoredGitSettings, ...args: string[]): Promise<GitRun> {
    const name = await create(settings);
    return forge.git(scratch.directory, ['push', forge.url(name, 'ada'), ...args]);
  }

  /** The same push by each way in, into repositories of the same settings. */
  async function pushBothWays(settings: StoredGitSettings, ...args: string[]): Promise<GitRun[]> {
    const overHttp = await push(settings, ...args);
    if (!ssh || !key) return [overHttp];
    const name = await create(settings);
    return [overHttp, await ssh.git(scratch.directory, ['push', ssh.url(name), ...args], { key })];
  }

  it.each<[StoredGitSettings, RegExp]>([
    [{ 'receive.maxInputSize': 1_000 }, /remote unpack failed: pack exceeds maximum allowed size/],
    [{ 'limits.maxObjects': 10 }, /remote unpack failed: pack announces \d+ objects, more than the 10 allowed/],
    [
      { 'limits.maxObjectSize': 500 },
      /remote unpack failed: blob of \d+ bytes in the pack at \d+ exceeds the size allowed/,
    ],
    [{ 'limits.maxInflatedSize': 1_000, 'limits.maxInflationRatio': 1 }, /remote unpack failed: pack inflates to more/],
    [{ 'limits.maxTreeEntries': 5 }, /remote unpack failed: tree has \d+ entries, more than the 5 allowed/],
    [{ 'limits.maxDeltaDepth': 1 }, /remote unpack failed: resolve deltas: a chain is longer than 1/],
    [{ 'limits.maxCommands': 1 }, /remote unpack failed: push of more than 1 refs/],
    [{ 'limits.maxRefName': 12 }, /remote unpack failed: push of a ref whose name has more than 12 bytes/],
  ])('%j is a bound with a reason', async (settings, reason) => {
    for (const run of await pushBothWays(settings, 'main', 'main:refs/heads/another-name')) {
      expect(run.stderr).toMatch(reason);
      expect(run.status).toBe(1);
    }
  });

  it.each([
    [limits.pushOptionsMax, 1, 'push with more than 256 push options'],
    [1, limits.pushOptionMaxBytes, 'push option of more than 4096 bytes'],
  ])('push options are bounded: %i of %i bytes', async (count, sizeBytes, reason) => {
    const text = 'x'.repeat(sizeBytes);
    const options = Array.from({ length: count }, () => `--push-option=${text}`);
    for (const run of await pushBothWays({}, ...options, 'main')) expect(run).toMatchObject({ status: 0 });
    const beyond = count === 1 ? [`--push-option=${text}x`] : [...options, '--push-option=x'];
    for (const run of await pushBothWays({}, ...beyond, 'main')) {
      expect(run.stderr).toContain(`remote unpack failed: ${reason}`);
      expect(run.status).toBe(1);
    }
  });

  it('warns of large objects', async () => {
    for (const run of await pushBothWays({ 'limits.warnObjectSize': 5_000 }, 'main')) {
      expect(run).toMatchObject({ status: 0 });
      expect(run.stderr).toMatch(/remote: warning: object [0-9a-f]{40} has \d+ bytes, more than the 5000 recommended/);
    }
  });

  it.each<[StoredGitSettings, string[], string]>([
    [{ 'receive.denyDeletes': true }, [':refs/heads/other'], 'deletion prohibited'],
    [{}, [':refs/heads/main'], 'deletion of the current branch prohibited'],
    [{ 'receive.denyNonFastForwards': true }, ['+main~2:refs/heads/main'], 'non-fast-forward'],
    [{ 'receive.hideRefs': ['refs/heads/new'] }, ['main:refs/heads/new'], 'deny updating a hidden ref'],
    [{ 'transfer.hideRefs': ['refs/heads/new'] }, ['main:refs/heads/new'], 'deny updating a hidden ref'],
  ])('%j refuses %j: %s', async (settings, refspecs, reason) => {
    const name = await create({});
    const refs = ['main', 'main:refs/heads/other'];
    expect(await forge.git(scratch.directory, ['push', '-q', forge.url(name, 'ada'), ...refs])).toMatchObject({
      status: 0,
    });
    await set(name, settings);
    const runs = [await forge.git(scratch.directory, ['push', forge.url(name, 'ada'), ...refspecs])];
    if (ssh && key) runs.push(await ssh.git(scratch.directory, ['push', ssh.url(name), ...refspecs], { key }));
    for (const run of runs) {
      expect(run.stderr).toContain(`[remote rejected]`);
      expect(run.stderr).toContain(`(${reason})`);
    }
  });

  it.each([0, 1, 2] as const)('bounds what a fetch may name, in version %i', async (version) => {
    const name = await create({ 'limits.maxNegotiationLines': 5 });
    const branches = Array.from({ length: 6 }, (_, index) => `main~${index}:refs/heads/b${index}`);
    const pushed = await forge.git(scratch.directory, ['push', '-q', forge.url(name, 'ada'), ...branches]);
    expect(pushed).toMatchObject({ status: 0 });
    const overHttp = ['fetch', forge.url(name), ...branches.map((_, index) => `b${index}`)];
    const clone = path.join(forge.folder, `clone-${name}`);
    await forge.git(forge.folder, ['init', '-q', clone]);
    const runs = [await forge.git(clone, overHttp, { version })];
    if (ssh && key) runs.push(await ssh.git(clone, overHttp.with(1, ssh.url(name)), { key, version }));
    for (const run of runs) expect(run.stderr).toContain('remote error: fetch names more than 5 objects');
    expect(await forge.git(clone, ['fetch', '-q', forge.url(name), 'b0'], { version })).toMatchObject({ status: 0 });
  });

  it('may close the door to pushes over HTTP', async () => {
    const run = await push({ 'http.receivepack': false }, 'main');
    expect(run.status).not.toBe(0);
    expect(run.stderr).toMatch(/Service not enabled: 'receive-pack'/);
    expect(run.stderr).toMatch(/403/);
  });

  it('may close the doors to fetches and archives over HTTP, and leave them open over SSH', async () => {
    const name = await create({});
    await forge.git(scratch.directory, ['push', '-q', forge.url(name, 'ada'), 'main']);
    await set(name, { 'http.uploadpack': false, 'http.uploadarchive': false });
    const run = await forge.git(forge.folder, ['ls-remote', forge.url(name, 'ada')]);
    expect(run.stderr).toMatch(/Service not enabled: 'upload-pack'/);
    const archive = await fetch(`http://localhost:${forge.port}/ada/${name}.git/git-upload-archive`, {
      method: 'POST',
      headers: { authorization: forge.authorization, 'content-type': 'application/x-git-upload-archive-request' },
      body: '0000',
    });
    expect(archive.status).toBe(403);
    if (!ssh || !key) return;
    expect(await ssh.git(forge.folder, ['ls-remote', ssh.url(name)], { key })).toMatchObject({ status: 0 });
  });

  it.each<[StoredGitSettings, string, string]>([
    [{ 'uploadpackfilter.blob:none.allow': false }, 'blob:none', "filter 'blob:none' not supported"],
    [{ 'uploadpackfilter.blob:limit.allow': false }, 'blob:limit=1k', "filter 'blob:limit' not supported"],
    [{ 'uploadpackfilter.object:type.allow': false }, 'object:type=blob', "filter 'object:type' not supported"],
    [{ 'uploadpackfilter.tree.allow': false }, 'tree:0', "filter 'tree' not supported"],
    [{ 'uploadpackfilter.tree.maxDepth': 1 }, 'tree:2', 'tree filter allows max depth 1, but got 2'],
    [{ 'uploadpackfilter.combine.allow': false }, 'combine:blob:none+tree:1', "filter 'combine' not supported"],
    [{ 'uploadpackfilter.blob:none.allow': false }, 'combine:blob:none+tree:1', "filter 'blob:none' not supported"],
  ])('%j refuses a clone with %s', async (settings, filter, reason) => {
    const name = await create({});
    await forge.git(scratch.directory, ['push', '-q', forge.url(name, 'ada'), 'main']);
    await set(name, settings);
    for (const version of [0, 2] as const) {
      const clone = path.join(forge.folder, `clone-${name}-${version}`);
      const args = ['clone', '--bare', `--filter=${filter}`, forge.url(name), clone];
      expect((await forge.git(forge.folder, args, { version })).stderr).toContain(reason);
    }
  });

  it('may offer less', async () => {
    const atomic = await push({ 'receive.advertiseAtomic': false }, '--atomic', 'main');
    expect(atomic.stderr).toContain('the receiving end does not support --atomic push');
    for (const run of await pushBothWays({ 'receive.advertisePushOptions': false }, '-o', 'x', 'main')) {
      expect(run.stderr).toContain('the receiving end does not support push options');
    }
    expect(await push({}, '--atomic', '-o', 'ci.skip;x=\\n', 'main')).toMatchObject({ status: 0 });
  });

  it.each([true, false])('names a session: %s', async (isNamed) => {
    const name = await create({ 'transfer.advertiseSID': isNamed });
    const answer = await fetch(`http://localhost:${forge.port}/ada/${name}.git/info/refs?service=git-receive-pack`, {
      headers: { authorization: forge.authorization },
    });
    expect(/ session-id=[!-~]+ /.test(await answer.text())).toBe(isNamed);
  });

  it('does not show hidden refs to those who push', async () => {
    const name = await create({});
    await forge.git(scratch.directory, ['push', forge.url(name, 'ada'), 'main', 'main:refs/secret/x']);
    await forge.accounts.database.sql`
      update repository set git_settings = '{"receive.hideRefs":["refs/secret"]}' where name = ${name}`;
    const run = await forge.git(scratch.directory, ['push', forge.url(name, 'ada'), 'main~1:refs/secret/x']);
    expect(run.stderr).toContain('deny updating a hidden ref');
    const answer = await fetch(`http://localhost:${forge.port}/ada/${name}.git/info/refs?service=git-receive-pack`, {
      headers: { authorization: forge.authorization },
    });
    expect(await answer.text()).not.toContain('refs/secret');
  });

  it('passes over objects of the skip list', async () => {
    const tree = scratch.line(['rev-parse', 'main^{tree}']);
    const body = `tree ${tree}\nauthor A <a@b> 01 +0000\ncommitter A <a@b> 1 +0000\n\nPadded\n`;
    const id = scratch.writeObject('commit', body);
    const refused = await push({}, `${id}:refs/heads/old`);
    expect(refused.stderr).toMatch(new RegExp(`remote unpack failed: object ${id}: zeroPaddedDate`));
    expect(await push({ 'receive.fsck.skipList': [id.toUpperCase()] }, `${id}:refs/heads/old`)).toMatchObject({
      status: 0,
    });
    const warned = await push({ 'receive.fsck': { zeroPaddedDate: 'warn' } }, `${id}:refs/heads/old`);
    expect(warned.status).toBe(0);
    expect(warned.stderr).toMatch(new RegExp(`remote: warning in commit ${id}: zeroPaddedDate`));
  });

  it.each(['refs/for/main', 'refs/drafts/main', 'refs/for-review/x'])(
    'says how changes get reviewed: %s',
    async (name) => {
      const run = await push({}, `main:${name}`);
      expect(run.stderr).toContain('push a branch, then open a pull request from it');
    },
  );
});
