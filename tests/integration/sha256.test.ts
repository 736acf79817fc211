/** SHA-256 repositories from their creation to pages' and programs' questions, with real git. */
import { mkdtempSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ScratchRepository } from '../fixtures/scratch-repository.ts';
import { hasDatabase } from '../support/database.ts';
import { GitDaemon } from '../support/git-daemon.ts';
import { GitForge } from '../support/git-forge.ts';

describe.skipIf(!hasDatabase)('a SHA-256 repository', () => {
  let forge: GitForge;
  let scratch: ScratchRepository;

  beforeAll(async () => {
    forge = await GitForge.start();
    scratch = new ScratchRepository({ objectFormat: 'sha256' });
    for (let number = 0; number < 20; number++) commit(number);
    scratch.git(['tag', '-a', '-m', 'One', 'v1']);
    scratch.git(['branch', 'old', 'HEAD~10']);
    await forge.createRepository('long-names', { objectFormat: 'sha256' });
    const run = await forge.git(scratch.directory, ['push', '-q', '--mirror', forge.url('long-names', 'ada')]);
    expect(run).toMatchObject({ status: 0 });
  });

  afterAll(async () => {
    scratch?.[Symbol.dispose]();
    await forge?.close();
  });

  function commit(number: number): string {
    const lines = Array.from({ length: 400 }, (_, line) =>
      line === number ? `changed ${number}\n` : `line ${line}\n`,
    );
    writeFileSync(path.join(scratch.directory, 'file.txt'), lines.join(''));
    scratch.git(['add', '.']);
    scratch.git(['commit', '-q', '-m', `Commit ${number}`]);
    return scratch.line(['rev-parse', 'HEAD']);
  }

  function folder(): string {
    return mkdtempSync(path.join(forge.folder, 'clone-'));
  }

  async function expectSame(clone: string, revision: string): Promise<void> {
    expect(await forge.git(clone, ['fsck', '--full', '--strict'])).toMatchObject({ status: 0 });
    const { stdout } = await forge.git(clone, ['rev-parse', revision]);
    expect(stdout.trim()).toMatch(/^[0-9a-f]{64}$/);
    expect(stdout.trim()).toBe(scratch.line(['rev-parse', revision]));
  }

  it.each([0, 1, 2] as const)('is cloned and fetched from in version %i', async (version) => {
    const clone = path.join(folder(), 'x');
    const url = forge.url('long-names', 'ada');
    expect(await forge.git(forge.folder, ['clone', '-q', '--mirror', url, clone], { version })).toMatchObject({
      status: 0,
    });
    await expectSame(clone, 'refs/heads/main');
    const tip = commit(100 + version);
    expect(await forge.git(scratch.directory, ['push', '-q', url, 'main'], { version })).toMatchObject({ status: 0 });
    expect(await forge.git(clone, ['fetch', '-q', 'origin'], { version })).toMatchObject({ status: 0 });
    await expectSame(clone, tip);
  });

  it('is pushed to where both sides keep the connection open', async () => {
    await forge.createRepository('stateful', { objectFormat: 'sha256' });
    const daemon = await GitDaemon.start(forge);
    const push = (...args: string[]) => forge.git(scratch.directory, ['push', daemon.url('stateful'), ...args]);
    expect(await push('old:refs/heads/main')).toMatchObject({ status: 0 });
    // A thin pack: its bases are in the repository.
    expect(await push('main', 'v1')).toMatchObject({ status: 0 });
    expect(await push('--atomic', ':refs/tags/v1', 'old')).toMatchObject({ status: 0 });
    await daemon.close();
    const clone = path.join(folder(), 'x');
    expect(await forge.git(forge.folder, ['clone', '-q', forge.url('stateful'), clone])).toMatchObject({ status: 0 });
    await expectSame(clone, 'main');
  });

  it('is created by the first push of a client that has one', async () => {
    const run = await forge.git(scratch.directory, ['push', forge.url('made-by-push', 'ada'), 'main', 'v1']);
    expect(run).toMatchObject({ status: 0 });
    const made = await forge.accounts.catalog.find('ada', 'made-by-push', forge.owner);
    expect(made).toMatchObject({ objectFormat: 'sha256', visibility: 'private' });
    const clone = path.join(folder(), 'x');
    const url = forge.url('made-by-push', 'ada');
    expect(await forge.git(forge.folder, ['clone', '-q', url, clone])).toMatchObject({ status: 0 });
    await expectSame(clone, 'main');
  });

  it('is not left by a push that brought nothing', async () => {
    const run = await forge.git(scratch.directory, ['push', forge.url('unmade', 'ada'), 'main:refs/for/main']);
    expect(run.status).not.toBe(0);
    expect(await forge.accounts.catalog.find('ada', 'unmade', forge.owner)).toBeUndefined();
  });

  it('is not pushed to by a client of SHA-1', async () => {
    using other = new ScratchRepository();
    other.git(['commit', '-q', '--allow-empty', '-m', 'Short']);
    const run = await forge.git(other.directory, ['push', forge.url('long-names', 'ada'), 'main:refs/heads/short']);
    expect(run.status).not.toBe(0);
  });
});
