/** A forge with Git LFS in this process, over the store that a test gives it; and git with git-lfs as its clients. */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pino from 'pino';
import { LfsTokens } from '#auth/lfs-token.ts';
import type { UserPrincipal } from '#auth/principal.ts';
import { HttpServer } from '#http/http-server.ts';
import { LfsLocks } from '#lfs/lfs-locks.ts';
import { LfsObjects } from '#lfs/lfs-objects.ts';
import { PackedRepositoryEngine } from '#repository/packed-repository-engine.ts';
import { PushNonces } from '#repository/push-nonces.ts';
import type { RepositoryRecord } from '#repository/repository-record.ts';
import type { BlobStore } from '#storage/blob-store.ts';
import { RefListings } from '#transport/git/ref-listings.ts';
import type { GitServices } from '#transport/git-services.ts';
import { createRawFileRoute } from '#transport/http/raw-file-route.ts';
import { createSmartHttp } from '#transport/http/smart-http.ts';
import { createStoredFileRoute } from '#transport/http/stored-file-route.ts';
import { createLfsRoute } from '#transport/lfs/lfs-route.ts';
import { createTestAccounts, createTestUser, PASSWORD, type TestAccounts } from './accounts.ts';
import { createTestAdmission } from './admission.ts';
import { collectRun, type GitRun } from './git-run.ts';
import { findGoProgram } from './go-program.ts';
import { findFreePort, findProgram } from './server-process.ts';
import { storedFileServices } from './stored-file-services.ts';

export const LFS_VERSION = 'v3.8.1';
export const LFS_JSON = 'application/vnd.git-lfs+json';

export class LfsForge {
  readonly port: number;
  readonly accounts: TestAccounts;
  readonly blobs: BlobStore;
  readonly objects: LfsObjects;
  readonly services: GitServices;
  readonly owner: UserPrincipal;
  /** For clones and other files; gone when the forge closes. */
  readonly folder = mkdtempSync(path.join(tmpdir(), 'lfs-forge-'));
  readonly #server: HttpServer;
  readonly #engine: PackedRepositoryEngine;
  readonly #sockets: ReadonlySet<Socket>;

  static async start(blobs: BlobStore, log = pino({ level: 'silent' })): Promise<LfsForge> {
    const port = await findFreePort();
    const publicUrl = new URL(`http://localhost:${port}`);
    const accounts = await createTestAccounts({ rateLimits: 'off', publicUrl: publicUrl.origin });
    const engine = new PackedRepositoryEngine({ db: accounts.database, blobs, threadCount: 1 });
    const services = {
      engine,
      authenticator: accounts.authenticator,
      catalog: accounts.catalog,
      accounts: accounts.directory,
      lfsTokens: new LfsTokens(accounts.database.sql),
      lfsObjects: new LfsObjects(accounts.database, blobs),
      lfsLocks: new LfsLocks(accounts.database),
      site: { version: '0.1.0', publicUrl },
      admission: createTestAdmission(),
      pushNonces: new PushNonces(accounts.database.sql),
      refListings: new RefListings(),
      ...storedFileServices(accounts.database, blobs, publicUrl),
    };
    const sockets = new Set<Socket>();
    const server = new HttpServer({
      publicUrl,
      trustedProxies: [],
      log,
      routes: [
        async (request: IncomingMessage) => {
          sockets.add(request.socket);
          return false;
        },
        createLfsRoute(services),
        createSmartHttp(services),
        createRawFileRoute(services),
        createStoredFileRoute({ blobs, storedFiles: services.storedFiles }),
      ],
    });
    await server.listen(port, '127.0.0.1');
    const owner = await createTestUser(accounts.workflows, 'ada');
    return new LfsForge({
      port,
      accounts,
      blobs,
      objects: services.lfsObjects,
      services,
      owner,
      server,
      engine,
      sockets,
    });
  }

  private constructor(parts: {
    port: number;
    accounts: TestAccounts;
    blobs: BlobStore;
    objects: LfsObjects;
    services: GitServices;
    owner: UserPrincipal;
    server: HttpServer;
    engine: PackedRepositoryEngine;
    sockets: ReadonlySet<Socket>;
  }) {
    this.port = parts.port;
    this.accounts = parts.accounts;
    this.blobs = parts.blobs;
    this.objects = parts.objects;
    this.services = parts.services;
    this.owner = parts.owner;
    this.#server = parts.server;
    this.#engine = parts.engine;
    this.#sockets = parts.sockets;
  }

  /** Bytes that went over the server's connections so far, both ways. */
  get wireBytes(): number {
    return [...this.#sockets].reduce((sum, { bytesRead, bytesWritten }) => sum + bytesRead + bytesWritten, 0);
  }

  /** A repository's address, with credentials when a login is given. */
  url(name: string, login?: string): string {
    return `http://${login ? `${login}:${encodeURIComponent(PASSWORD)}@` : ''}localhost:${this.port}/ada/${name}.git`;
  }

  async createRepository(name: string, visibility: 'public' | 'private' = 'public'): Promise<RepositoryRecord> {
    const outcome = await this.accounts.catalog.create(this.owner, { ownerId: this.owner.userId, name, visibility });
    if (outcome.kind !== 'created') throw new Error(`create repository ${name}: ${outcome.kind}`);
    return outcome.repository;
  }

  /** Sends a request of the LFS API. @param resource what follows `info/lfs/` */
  async api(
    name: string,
    resource: string,
    body?: unknown,
    options: { login?: string; authorization?: string; method?: string; headers?: Record<string, string> } = {},
  ): Promise<{ status: number; headers: Headers; body: Answer }> {
    const { login, authorization = login && basic(login), method = body === undefined ? 'GET' : 'POST' } = options;
    const answer = await fetch(`${this.url(name)}/info/lfs/${resource}`, {
      method,
      headers: {
        Accept: LFS_JSON,
        ...(body !== undefined && { 'Content-Type': LFS_JSON }),
        ...(authorization && { Authorization: authorization }),
        ...options.headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return { status: answer.status, headers: answer.headers, body: text === '' ? undefined : JSON.parse(text) };
  }

  async close(): Promise<void> {
    await this.#server.stop(0, AbortSignal.abort());
    await this.#engine.close();
    await this.accounts.close();
    await this.blobs.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Whatever the tests look for in an answer. */
// biome-ignore lint/suspicious/noExplicitAny: the tests are what checks it
type Answer = any;

export function basic(login: string, password = PASSWORD): string {
  return `Basic ${Buffer.from(`${login}:${password}`).toString('base64')}`;
}

/** git with one version of git-lfs, set up as `git lfs install` does it, and nothing of the machine's own configuration. */
export class LfsClient {
  readonly name: string;
  readonly #environment: NodeJS.ProcessEnv;

  /** @param program git-lfs */
  constructor(name: string, program: string, folder: string) {
    this.name = name;
    const home = mkdtempSync(path.join(folder, 'home-'));
    mkdirSync(path.join(home, 'bin'));
    symlinkSync(program, path.join(home, 'bin/git-lfs'));
    writeFileSync(path.join(home, '.gitconfig'), CONFIGURATION);
    this.#environment = {
      PATH: `${path.join(home, 'bin')}:${process.env['PATH']}`,
      HOME: home,
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_TERMINAL_PROMPT: '0',
      LC_ALL: 'C',
    };
  }

  /** Runs git, whatever its exit status; not synchronously, for the server is in this process. */
  async run(cwd: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<GitRun> {
    return runProgram('git', args, cwd, { ...this.#environment, ...environment });
  }

  /** @throws when git fails, with what it wrote */
  async git(cwd: string, ...args: string[]): Promise<string> {
    const { status, stdout, stderr } = await this.run(cwd, args);
    if (status !== 0) throw new Error(`git ${args.join(' ')}: exit ${status}\n${stdout}${stderr}`);
    return stdout + stderr;
  }
}

const CONFIGURATION = `[user]
  name = Ada Lovelace
  email = ada@example.com
[init]
  defaultBranch = main
[filter "lfs"]
  clean = git-lfs clean -- %f
  smudge = git-lfs smudge -- %f
  process = git-lfs filter-process
  required = true
[lfs]
  locksverify = true
`;

export function runProgram(
  program: string,
  args: readonly string[],
  cwd: string,
  env: NodeJS.ProcessEnv,
): Promise<GitRun> {
  return collectRun(spawn(program, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] }));
}

/** The git-lfs of the machine, and the newest. What cannot be had is not among them. */
export function findLfsPrograms(): { readonly name: string; readonly program: string }[] {
  const packaged = ['/usr/bin/git-lfs'].find((place) => existsSync(place)) ?? findProgram('git-lfs');
  const newest = findGoProgram('git-lfs', `github.com/git-lfs/git-lfs/v3@${LFS_VERSION}`);
  if (packaged === undefined && process.env['REQUIRE_SERVICES'] === '1') throw new Error('git-lfs is not installed.');
  return [
    ...(packaged === undefined ? [] : [{ name: 'the packaged git-lfs', program: packaged }]),
    ...(newest === undefined ? [] : [{ name: `git-lfs ${LFS_VERSION}`, program: newest }]),
  ];
}
