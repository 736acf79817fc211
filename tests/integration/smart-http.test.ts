/** Git over HTTP with real clients. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestUser } from '../support/accounts.ts';
import { hasDatabase } from '../support/database.ts';
import { GitForge } from '../support/git-forge.ts';
import type { GitRun } from '../support/git-run.ts';

describe.skipIf(!hasDatabase)('git over HTTP', () => {
  let forge: GitForge;
  let counter = 0;

  beforeAll(async () => {
    forge = await GitForge.start();
  });

  afterAll(() => forge?.close());

  async function git(cwd: string, ...args: string[]): Promise<string> {
    const run = await forge.git(cwd, args);
    if (run.status !== 0) throw new Error(`git ${args.join(' ')}: ${run.stderr}`);
    return run.stdout.trim();
  }

  /** A new repository on the forge and a working copy with one commit, pushed. */
  async function pushedRepository(options: { visibility?: 'public' | 'private' } = {}) {
    const name = `project-${counter++}`;
    await forge.createRepository(name, options);
    const copy = await workingCopy(name);
    await git(copy, 'push', '-q', 'origin', 'main');
    return { name, copy };
  }

  async function workingCopy(name: string): Promise<string> {
    const copy = path.join(forge.folder, `${name}-copy`);
    mkdirSync(copy);
    await git(copy, 'init', '-q', '-b', 'main');
    await git(copy, 'remote', 'add', 'origin', forge.url(name, 'ada'));
    await commit(copy, 'README', 'hello\n');
    return copy;
  }

  async function commit(copy: string, file: string, text: string): Promise<string> {
    writeFileSync(path.join(copy, file), text);
    await git(copy, 'add', '-A');
    await git(copy, 'commit', '-q', '-m', `Write ${file}`);
    return git(copy, 'rev-parse', 'HEAD');
  }

  async function remoteRefs(name: string): Promise<string> {
    return git(forge.folder, 'ls-remote', forge.url(name, 'ada'));
  }

  describe.each([0, 1, 2] as const)('protocol version %i', (version) => {
    async function run(cwd: string, ...args: string[]): Promise<GitRun> {
      const result = await forge.git(cwd, args, { version });
      expect(result, `git ${args.join(' ')}`).toMatchObject({ status: 0 });
      return result;
    }

    it('clones what was pushed, and fetches what comes later', async () => {
      const name = `v${version}`;
      await forge.createRepository(name);
      const copy = await workingCopy(name);
      await git(copy, 'tag', '-a', '-m', 'One', 'v1');
      await run(copy, 'push', 'origin', 'main', 'v1');
      const clone = path.join(forge.folder, `${name}-clone`);
      await run(forge.folder, 'clone', '-q', forge.url(name), clone);
      expect(await git(clone, 'for-each-ref')).toContain('refs/tags/v1');
      const second = await commit(copy, 'second', 'more\n');
      await git(copy, 'tag', '-a', '-m', 'Two', 'v2');
      await run(copy, 'push', 'origin', 'main', 'v2');
      await run(clone, 'pull', '-q', '--ff-only');
      expect(await git(clone, 'rev-parse', 'HEAD')).toBe(second);
      expect(await git(clone, 'tag', '-l')).toBe('v1\nv2');
      expect((await run(clone, 'fsck', '--full', '--strict')).stderr).not.toMatch(/error|missing/);
    });

    it('negotiates with a client that has commits of its own', async () => {
      const { name, copy } = await pushedRepository();
      const clone = path.join(forge.folder, `${name}-diverged`);
      await run(forge.folder, 'clone', '-q', forge.url(name), clone);
      for (let i = 0; i < 40; i++) await git(clone, 'commit', '-q', '--allow-empty', '-m', `Mine ${i}`);
      const theirs = await commit(copy, 'theirs', 'x\n');
      await git(copy, 'push', '-q', 'origin', 'main');
      await run(clone, 'fetch', '-q', 'origin');
      expect(await git(clone, 'rev-parse', 'origin/main')).toBe(theirs);
    });

    it('clones an empty repository and learns its default branch', async () => {
      const name = `empty-${version}`;
      await forge.createRepository(name);
      const clone = path.join(forge.folder, `${name}-clone`);
      const { stderr } = await run(forge.folder, 'clone', forge.url(name), clone);
      expect(stderr).toContain('warning: You appear to have cloned an empty repository.');
      expect(existsSync(path.join(clone, '.git'))).toBe(true);
    });
  });

  it('shows progress to the one who clones', async () => {
    const { name } = await pushedRepository();
    const clone = path.join(forge.folder, `${name}-progress`);
    const { stderr } = await forge.git(forge.folder, ['clone', '--progress', forge.url(name), clone]);
    expect(stderr).toMatch(/^remote: Enumerating objects: \d+, done\./m);
    expect(stderr).toMatch(/^remote: Counting objects: 100% \((\d+)\/\1\), done\./m);
  });

  it('takes a forced push and says so', async () => {
    const { name, copy } = await pushedRepository();
    await git(copy, 'commit', '-q', '--amend', '-m', 'Again');
    const refused = await forge.git(copy, ['push', 'origin', 'main']);
    expect(refused.status).toBe(1);
    const forced = await forge.git(copy, ['push', '-f', 'origin', 'main']);
    expect(forced.stderr).toMatch(/\+ [0-9a-f]+\.\.\.[0-9a-f]+ main -> main \(forced update\)/);
    expect(await remoteRefs(name)).toContain(await git(copy, 'rev-parse', 'HEAD'));
  });

  it('deletes a branch, without a pack', async () => {
    const { name, copy } = await pushedRepository();
    await git(copy, 'push', '-q', 'origin', 'main:topic');
    const { status, stderr } = await forge.git(copy, ['push', 'origin', ':topic']);
    expect({ status, stderr }).toMatchObject({ status: 0, stderr: expect.stringContaining('[deleted]') });
    expect(await remoteRefs(name)).not.toContain('topic');
  });

  it('moves all refs of an atomic push or none', async () => {
    const { name, copy } = await pushedRepository();
    const stale = await git(copy, 'rev-parse', 'HEAD');
    await commit(copy, 'new', 'x\n');
    await git(copy, 'push', '-q', 'origin', 'main');
    await git(copy, 'branch', 'good');
    await git(copy, 'checkout', '-q', '-b', 'side', stale);
    await commit(copy, 'side', 'y\n');
    const lease = `--force-with-lease=main:${await git(copy, 'rev-parse', 'main')}`;
    // Somebody else moves main between this client's look and its push.
    const { status } = await forge.git(copy, ['push', '--atomic', lease, 'origin', 'good', 'side:main/inside']);
    expect(status).toBe(1);
    expect(await remoteRefs(name)).not.toContain('good');
    expect((await forge.git(copy, ['push', '--atomic', 'origin', 'good', 'side'])).status).toBe(0);
    expect(await remoteRefs(name)).toContain('refs/heads/good');
  });

  it('takes a chunked body after the probe', async () => {
    const { name, copy } = await pushedRepository();
    const big = Array.from({ length: 4_000 }, () => Math.random().toString(36)).join('\n');
    const head = await commit(copy, 'big', big);
    await git(copy, '-c', 'http.postBuffer=1000', 'push', '-q', 'origin', 'main');
    expect(await remoteRefs(name)).toContain(head);
  });

  it('takes such a body and its probe from a client with a token as Bearer', async () => {
    const name = `project-${counter++}`;
    await forge.createRepository(name, { visibility: 'private' });
    const copy = await workingCopy(name);
    const head = await commit(copy, 'big', Array.from({ length: 4_000 }, () => Math.random().toString(36)).join('\n'));
    const outcome = await forge.accounts.tokens.issue({
      userId: forge.owner.userId,
      scopes: ['repo'],
      note: 'git',
      expiresAt: undefined,
    });
    if (outcome.kind !== 'issued') throw new Error(outcome.kind);
    const header = `http.extraHeader=Authorization: Bearer ${outcome.secret}`;
    await git(copy, '-c', header, '-c', 'http.postBuffer=1000', 'push', '-q', forge.url(name), 'main');
    expect(await remoteRefs(name)).toContain(head);
  });

  it('creates a private repository when one pushes to it', async () => {
    const name = `fresh-${counter++}`;
    const copy = await workingCopy(name);
    await git(copy, 'push', '-q', 'origin', 'main');
    expect(await forge.accounts.catalog.find('ada', name, forge.owner)).toMatchObject({ visibility: 'private' });
    expect((await forge.git(forge.folder, ['ls-remote', forge.url(name)])).stderr).toContain('could not read Username');
  });

  it('takes nothing from a client that may only read', async () => {
    const { copy, name } = await pushedRepository();
    const login = `reader${counter++}`;
    await createTestUser(forge.accounts.workflows, login);
    const { status, stderr } = await forge.git(copy, ['push', forge.url(name, login), 'main:other']);
    expect(status).not.toBe(0);
    expect(stderr).toContain('403');
  });
});
