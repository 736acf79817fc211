/** The REST API in this process, beside git's door: real accounts, engine and HTTP server over a fresh database. */
import { execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import { Octokit } from '@octokit/rest';
import pino from 'pino';
import { createApi } from '#api/dispatch.ts';
import { API_PREFIX } from '#api/hypermedia.ts';
import { RouteRegistry } from '#api/registry.ts';
import { ROUTES } from '#api/routes.ts';
import { RateLimiter } from '#auth/rate-limit.ts';
import type { Scope } from '#auth/scope.ts';
import { HttpServer } from '#http/http-server.ts';
import { LfsObjects } from '#lfs/lfs-objects.ts';
import { PackedRepositoryEngine } from '#repository/packed-repository-engine.ts';
import { PushLog } from '#repository/push-log.ts';
import { PushNonces } from '#repository/push-nonces.ts';
import type { BlobStore } from '#storage/blob-store.ts';
import { MemoryBlobStore } from '#storage/memory-blob-store.ts';
import { RefListings } from '#transport/git/ref-listings.ts';
import { createArchiveRoute } from '#transport/http/archive-route.ts';
import { createRawFileRoute } from '#transport/http/raw-file-route.ts';
import { createSmartHttp } from '#transport/http/smart-http.ts';
import type { GeneratedRepository } from '../differential/generated-repository.ts';
import { createTestAccounts, createTestUser, type TestAccounts } from './accounts.ts';
import { createTestAdmission } from './admission.ts';
import { pushIntoEngine } from './engine-push.ts';
import { collectRun, GIT_ENVIRONMENT, type GitRun } from './git-run.ts';
import { findFreePort } from './server-process.ts';
import { storedFileServices } from './stored-file-services.ts';

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed; undefined when there is none, text when it is not JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: tests look into bodies of every shape
  readonly body: any;
}

export interface ApiRequest {
  readonly token?: string | undefined;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
}

const registry = new RouteRegistry(ROUTES);

export class RestForge {
  readonly origin: string;
  readonly accounts: TestAccounts;
  readonly #engine: PackedRepositoryEngine;
  readonly #server: HttpServer;

  static async start(log = pino({ level: 'error' }), blobs: BlobStore = new MemoryBlobStore()): Promise<RestForge> {
    const accounts = await createTestAccounts({ rateLimits: 'off' });
    const engine = new PackedRepositoryEngine({ db: accounts.database, blobs, threadCount: 1 });
    const port = await findFreePort();
    const publicUrl = new URL(`http://localhost:${port}`);
    const { authenticator, catalog, directory, workflows, tokens, sshKeys, cache } = accounts;
    const site = { version: '0.1.0', publicUrl, sshPort: undefined };
    const services = {
      authenticator,
      catalog,
      tokens,
      sshKeys,
      engine,
      site,
      admission: createTestAdmission(),
      pushNonces: new PushNonces(accounts.database.sql),
      pushLog: new PushLog(accounts.database.sql),
      refListings: new RefListings(),
      accounts: directory,
      ...storedFileServices(accounts.database, blobs, publicUrl),
    };
    const rateLimiter = new RateLimiter(cache, 'off');
    const api = createApi({ ...services, accountWorkflows: workflows, rateLimiter });
    const server = new HttpServer({
      publicUrl,
      trustedProxies: [],
      log,
      routes: [
        api,
        createSmartHttp(services),
        createRawFileRoute({ ...services, lfsObjects: new LfsObjects(accounts.database, blobs) }),
        createArchiveRoute(services),
      ],
    });
    await server.listen(port, '127.0.0.1');
    return new RestForge(publicUrl.origin, accounts, engine, server);
  }

  private constructor(origin: string, accounts: TestAccounts, engine: PackedRepositoryEngine, server: HttpServer) {
    this.origin = origin;
    this.accounts = accounts;
    this.#engine = engine;
    this.#server = server;
  }

  get port(): number {
    return Number(new URL(this.origin).port);
  }

  get api(): string {
    return `${this.origin}${API_PREFIX}`;
  }

  /** Makes a user and a token. @returns the token */
  async createUser(login: string, scopes: readonly Scope[], options: { siteAdmin?: boolean } = {}): Promise<string> {
    const user = await createTestUser(this.accounts.workflows, login, options);
    return this.issueToken(user.userId, scopes);
  }

  async issueToken(userId: number, scopes: readonly Scope[]): Promise<string> {
    const outcome = await this.accounts.tokens.issue({ userId, scopes, note: 'test' });
    if (outcome.kind !== 'issued') throw new Error(`issue token: ${outcome.kind}`);
    return outcome.secret;
  }

  /** Pushes all that a generated repository holds. */
  async fill(repositoryId: number, { model, refs }: GeneratedRepository): Promise<void> {
    const commands = [...refs].map(([name, newId]) => ({ name, oldId: model.zeroId, newId }));
    const pack = model.pack(model.closure(refs.values()));
    await pushIntoEngine(this.#engine, { repositoryId, commands, pack });
  }

  octokit(token?: string): Octokit {
    return new Octokit({ baseUrl: this.api, ...(token && { auth: token }), log: silent });
  }

  /** Sends one request; a successful answer must be of the shape that its route declares, with nothing missing or added. */
  async call(place: string, request: ApiRequest = {}): Promise<ApiAnswer> {
    const [method = 'GET', path = '/'] = place.split(' ');
    const response = await fetch(this.api + path, {
      method,
      headers: { ...request.headers, ...(request.token && { Authorization: `token ${request.token}` }) },
      ...(request.body !== undefined && { body: JSON.stringify(request.body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.startsWith('application/json') && text !== '';
    const body = isJson ? JSON.parse(text) : text || undefined;
    if (response.ok && isJson) requireShape(method, path, body);
    return { status: response.status, headers: response.headers, body };
  }

  /** Runs git, whatever its exit status. */
  git(cwd: string, args: readonly string[]): Promise<GitRun> {
    const env = { ...process.env, ...GIT_ENVIRONMENT };
    return collectRun(spawn('git', args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] }));
  }

  async push(directory: string, repository: string, token: string): Promise<void> {
    const url = `${this.origin.replace('//', `//x-access-token:${token}@`)}/${repository}.git`;
    await promisify(execFile)('git', ['push', '-q', url, 'refs/*:refs/*'], { cwd: directory });
  }

  async close(): Promise<void> {
    await this.#server.stop(0, AbortSignal.abort());
    await this.#engine.close();
    await this.accounts.close();
  }
}

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** @throws {Error} for what the route that answered does not declare */
export function requireShape(method: string, path: string, body: unknown): void {
  const route = registry.find(method, path.replace(/\?.*$/s, ''))?.route;
  if (!route) throw new Error(`${method} ${path} was answered by no route`);
  const parsed = route.response.parse(body);
  const [declared, sent] = [JSON.stringify(parsed), JSON.stringify(body)];
  if (declared.length !== sent.length) throw new Error(`${route.operationId} sends what it does not declare: ${sent}`);
}
