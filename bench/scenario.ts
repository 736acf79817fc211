/** The operations that are timed, each the same for both servers. */
import { rm } from 'node:fs/promises';
import path from 'node:path';
import type { BenchServer } from './bench-server.ts';
import { git, run, timeOf } from './git-client.ts';

const ALL_REFS = ['refs/heads/*:refs/heads/*', 'refs/tags/*:refs/tags/*'];
const BENCH_BRANCH = 'refs/heads/bench-update';

/** What one server has been through, and goes through next. */
export class Scenario {
  readonly server: BenchServer;
  readonly #folder: string;
  readonly #input: string;
  #pushes = 0;
  /** The repository that is cloned and fetched from, and a clone of it that is kept up to date. */
  #main: { readonly url: string; readonly clone: string } | undefined;

  /** @param folder for clones, this server's alone */
  constructor(server: BenchServer, folder: string, input: string) {
    this.server = server;
    this.#folder = folder;
    this.#input = input;
  }

  /** Pushes everything to the repository that the other operations use. */
  async prepare(): Promise<void> {
    const url = await this.server.createRepository('main');
    await git(this.#input, 'push', '-q', url, ...ALL_REFS);
    await this.server.maintain('main');
    const clone = path.join(this.#folder, 'kept.git');
    await run('git', ['clone', '-q', '--bare', url, clone]);
    this.#main = { url, clone };
  }

  /** Pushes everything to an empty repository. @returns seconds */
  async push(): Promise<number> {
    const url = await this.server.createRepository(`push-${this.#pushes++}`);
    return timeOf(() => git(this.#input, 'push', '-q', url, ...ALL_REFS));
  }

  async clone(): Promise<number> {
    const target = path.join(this.#folder, 'clone.git');
    const seconds = await timeOf(() => run('git', ['clone', '-q', '--bare', this.#url, target]));
    await rm(target, { recursive: true });
    return seconds;
  }

  /** Takes the bytes of a clone and throws them away: the server's share of it. */
  async fetchBytes(): Promise<number> {
    const listing = await git(this.#folder, 'ls-remote', this.#url);
    const ids = new Set(listing.split('\n').map((line) => line.slice(0, 40)));
    const wants = [...ids].map((id) => pktLine(`want ${id}\n`)).join('');
    const options = ['ofs-delta\n', 'no-progress\n', 'done\n'].map(pktLine).join('');
    const body = `${pktLine('command=fetch\n')}0001${wants}${options}0000`;
    const headers = ['Content-Type: application/x-git-upload-pack-request', 'Git-Protocol: version=2'];
    const args = [
      '-sS',
      '--fail',
      '-o',
      '/dev/null',
      '--data-binary',
      '@-',
      ...headers.flatMap((line) => ['-H', line]),
    ];
    return timeOf(() => run('curl', [...args, `${this.#url}/git-upload-pack`], { input: body }));
  }

  /** Pushes one commit on top of a branch. */
  async pushCommit(work: string, commitId: string): Promise<number> {
    return timeOf(() => git(work, 'push', '-q', this.#url, `+${commitId}:${BENCH_BRANCH}`));
  }

  /** Fetches the commit that was pushed last. */
  async fetchCommit(): Promise<number> {
    const { url, clone } = this.#mainOrThrow;
    return timeOf(() => git(clone, 'fetch', '-q', url, `+${BENCH_BRANCH}:${BENCH_BRANCH}`));
  }

  get #url(): string {
    return this.#mainOrThrow.url;
  }

  get #mainOrThrow() {
    if (!this.#main) throw new Error('prepare the scenario first');
    return this.#main;
  }
}

function pktLine(text: string): string {
  return (text.length + 4).toString(16).padStart(4, '0') + text;
}

/** A repository that borrows the input's objects, for commits of the benchmark's own. */
export async function openWorkRepository(folder: string, input: string): Promise<string> {
  const work = path.join(folder, 'work.git');
  await run('git', ['clone', '-q', '--bare', '--shared', input, work]);
  return work;
}

/** Makes a commit that changes one file of HEAD. */
export async function makeCommit(work: string, number: number): Promise<string> {
  const blob = await run('git', ['hash-object', '-w', '--stdin'], { cwd: work, input: `update ${number}\n` });
  const listing = await git(work, 'ls-tree', 'HEAD');
  const kept = listing.split('\n').filter((line) => !line.endsWith('\tbench-update'));
  const tree = await run('git', ['mktree'], {
    cwd: work,
    input: `${kept.join('\n')}\n100644 blob ${blob}\tbench-update\n`,
  });
  return git(work, 'commit-tree', '-p', 'HEAD', '-m', `Update ${number}`, tree);
}
