/**
 * Clients that people use, against the running server: those that are installed. Others are named by CLIENT_GITS (paths of git,
 * separated by colons), CLIENT_PYTHON, CLIENT_GO_GIT, CLIENT_GITOXIDE and CLIENT_JGIT (a folder of jars); `docs/compatibility.md` has the table of what was tried.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasDatabase } from '../support/database.ts';
import { GitForge } from '../support/git-forge.ts';
import {
  dulwichClient,
  type GitClient,
  gitClient,
  gitoxideClient,
  goGitClient,
  jgitClient,
  libgit2Client,
} from './git-client.ts';

const otherGits = (process.env['CLIENT_GITS'] ?? '').split(':').filter(Boolean);
const CLIENTS: readonly GitClient[] = [
  gitClient('git', ['protocol.version=0']),
  gitClient('git', ['protocol.version=1']),
  gitClient('git', ['protocol.version=2']),
  ...otherGits.map((program) => gitClient(program)),
  dulwichClient(),
  libgit2Client(),
  goGitClient(),
  gitoxideClient(),
  jgitClient(),
];

describe.skipIf(!hasDatabase).each(CLIENTS)('$name $version', (client) => {
  if (client.version === undefined) {
    it.skip('is not installed', () => undefined);
    return;
  }
  let forge: GitForge;
  let seed: string;
  let url: string;
  let clientUrl: (name: string) => string;
  const visibility = client.canPush ? 'private' : 'public';

  beforeAll(async () => {
    forge = await GitForge.start();
    await forge.createRepository('exchange', { visibility });
    url = forge.url('exchange', 'ada');
    clientUrl = (name) => forge.url(name, client.canPush ? 'ada' : undefined);
    seed = path.join(forge.folder, 'seed');
    mkdirSync(seed);
    await git(seed, 'init', '-q', '-b', 'main');
    for (const number of [1, 2, 3]) await commit(`${number}`.repeat(3_000));
    await git(seed, 'tag', '-a', '-m', 'One', 'v1');
    await git(seed, 'tag', 'light', 'HEAD~1');
    await git(seed, 'push', '-q', '--tags', url, 'main');
  });

  afterAll(() => forge?.close());

  async function git(cwd: string, ...args: string[]): Promise<string> {
    const result = await forge.git(cwd, args);
    expect(result, `git ${args.join(' ')}`).toMatchObject({ status: 0 });
    return result.stdout.trim();
  }

  async function commit(text: string): Promise<void> {
    writeFileSync(path.join(seed, 'file'), `${text}\n`);
    await git(seed, 'add', '-A');
    await git(seed, 'commit', '-q', '-m', text.slice(0, 5));
  }

  const folder = (name: string) => path.join(forge.folder, name);
  const serverId = async (name: string) => (await git(seed, 'ls-remote', url, name)).split('\t')[0];

  it('clones', async () => {
    await client.clone(clientUrl('exchange'), folder('clone'));
    expect(await git(folder('clone'), 'rev-parse', 'HEAD')).toBe(await git(seed, 'rev-parse', 'main'));
    expect(await git(folder('clone'), 'rev-parse', 'v1^{commit}', 'light')).toBe(
      await git(seed, 'rev-parse', 'v1^{commit}', 'light'),
    );
    expect(readFileSync(path.join(folder('clone'), 'file'), 'utf8')).toBe(`${'3'.repeat(3_000)}\n`);
    await git(folder('clone'), 'fsck', '--full', '--strict');
  });

  it.runIf(client.canCloneEmpty)('clones an empty repository', async () => {
    await forge.createRepository('empty', { visibility });
    await client.clone(clientUrl('empty'), folder('empty'));
  });

  it('fetches what is new', async () => {
    await commit('new');
    await git(seed, 'push', '-q', url, 'main');
    await client.fetch(folder('clone'));
    expect(await git(folder('clone'), 'rev-parse', 'refs/remotes/origin/main')).toBe(
      await git(seed, 'rev-parse', 'main'),
    );
    await git(folder('clone'), 'fsck', '--full', '--strict');
  });

  it('fetches when nothing is new', async () => {
    await client.fetch(folder('clone'));
  });

  it.runIf(client.canPush)('pushes a branch', async () => {
    const id = await client.push(folder('clone'), 'topic');
    expect(await serverId('refs/heads/topic')).toBe(id);
  });

  it.runIf(client.canPush)('pushes a tag', async () => {
    await client.tag(folder('clone'), 'theirs');
    expect(await serverId('refs/tags/theirs')).toBe(await git(folder('clone'), 'rev-parse', 'theirs'));
  });

  it.runIf(client.canPush)('creates a repository by a push', async () => {
    await git(folder('clone'), 'remote', 'set-url', 'origin', forge.url('made', 'ada'));
    const id = await client.push(folder('clone'), 'first');
    const [made] = (await git(seed, 'ls-remote', forge.url('made', 'ada'), 'refs/heads/first')).split('\t');
    expect(made).toBe(id);
  });

  it.runIf(client.canShallow)('clones some of history', async ({ skip }) => {
    skip(!(await offersShallow()), 'shallow clones are not offered');
    await client.clone(clientUrl('exchange'), folder('shallow'), 1);
    expect(await git(folder('shallow'), 'rev-list', '--count', 'HEAD')).toBe('1');
    await git(folder('shallow'), 'fsck', '--full');
  });

  async function offersShallow(): Promise<boolean> {
    const answer = await fetch(`http://127.0.0.1:${forge.port}/ada/exchange.git/info/refs?service=git-upload-pack`, {
      headers: { authorization: forge.authorization },
    });
    return (await answer.text()).includes(' shallow');
  }
});
