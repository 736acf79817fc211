/** Git's doors in this process: real accounts, engine and HTTP server over a fresh database, with packs in memory. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import pino, { type Logger } from 'pino';
import type { UserPrincipal } from '#auth/principal.ts';
import { HttpServer } from '#http/http-server.ts';
import type { RawRoute } from '#http/raw-route.ts';
import { LfsObjects } from '#lfs/lfs-objects.ts';
import type { Admission } from '#repository/admission.ts';
import { type EngineOptions, PackedRepositoryEngine } from '#repository/packed-repository-engine.ts';
import { PushNonces } from '#repository/push-nonces.ts';
import type { RepositoryRecord } from '#repository/repository-record.ts';
import { MemoryBlobStore } from '#storage/memory-blob-store.ts';
import { RefListings } from '#transport/git/ref-listings.ts';
import type { GitServices } from '#transport/git-services.ts';
import { createArchiveRoute } from '#transport/http/archive-route.ts';
import { gitMethodsAt } from '#transport/http/git-path.ts';
import { createRawFileRoute } from '#transport/http/raw-file-route.ts';
import { createSmartHttp } from '#transport/http/smart-http.ts';
import { createStoredFileRoute } from '#transport/http/stored-file-route.ts';
import { createTestAccounts, createTestUser, PASSWORD, type TestAccounts } from './accounts.ts';
import { createTestAdmission } from './admission.ts';
import { collectRun, GIT_ENVIRONMENT, type GitRun } from './git-run.ts';
import { findFreePort } from './server-process.ts';
import { storedFileServices } from './stored-file-services.ts';

export class GitForge {
  readonly port: number;
  readonly accounts: TestAccounts;
  readonly blobs: MemoryBlobStore;
  readonly engine: PackedRepositoryEngine;
  readonly owner: UserPrincipal;
  readonly services: GitServices;
  /** For clones and other files; gone when the forge closes. */
  readonly folder = mkdtempSync(path.join(tmpdir(), 'git-forge-'));
  readonly #server: HttpServer;

  /**
   * @param wrapEngine replaces the engine that the transport sees, to make it fail or wait
   * @param admission of heavy work; there is room for all of it by default
   * @param sha1 how the engine looks for collision attacks
   */
  static async start(
    wrapEngine: (engine: PackedRepositoryEngine) => GitServices['engine'] = (engine) => engine,
    admission: Admission = createTestAdmission(),
    sha1: EngineOptions['sha1'] = 'dc',
    {
      blobs = new MemoryBlobStore(),
      log = pino({ level: 'silent' }),
      historyCommitsMin,
    }: { blobs?: MemoryBlobStore; log?: Logger; historyCommitsMin?: number } = {},
  ) {
    const accounts = await createTestAccounts({ rateLimits: 'off' });
    const engine = new PackedRepositoryEngine({
      db: accounts.database,
      blobs,
      threadCount: 1,
      sha1,
      ...(historyCommitsMin !== undefined && { historyCommitsMin }),
    });
    const { authenticator, catalog, directory } = accounts;
    const site = { version: '0.1.0' };
    const port = await findFreePort();
    const publicUrl = new URL(`http://localhost:${port}`);
    const storedFiles = storedFileServices(accounts.database, blobs, publicUrl);
    const own = { engine: wrapEngine(engine), authenticator, catalog, accounts: directory, site, admission };
    const said = { pushNonces: new PushNonces(accounts.database.sql), refListings: new RefListings() };
    const services = { ...own, ...storedFiles, ...said };
    const server = new HttpServer({
      publicUrl,
      trustedProxies: [],
      log,
      allowedMethods: gitMethodsAt,
      routes: [
        createSmartHttp(services),
        createRawFileRoute({ ...services, lfsObjects: new LfsObjects(accounts.database, blobs) }),
        createArchiveRoute(services),
        createStoredFileRoute({ blobs, ...storedFiles }),
        answerNothing,
      ],
    });
    await server.listen(port, '127.0.0.1');
    const owner = await createTestUser(accounts.workflows, 'ada');
    return new GitForge(port, server, accounts, blobs, engine, owner, services);
  }

  private constructor(
    port: number,
    server: HttpServer,
    accounts: TestAccounts,
    blobs: MemoryBlobStore,
    engine: PackedRepositoryEngine,
    owner: UserPrincipal,
    services: GitServices,
  ) {
    this.port = port;
    this.#server = server;
    this.accounts = accounts;
    this.blobs = blobs;
    this.engine = engine;
    this.owner = owner;
    this.services = services;
  }

  get authorization(): string {
    return `Basic ${Buffer.from(`ada:${PASSWORD}`).toString('base64')}`;
  }

  /** A repository's address, with credentials when a login is given. */
  url(name: string, login?: string): string {
    return `http://${login ? `${login}:${encodeURIComponent(PASSWORD)}@` : ''}localhost:${this.port}/ada/${name}.git`;
  }

  async createRepository(
    name: string,
    options: { visibility?: 'public' | 'private'; objectFormat?: 'sha1' | 'sha256' } = {},
  ): Promise<RepositoryRecord> {
    const request = { ownerId: this.owner.userId, name, visibility: 'public' as const, ...options };
    const outcome = await this.accounts.catalog.create(this.owner, request);
    if (outcome.kind !== 'created') throw new Error(`create repository ${name}: ${outcome.kind}`);
    return outcome.repository;
  }

  /** Runs git, whatever its exit status; not synchronously, for the server is in this process. */
  async git(
    cwd: string,
    args: readonly string[],
    options: { version?: 0 | 1 | 2; env?: NodeJS.ProcessEnv } = {},
  ): Promise<GitRun> {
    const protocol = options.version === undefined ? [] : ['-c', `protocol.version=${options.version}`];
    const env = { ...process.env, ...GIT_ENVIRONMENT, ...options.env };
    return collectRun(spawn('git', [...protocol, ...args], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] }));
  }

  async close(): Promise<void> {
    await this.#server.stop(0, AbortSignal.abort());
    await this.engine.close();
    await this.accounts.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Stands for the pages. */
const answerNothing: RawRoute = async (_request, response) => {
  response.writeHead(418).end();
  return true;
};
