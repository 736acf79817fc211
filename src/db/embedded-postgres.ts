/**
 * A real Postgres of our own, from the binaries that npm carries: what `npm start` uses when no DATABASE_URL is set, and what
 * the tests run on. It listens on a loopback port of its own choosing and ends with the process that started it, on Linux
 * also when that is killed outright. Its data folder is an ordinary cluster: an abrupt end costs a recovery, no data.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { claimFolder, type FolderClaim } from './folder-claim.ts';
import { choosePostgresLauncher, type PostgresLauncher } from './postgres-launcher.ts';

const DATABASE = 'opencodehub';
const START_TIMEOUT_MS = 60_000;
/** A fast shutdown writes a checkpoint; past this time the server is told to stop without one. */
const STOP_TIMEOUT_MS = 30_000;
const POLL_INTERVAL_MS = 15;
/** Another program may take the port between the moment it was found free and Postgres binding it. */
const PORT_ATTEMPTS_MAX = 3;

export interface EmbeddedPostgresOptions {
  /** Receives each line that Postgres writes to its log. */
  readonly onLogLine?: (line: string) => void;
  /** Settings for `postgres -c`, such as `fsync: 'off'` in tests. */
  readonly settings?: Readonly<Record<string, string>>;
}

export class EmbeddedPostgresError extends Error {
  override readonly name = 'EmbeddedPostgresError';
  readonly code = 'EMBEDDED_POSTGRES';
}

export class EmbeddedPostgres {
  /** Connects as the owner of the database. Holds the password. */
  readonly url: string;
  /** Resolves with a reason when the server ends without `stop` having been called. */
  readonly crashed: Promise<string>;
  readonly #process: ChildProcess;
  readonly #claim: FolderClaim;
  #stopping = false;

  /**
   * Starts the server on `folder`, which is made and initialised when missing. A server that an earlier process of ours left
   * behind is stopped first.
   *
   * @throws {FolderInUseError} another living process of ours owns the folder
   * @throws {EmbeddedPostgresError} no binaries for this platform, or the server did not come up; the message holds its log
   */
  static async start(folder: string, options: EmbeddedPostgresOptions = {}): Promise<EmbeddedPostgres> {
    const nativeFolder = locateBinaries();
    const claim = await claimFolder(folder);
    try {
      const launcher = choosePostgresLauncher();
      const dataFolder = path.join(folder, 'data');
      await stopOrphan(dataFolder);
      const password = readPassword(path.join(folder, 'password'));
      if (!existsSync(dataFolder)) initialise(nativeFolder, launcher, dataFolder, path.join(folder, 'password'));
      giveFolder(folder, launcher);
      const { child, port } = await startOnFreePort(nativeFolder, launcher, dataFolder, options);
      return new EmbeddedPostgres(child, claim, `postgres://${DATABASE}:${password}@127.0.0.1:${port}/${DATABASE}`);
    } catch (error) {
      await claim.release();
      throw error;
    }
  }

  private constructor(child: ChildProcess, claim: FolderClaim, url: string) {
    this.url = url;
    this.#process = child;
    this.#claim = claim;
    this.crashed = new Promise((resolve) => {
      child.once('exit', (code, signal) => {
        if (!this.#stopping) resolve(signal === null ? `exit code ${code}` : `signal ${signal}`);
      });
    });
  }

  /** Ends the server: open transactions are rolled back, everything committed is on disk. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await stopProcess(this.#process);
    await this.#claim.release();
  }
}

/** The folder with `bin/` and `lib/` of the package for this platform. */
function locateBinaries(): string {
  const platform = `${process.platform}-${process.arch}`;
  try {
    const entry = createRequire(import.meta.url).resolve(`@embedded-postgres/${platform}`);
    return path.join(path.dirname(entry), '../native');
  } catch (cause) {
    throw new EmbeddedPostgresError(
      `There is no packaged Postgres for ${platform} here. Set DATABASE_URL to a Postgres 15 or newer.`,
      { cause },
    );
  }
}

function readPassword(file: string): string {
  if (!existsSync(file)) writeFileSync(file, randomBytes(24).toString('base64url'), { mode: 0o600 });
  return readFileSync(file, 'utf8');
}

/** Makes a cluster with one database. It gets its name last, so a folder called `data` is always complete. */
function initialise(nativeFolder: string, launcher: PostgresLauncher, dataFolder: string, passwordFile: string): void {
  const partialFolder = `${dataFolder}.partial`;
  rmSync(partialFolder, { recursive: true, force: true });
  mkdirSync(partialFolder, { mode: 0o700 });
  giveFolder(path.dirname(partialFolder), launcher);
  runOnce(nativeFolder, launcher, 'initdb', [
    `--pgdata=${partialFolder}`,
    `--username=${DATABASE}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
  ]);
  runOnce(
    nativeFolder,
    launcher,
    'postgres',
    ['--single', '-D', partialFolder, 'postgres'],
    `create database ${DATABASE}\n`,
  );
  renameSync(partialFolder, dataFolder);
}

function runOnce(nativeFolder: string, launcher: PostgresLauncher, program: string, args: string[], input = ''): void {
  const [command = '', ...commandArgs] = [...launcher.prefix, path.join(nativeFolder, 'bin', program), ...args];
  try {
    execFileSync(command, commandArgs, { ...launcher.credentials, input, stdio: ['pipe', 'ignore', 'pipe'] });
  } catch (cause) {
    const { stderr } = cause as { stderr?: Buffer };
    throw new EmbeddedPostgresError(`run ${program}: ${stderr?.toString().trim() || String(cause)}`, { cause });
  }
}

async function startOnFreePort(
  nativeFolder: string,
  launcher: PostgresLauncher,
  dataFolder: string,
  options: EmbeddedPostgresOptions,
): Promise<{ child: ChildProcess; port: number }> {
  for (let attempt = 1; ; attempt++) {
    const port = await findFreePort();
    const lines: string[] = [];
    const child = spawnPostgres(nativeFolder, launcher, dataFolder, { ...options.settings, port: String(port) });
    readLines(child, (line) => {
      lines.push(line);
      if (lines.length > 50) lines.shift();
      options.onLogLine?.(line);
    });
    const outcome = await awaitReady(child, dataFolder);
    if (outcome === 'ready') return { child, port };
    await stopProcess(child);
    const portTaken = lines.some((line) => line.includes('could not bind'));
    if (!portTaken || attempt === PORT_ATTEMPTS_MAX) {
      throw new EmbeddedPostgresError(`start postgres on ${dataFolder}: ${outcome}\n${lines.join('\n')}`);
    }
  }
}

function spawnPostgres(
  nativeFolder: string,
  launcher: PostgresLauncher,
  dataFolder: string,
  settings: Readonly<Record<string, string>>,
): ChildProcess {
  const all = { listen_addresses: '127.0.0.1', unix_socket_directories: '', max_connections: '200', ...settings };
  const flags = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const [command = '', ...args] = [
    ...launcher.prefix,
    path.join(nativeFolder, 'bin/postgres'),
    '-D',
    dataFolder,
    ...flags,
  ];
  // A process group of its own: Ctrl-C in the terminal must reach us first, so that running requests can still finish.
  return spawn(command, args, { ...launcher.credentials, detached: true, stdio: ['ignore', 'ignore', 'pipe'] });
}

function readLines(child: ChildProcess, onLine: (line: string) => void): void {
  let rest = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  });
}

/** Waits for the word that Postgres itself writes into the last line of postmaster.pid. */
async function awaitReady(child: ChildProcess, dataFolder: string): Promise<'ready' | 'it ended' | 'it took too long'> {
  let ended = false;
  child.once('error', () => {
    ended = true;
  });
  for (let waitedMs = 0; waitedMs < START_TIMEOUT_MS; waitedMs += POLL_INTERVAL_MS) {
    if (ended || child.exitCode !== null || child.signalCode !== null) return 'it ended';
    const status = readPostmasterFile(dataFolder);
    if (status?.pid === child.pid && status?.state === 'ready') return 'ready';
    await sleep(POLL_INTERVAL_MS);
  }
  return 'it took too long';
}

/** postmaster.pid: line 1 the process id (its own, which a user namespace does not change), line 8 the state. */
function readPostmasterFile(dataFolder: string): { pid: number; state: string } | undefined {
  const file = path.join(dataFolder, 'postmaster.pid');
  if (!existsSync(file)) return undefined;
  const lines = readFileSync(file, 'utf8').split('\n');
  return { pid: Number(lines[0]), state: lines[7]?.trim() ?? '' };
}

/** Stops a server that outlived its owner (the folder is ours by now), so that the new one can have the data. */
async function stopOrphan(dataFolder: string): Promise<void> {
  const pid = readPostmasterFile(dataFolder)?.pid;
  if (pid === undefined || !isPostgresOf(pid, dataFolder)) return;
  process.kill(pid, 'SIGINT');
  for (let waitedMs = 0; waitedMs < STOP_TIMEOUT_MS; waitedMs += POLL_INTERVAL_MS) {
    if (!isPostgresOf(pid, dataFolder)) return;
    await sleep(POLL_INTERVAL_MS);
  }
  throw new EmbeddedPostgresError(
    `stop the Postgres that an earlier server left on ${dataFolder}: process ${pid} does not end`,
  );
}

function isPostgresOf(pid: number, dataFolder: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(dataFolder);
  } catch {
    return false;
  }
}

async function stopProcess(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGINT');
  const timer = setTimeout(() => child.kill('SIGQUIT'), STOP_TIMEOUT_MS);
  await exited;
  clearTimeout(timer);
}

/** Hands the folder to the user that Postgres will run as, where that is another. */
function giveFolder(folder: string, launcher: PostgresLauncher): void {
  const { uid, gid } = launcher.credentials;
  if (uid === undefined || gid === undefined) return;
  chmodSync(folder, 0o700);
  chownSync(folder, uid, gid);
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isSymbolicLink()) chownSync(path.join(entry.parentPath, entry.name), uid, gid);
  }
}

async function findFreePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  if (address === null || typeof address === 'string')
    throw new EmbeddedPostgresError('find a free port: none was given');
  return address.port;
}
