/**
 * The composition root: builds the application from its settings. The one place that names concrete adapters; everything
 * else receives interfaces.
 */
import path from 'node:path';
import { ANONYMOUS } from './auth/principal.ts';
import type { Config } from './config.ts';
import { EmbeddedPostgres } from './db/embedded-postgres.ts';
import type { Dependency } from './http/health.ts';
import type { PageServices } from './http/page-locals.ts';
import type { RawRoute } from './http/raw-route.ts';
import type { Log } from './log.ts';
import type { Services } from './services.ts';
import type { BlobStore } from './storage/blob-store.ts';
import { FilesystemBlobStore } from './storage/filesystem-blob-store.ts';
import { S3BlobStore } from './storage/s3-blob-store.ts';

export interface Context extends PageServices {
  /** In the order in which they are asked. */
  readonly rawRoutes: readonly RawRoute[];
  /** What `/readyz` asks. */
  readonly dependencies: readonly Dependency[];
  /** Resolves with a sentence when something that we cannot run without ended by itself. */
  readonly broken: Promise<string>;
  /** Ends what was built, the last first. */
  close(): Promise<void>;
}

/** Things to close, in the reverse order of their opening. */
class ClosingStack {
  readonly #closers: (() => Promise<void>)[] = [];

  add(close: () => Promise<void>): void {
    this.#closers.push(close);
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
  if (embedded !== undefined) opened.add(() => embedded.stop());
  const blobs = await openBlobStore(config);
  opened.add(() => blobs.close());
  return {
    services: { site: { publicUrl: config.publicUrl, signup: config.signup, version: '0.1.0' } } as Services,
    authenticatePage: async () => ANONYMOUS,
    rawRoutes: [],
    dependencies: [{ name: 'store', check: () => blobs.check() }],
    broken:
      embedded?.crashed.then((reason) => `the embedded Postgres ended: ${reason}`) ?? new Promise(() => undefined),
    close: () => opened.close(),
  };
}

function startPostgres(config: Config, log: Log): Promise<EmbeddedPostgres> {
  const postgresLog = log.child({ part: 'postgres' });
  return EmbeddedPostgres.start(path.join(config.dataDir, 'postgres'), {
    onLogLine: (line) => postgresLog.debug(line),
  });
}

async function openBlobStore(config: Config): Promise<BlobStore> {
  return config.s3 === undefined
    ? FilesystemBlobStore.open(path.join(config.dataDir, 'blobs'))
    : new S3BlobStore(config.s3);
}
