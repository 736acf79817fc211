/** A client that shares no code with git: it clones what git pushed, and git clones what it pushed. */
import fs from 'node:fs';
import path from 'node:path';
import isomorphicGit from 'isomorphic-git';
import http from 'isomorphic-git/http/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PASSWORD } from '../support/accounts.ts';
import { hasDatabase } from '../support/database.ts';
import { GitForge } from '../support/git-forge.ts';

describe.skipIf(!hasDatabase)('isomorphic-git', () => {
  let forge: GitForge;

  beforeAll(async () => {
    forge = await GitForge.start();
  });

  afterAll(() => forge?.close());

  async function git(cwd: string, ...args: string[]): Promise<string> {
    const run = await forge.git(cwd, args);
    expect(run, `git ${args.join(' ')}`).toMatchObject({ status: 0 });
    return run.stdout.trim();
  }

  const onAuth = () => ({ username: 'ada', password: PASSWORD });

  it('clones, commits and pushes', async () => {
    await forge.createRepository('exchange', { visibility: 'private' });
    const ours = path.join(forge.folder, 'ours');
    fs.mkdirSync(ours);
    await git(ours, 'init', '-q', '-b', 'main');
    fs.writeFileSync(path.join(ours, 'a.txt'), 'from git\n');
    await git(ours, 'add', '-A');
    await git(ours, 'commit', '-q', '-m', 'One');
    await git(ours, 'push', '-q', forge.url('exchange', 'ada'), 'main');

    const dir = path.join(forge.folder, 'theirs');
    await isomorphicGit.clone({ fs, http, dir, url: forge.url('exchange'), onAuth });
    expect(fs.readFileSync(path.join(dir, 'a.txt'), 'utf8')).toBe('from git\n');
    fs.writeFileSync(path.join(dir, 'b.txt'), 'from isomorphic-git\n');
    await isomorphicGit.add({ fs, dir, filepath: 'b.txt' });
    const author = { name: 'Ada', email: 'ada@example.com' };
    const commitId = await isomorphicGit.commit({ fs, dir, message: 'Two', author });
    const pushed = await isomorphicGit.push({ fs, http, dir, onAuth });
    expect(pushed.ok).toBe(true);

    // A push that creates its repository is shown other lines.
    const made = await isomorphicGit.push({ fs, http, dir, onAuth, url: forge.url('made'), ref: 'main' });
    expect(made.ok).toBe(true);
    expect(await git(dir, 'ls-remote', forge.url('made', 'ada'), 'main')).toContain(commitId);

    const clone = path.join(forge.folder, 'clone');
    await git(forge.folder, 'clone', '-q', forge.url('exchange', 'ada'), clone);
    expect(await git(clone, 'rev-parse', 'HEAD')).toBe(commitId);
    await git(clone, 'fsck', '--full', '--strict');
  });
});
