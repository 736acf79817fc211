/** Programs that speak git's protocol, each behind the same few verbs. */
import { execFile, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { GIT_ENVIRONMENT } from '../support/git-run.ts';

export interface GitClient {
  readonly name: string;
  /** Undefined when it is not installed. */
  readonly version: string | undefined;
  readonly canShallow: boolean;
  /** One that does not push sends no password either: gitoxide would not over HTTP without TLS. */
  readonly canPush: boolean;
  /** Some take a repository without branches for an error. */
  readonly canCloneEmpty: boolean;
  clone(url: string, folder: string, depth?: number): Promise<void>;
  fetch(folder: string): Promise<void>;
  /** Commits a file and pushes the commit as a new branch. @returns its id */
  push(folder: string, branch: string): Promise<string>;
  /** Makes an annotated tag of HEAD and pushes it. */
  tag(folder: string, name: string): Promise<void>;
}

const run = promisify(execFile);
const FOLDER = fileURLToPath(new URL('.', import.meta.url));
const ENVIRONMENT = {
  ...process.env,
  ...GIT_ENVIRONMENT,
  // Old versions of git read it where new ones read GIT_CONFIG_GLOBAL; JGit too.
  HOME: mkdtempSync(path.join(tmpdir(), 'git-client-home-')),
};

/**
 * @param program `git`, or the path of another version's
 * @param config settings such as `protocol.version=1`
 */
export function gitClient(program: string, config: readonly string[] = []): GitClient {
  const options = config.flatMap((setting) => ['-c', setting]);
  const git = async (folder: string, ...args: string[]) =>
    (await run(program, [...options, ...args], { cwd: folder, env: ENVIRONMENT })).stdout.trim();
  return {
    name: ['git', ...config].join(' '),
    version: versionOf(program, ['--version'])?.replace('git version ', ''),
    canShallow: true,
    canPush: true,
    canCloneEmpty: true,
    clone: async (url, folder, depth) => {
      await git('.', 'clone', '-q', ...(depth ? [`--depth=${depth}`] : []), url, folder);
    },
    fetch: async (folder) => void (await git(folder, 'fetch', '-q', 'origin')),
    push: async (folder, branch) => {
      writeFileSync(path.join(folder, branch), 'by git\n');
      await git(folder, 'add', branch);
      await git(folder, 'commit', '-q', '-m', 'By git');
      await git(folder, 'push', '-q', 'origin', `HEAD:refs/heads/${branch}`);
      return git(folder, 'rev-parse', 'HEAD');
    },
    tag: async (folder, name) => {
      await git(folder, 'tag', '-a', '-m', 'By git', name);
      await git(folder, 'push', '-q', 'origin', name);
    },
  };
}

/** @param keyFile the private key of a client that speaks SSH */
type DrivenClientMaker = (keyFile?: string) => GitClient;

/** A program of this folder that takes the verbs as its arguments. */
function drivenClient(name: string, command: readonly string[], keyFile = ''): GitClient {
  const [program = '', ...first] = command;
  let address = '';
  const call = async (...args: string[]) => {
    const env = { ...ENVIRONMENT, CLIENT_URL: address, CLIENT_KEY: keyFile };
    return (await run(program, [...first, ...args], { env, timeout: 60_000 })).stdout.trim();
  };
  return {
    name,
    version: versionOf(program, [...first, 'version'], { CLIENT_KEY: keyFile }),
    canShallow: true,
    canPush: true,
    canCloneEmpty: false,
    clone: async (url, folder, depth) => {
      address = url;
      await call('clone', url, folder, ...(depth ? [String(depth)] : []));
    },
    fetch: async (folder) => void (await call('fetch', folder)),
    push: (folder, branch) => call('push', folder, branch),
    tag: async (folder, tagName) => void (await call('tag', folder, tagName)),
  };
}

/** Debian's Python first: its packages are those that .ci/run installs. */
const PYTHON = process.env['CLIENT_PYTHON'] ?? (existsSync('/usr/bin/python3') ? '/usr/bin/python3' : 'python3');

export const dulwichClient: DrivenClientMaker = (keyFile) =>
  drivenClient('dulwich', [PYTHON, path.join(FOLDER, 'dulwich_client.py')], keyFile);

export const libgit2Client: DrivenClientMaker = (keyFile) => {
  const client = drivenClient('libgit2', [PYTHON, path.join(FOLDER, 'pygit2_client.py')], keyFile);
  // Since 1.7.
  return { ...client, canCloneEmpty: true, canShallow: Number(client.version?.split('.')[1] ?? 0) >= 7 };
};

/** Built by `tests/clients/build-clients.sh`. */
export const goGitClient: DrivenClientMaker = (keyFile) =>
  drivenClient('go-git', [process.env['CLIENT_GO_GIT'] ?? 'go-git-client'], keyFile);

/** Built by `tests/clients/build-clients.sh` too. */
export function gitoxideClient(): GitClient {
  const client = drivenClient('gitoxide', [process.env['CLIENT_GITOXIDE'] ?? 'gitoxide-client']);
  return { ...client, canPush: false, canCloneEmpty: true };
}

/** From Debian's packages: libjgit-java, libslf4j-java and a JDK; another version from a folder of jars. */
export function jgitClient(): GitClient {
  const debian = ['org.eclipse.jgit', 'slf4j-api', 'slf4j-nop', 'jsch', 'javaewah'].map(
    (name) => `/usr/share/java/${name}.jar`,
  );
  const jars = process.env['CLIENT_JGIT'] === undefined ? debian : [path.join(process.env['CLIENT_JGIT'], '*')];
  const command = ['java', '-cp', jars.join(':'), path.join(FOLDER, 'JgitClient.java')];
  const client = drivenClient('JGit', command);
  return { ...client, canShallow: Number(client.version?.split('.')[0] ?? 0) >= 7, canCloneEmpty: true };
}

function versionOf(program: string, args: readonly string[], more: NodeJS.ProcessEnv = {}): string | undefined {
  const { status, stdout } = spawnSync(program, args, { env: { ...ENVIRONMENT, ...more }, encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}
