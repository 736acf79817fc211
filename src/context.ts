/**
 * The composition root: builds the application from its settings. The one place that names concrete adapters; everything
 * else receives interfaces.
 */
import type { IncomingMessage } from 'node:http';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { PushNonces } from '#repository/push-nonces.ts';
import packageJson from '../package.json' with { type: 'json' };
import { AccountDirectory } from './account/account-directory.ts';
import { bindAccountWorkflows } from './account/account-workflows.ts';
import { prepareSetup, type SetupState } from './account/first-administrator.ts';
import type { InvalidField } from './account/invalid-field.ts';
import { createApi } from './api/dispatch.ts';
import { AccessTokenStore } from './auth/access-token-store.ts';
import { Authenticator } from './auth/authenticate.ts';
import { LfsTokens } from './auth/lfs-token.ts';
import { NetworkList } from './auth/network-list.ts';
import { decideAccess } from './auth/policy.ts';
import { ANONYMOUS, type Principal } from './auth/principal.ts';
import { RateLimiter } from './auth/rate-limit.ts';
import { Sessions } from './auth/session.ts';
import { SignIn } from './auth/sign-in.ts';
import { SshKeyStore } from './auth/ssh-key-store.ts';
import { createPageReader } from './browse/page-reader.ts';
import type { Bus } from './bus/bus.ts';
import type { Cache } from './bus/cache.ts';
import { MemoryBus } from './bus/memory-bus.ts';
import { MemoryCache } from './bus/memory-cache.ts';
import { RedisBus } from './bus/redis-bus.ts';
import { RedisCache } from './bus/redis-cache.ts';
import { type Config, ConfigError, type SshConfig } from './config.ts';
import { connectDatabase, type Database } from './db/client.ts';
import { EmbeddedPostgres } from './db/embedded-postgres.ts';
import { migrate } from './db/migrator.ts';
import { readOrMakeSetting } from './db/shared-setting.ts';
import type { Dependency } from './http/health.ts';
import type { PageServices } from './http/page-locals.ts';
import type { RawRoute } from './http/raw-route.ts';
import type { JobHandler } from './jobs/job-handler.ts';
import { JobRunner } from './jobs/job-runner.ts';
import { OutboxRelay } from './jobs/outbox-relay.ts';
import { listenForWork } from './jobs/work-listener.ts';
import { LfsLocks } from './lfs/lfs-locks.ts';
import { LfsObjects } from './lfs/lfs-objects.ts';
import { sweepLfsUploads } from './lfs/lfs-sweeper.ts';
import { limits } from './limits.ts';
import type { Log } from './log.ts';
import { Admission } from './repository/admission.ts';
import { maintainBundles } from './repository/bundle/bundle-maker.ts';
import { BundleOffers } from './repository/bundle/bundle-offers.ts';
import { sweepPacks } from './repository/pack-sweeper.ts';
import { PackedRepositoryEngine } from './repository/packed-repository-engine.ts';
import { PushLog } from './repository/push-log.ts';
import { RepositoryCatalog } from './repository/repository-catalog.ts';
import { StoredFileAddresses } from './repository/stored-file-address.ts';
import type { Services } from './services.ts';
import type { BlobStore } from './storage/blob-store.ts';
import { FilesystemBlobStore } from './storage/filesystem-blob-store.ts';
import { S3BlobStore } from './storage/s3-blob-store.ts';
import { RefListings } from './transport/git/ref-listings.ts';
import { createArchiveRoute } from './transport/http/archive-route.ts';
import { createRawFileRoute } from './transport/http/raw-file-route.ts';
import { createSmartHttp } from './transport/http/smart-http.ts';
import { createStoredFileRoute } from './transport/http/stored-file-route.ts';
import { createLfsRoute } from './transport/lfs/lfs-route.ts';
import type { SshServer } from './transport/ssh/ssh-server.ts';
import { TextRenderer } from './web/text/text-renderer.ts';

const SESSION_SWEEP_INTERVAL_MS = 3_600_000;
const PACK_SWEEP_INTERVAL_MS = 600_000;
const BUNDLE_MAINTENANCE_INTERVAL_MS = 600_000;
const LFS_SWEEP_INTERVAL_MS = 600_000;

export interface Context extends PageServices {
  /** In the order in which they are asked. */
  readonly rawRoutes: readonly RawRoute[];
  /** Undefined where git over SSH is off. Whoever starts it stops it. */
  readonly sshServer: SshServer | undefined;
  /** What `/readyz` asks. */
  readonly dependencies: readonly Dependency[];
  /** Whether the forge has an administrator, or how the first one is made. */
  readonly setup: Exclude<SetupState, InvalidField>;
  /** Resolves with a sentence when something that we cannot run without ended by itself. */
  readonly broken: Promise<string>;
  /** Ends what was built, the last first. */
  close(): Promise<void>;
}

/** Where the state of the forge lives. */
interface Stores {
  readonly database: Database;
  readonly blobs: BlobStore;
  readonly bus: Bus;
  readonly cache: Cache;
}

/** Things to close, in the reverse order of their opening. */
class ClosingStack {
  readonly #closers: (() => Promise<void>)[] = [];

  add<T extends { close(): Promise<void> }>(resource: T): T {
    this.#closers.push(() => resource.close());
    return resource;
  }

  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) await close();
  }
}

/** @throws whatever keeps a part from starting; what had started by then is ended again */
export async function createContext(config: Config, log: Log): Promise<Context> {
  const opened = new ClosingStack();
  try {
    return await build(config, log, opened);
  } catch (error) {
    await opened.close();
    throw error;
  }
}

async function build(config: Config, log: Log, opened: ClosingStack): Promise<Context> {
  const embedded = config.databaseUrl === undefined ? await startPostgres(config, log) : undefined;
  if (embedded !== undefined) opened.add({ close: () => embedded.stop() });
  const databaseUrl = config.databaseUrl ?? embedded?.url ?? '';
  const applied = await migrate(databaseUrl).catch((error) => rethrowNaming('DATABASE_URL', config.databaseUrl, error));
  if (applied.length > 0) log.info({ migrations: applied }, 'migrated the database');

  const stores = await openStores(config, databaseUrl, log, opened);
  const setup = await prepareSetup(stores.database, config.firstAdministrator);
  if (setup.kind === 'invalid')
    throw new ConfigError(`The administrator of the ADMIN settings cannot be: ${setup.reason}`);
  const services = createServices(config, stores, opened);
  opened.add(await startWork(stores, createJobHandlers(services, stores), log));
  return {
    services,
    authenticatePage: (request, { clientAddress }) => authenticatePage(services.authenticator, request, clientAddress),
    rawRoutes: createRawRoutes(services, stores),
    sshServer: config.ssh && (await createSshServer(config, config.ssh, services, stores.database, log)),
    dependencies: [
      { name: 'database', check: () => stores.database.check() },
      { name: 'store', check: () => stores.blobs.check() },
      { name: 'bus', check: () => stores.bus.check() },
      { name: 'cache', check: () => stores.cache.check() },
    ],
    setup,
    broken:
      embedded?.crashed.then((reason) => `the embedded Postgres ended: ${reason}`) ?? new Promise(() => undefined),
    close: () => opened.close(),
  };
}

/** A service that was named and cannot be reached or entered is a matter of that setting; other errors pass. */
function rethrowNaming(setting: string, value: string | undefined, error: unknown): never {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  // Of the connection; Postgres' own of class 28 (wrong password) and 3D000 (no such database).
  if (value === undefined || !/^(?:E[A-Z]+|CONNECT_TIMEOUT|28...|3D000)$/.test(code)) throw error;
  throw new ConfigError(`${setting} names a service that cannot be used: ${(error as Error).message}`, {
    cause: error,
  });
}

function startPostgres(config: Config, log: Log): Promise<EmbeddedPostgres> {
  const postgresLog = log.child({ part: 'postgres' });
  return EmbeddedPostgres.start(path.join(config.dataDir, 'postgres'), {
    onLogLine: (line) => postgresLog.debug(line),
  });
}

async function openStores(config: Config, databaseUrl: string, log: Log, opened: ClosingStack): Promise<Stores> {
  const database = opened.add(connectDatabase(databaseUrl));
  const blobs = opened.add(
    config.s3 === undefined
      ? await FilesystemBlobStore.open(path.join(config.dataDir, 'blobs'))
      : new S3BlobStore(config.s3),
  );
  const onError = (error: unknown) => log.warn({ err: error }, 'redis');
  const { redisUrl: url } = config;
  const bus = opened.add(url === undefined ? new MemoryBus({ onError }) : new RedisBus({ url, onError }));
  const cache = opened.add(url === undefined ? new MemoryCache() : new RedisCache({ url, onError }));
  return { database, blobs, bus, cache };
}

function createServices(config: Config, stores: Stores, opened: ClosingStack): Services {
  const { database, blobs, bus, cache } = stores;
  const { publicUrl, signup, ssh } = config;
  const rateLimiter = new RateLimiter(cache, config.rateLimits);
  const sessions = new Sessions(database.sql, cache, publicUrl);
  const signIn = new SignIn(database.sql, sessions, rateLimiter);
  const tokens = new AccessTokenStore(database.sql);
  const storedFiles = new StoredFileAddresses({ sql: database.sql, blobs }, publicUrl);
  return {
    site: { publicUrl, sshPort: ssh?.publicPort, signup, version: packageJson.version },
    admission: createAdmission(config),
    accounts: new AccountDirectory(database),
    accountWorkflows: bindAccountWorkflows({ database, sessions, signIn, rateLimiter, signUpMode: signup }),
    authenticator: new Authenticator({ tokens, signIn, sessions, publicUrl }),
    browse: createPageReader(),
    bundles: new BundleOffers(database, storedFiles),
    catalog: new RepositoryCatalog(database),
    decideAccess,
    engine: opened.add(
      new PackedRepositoryEngine({ db: database, blobs, threadCount: availableParallelism(), sha1: config.gitSha1 }),
    ),
    rateLimiter,
    sessions,
    signIn,
    sshKeys: new SshKeyStore(database.sql),
    storedFiles,
    textRenderer: opened.add(new TextRenderer()),
    tokens,
    pushNonces: new PushNonces(database.sql),
    pushLog: new PushLog(database.sql),
    refListings: new RefListings(),
    lfsTokens: new LfsTokens(database.sql),
    lfsObjects: new LfsObjects(database, blobs),
    lfsLocks: new LfsLocks(database),
    bus,
    cache,
  };
}

function createAdmission({ heavyJobs, rateLimits }: Config): Admission {
  const shares = rateLimits === 'on' ? heavyJobs : { perRepositoryMax: Infinity, perClientMax: Infinity };
  return new Admission({
    ...heavyJobs,
    ...shares,
    waitingMax: limits.heavyJobsWaitingMax,
    retryAfterMs: limits.heavyJobRetryAfterMs,
  });
}

/** Pages know browsers alone: an Authorization header means nothing to them. */
async function authenticatePage(
  authenticator: Authenticator,
  request: IncomingMessage,
  clientAddress: string,
): Promise<Principal> {
  const { authorization: _, ...headers } = request.headers;
  const authentication = await authenticator.authenticate({
    method: request.method ?? '',
    headers,
    clientAddress,
    cookies: 'accepted',
  });
  return authentication.kind === 'authenticated' ? authentication.principal : ANONYMOUS;
}

function createRawRoutes(services: Services, { blobs }: Stores): RawRoute[] {
  const { storedFiles } = services;
  return [
    createApi(services),
    createLfsRoute(services),
    createSmartHttp(services),
    createRawFileRoute(services),
    createArchiveRoute(services),
    createStoredFileRoute({ blobs, storedFiles }),
  ];
}

/** Loaded only where it is wanted. */
async function createSshServer(
  { trustedProxies }: Config,
  config: SshConfig,
  services: Services,
  database: Database,
  log: Log,
): Promise<SshServer> {
  const { generateHostKey, readHostKey } = await import('./transport/ssh/host-key.ts');
  const { SshServer } = await import('./transport/ssh/ssh-server.ts');
  const { readAuthorities } = await import('./transport/ssh/trusted-authorities.ts');
  const given = config.hostKey === undefined ? undefined : readHostKey(config.hostKey);
  if (given !== undefined && 'fault' in given) throw new ConfigError(`SSH_HOST_KEY ${given.fault}`);
  const hostKey = given?.key ?? (await readOrMakeSetting(database.sql, 'ssh-host-key', generateHostKey));
  const authorities = config.trustedCaKeys === undefined ? new Set<string>() : readAuthorities(config.trustedCaKeys);
  if ('fault' in authorities) throw new ConfigError(`SSH_TRUSTED_CA_KEYS ${authorities.fault}`);
  const proxies = new NetworkList(config.proxyProtocol === 'on' ? trustedProxies : []);
  return new SshServer({ services, hostKey, authorities, proxies, log: log.child({ part: 'ssh' }) });
}

function createJobHandlers({ sessions, engine }: Services, { database, blobs }: Stores): JobHandler[] {
  return [
    { kind: 'session-sweep', everyMs: SESSION_SWEEP_INTERVAL_MS, run: () => sessions.sweep() },
    { kind: 'pack-sweep', everyMs: PACK_SWEEP_INTERVAL_MS, run: async () => void (await sweepPacks(database, blobs)) },
    {
      kind: 'bundle-maintenance',
      everyMs: BUNDLE_MAINTENANCE_INTERVAL_MS,
      run: (_payload, signal) => maintainBundles({ db: database, blobs, engine }, signal),
    },
    {
      kind: 'lfs-sweep',
      everyMs: LFS_SWEEP_INTERVAL_MS,
      run: async (_, signal) => void (await sweepLfsUploads(database, blobs, signal)),
    },
  ];
}

/** Starts the jobs and the outbox of this process. */
async function startWork(
  stores: Stores,
  handlers: readonly JobHandler[],
  log: Log,
): Promise<{ close(): Promise<void> }> {
  const { database, bus } = stores;
  const runner = new JobRunner({ database, log, handlers });
  const relay = new OutboxRelay(database, bus, log);
  const unlisten = await listenForWork(database, () => {
    runner.wake();
    relay.wake();
  });
  relay.start();
  await runner.start();
  return {
    close: async () => {
      await unlisten();
      await Promise.all([runner.stop(), relay.stop()]);
    },
  };
}
