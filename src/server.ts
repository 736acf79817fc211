/** The program: starts the forge, serves it, and ends it in order. */
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { announce } from './announce.ts';
import { type Config, ConfigError, loadConfig, type SshConfig } from './config.ts';
import { type Context, createContext } from './context.ts';
import { createHealthRoute } from './http/health.ts';
import { HttpServer } from './http/http-server.ts';
import { type AstroHandler, createPageRoute } from './http/page-route.ts';
import { StaticFiles } from './http/static-files.ts';
import { createLog, type Log } from './log.ts';
import { gitMethodsAt } from './transport/http/git-path.ts';

/** Nothing is running any more by then: open transactions roll back, and the embedded Postgres ends with us. */
const CLOSE_TIMEOUT_MS = 30_000;
/** Ctrl-C may reach us twice, from the terminal and from npm. Only a later one is somebody losing patience. */
const SECOND_SIGNAL_AFTER_MS = 1_000;

await main();

async function main(): Promise<void> {
  const config = readConfig();
  const log = createLog(config.logLevel);
  const stopRequested = listenForStop(log);
  try {
    await serve(config, log, stopRequested);
  } catch (error) {
    // The person who started it reads the sentence; a machine, or whoever looks for the cause, reads the log.
    if (!(error instanceof ConfigError)) log.fatal({ err: error }, 'the server could not start');
    console.error(error instanceof Error ? error.message : String(error));
    process.exit(1);
  }
}

function readConfig(): Config {
  try {
    return loadConfig();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    console.error(error.message);
    process.exit(1);
  }
}

async function serve(config: Config, log: Log, stop: StopRequest): Promise<void> {
  const context = await createContext(config, log);
  const server = await createServer(config, context, log);
  await listen(server, config);
  log.info({ host: config.host, port: config.port }, 'listening');
  if (config.ssh !== undefined) await listenForSsh(context, config.ssh, log);
  announce(config.publicUrl, context.setup);
  void context.services.textRenderer.warmUp();

  const breakage = await Promise.race([stop.requested, context.broken]);
  if (breakage !== undefined) log.fatal(breakage);
  context.services.admission.stop();
  const drainTimeoutMs = breakage === undefined ? config.drainTimeoutMs : 0;
  await Promise.all([server.stop(drainTimeoutMs, stop.hurry), context.sshServer?.stop(drainTimeoutMs, stop.hurry)]);
  await closeInTime(context, log);
  log.info('stopped');
  process.exit(breakage === undefined ? 0 : 1);
}

async function listen(server: HttpServer, { host, port }: Config): Promise<void> {
  try {
    await server.listen(port, host);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError(`HOST and PORT name an address that cannot be listened on: ${reason}`, { cause: error });
  }
}

async function listenForSsh(context: Context, { host, port }: SshConfig, log: Log): Promise<void> {
  try {
    await context.sshServer?.listen(port, host);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigError(`SSH_HOST and SSH_PORT name an address that cannot be listened on: ${reason}`, {
      cause: error,
    });
  }
  log.info({ host, port }, 'listening for git over SSH');
}

/** Databases and stores that do not answer any more must not keep the process from ending. */
async function closeInTime(context: Context, log: Log): Promise<void> {
  const outOfTime = sleep(CLOSE_TIMEOUT_MS, 'out of time', { ref: false });
  const outcome = await Promise.race([context.close(), outOfTime]).catch((error: unknown) => {
    log.error({ err: error }, 'not everything could be closed');
  });
  if (outcome === 'out of time') log.error('not everything could be closed in time');
}

async function createServer(config: Config, context: Context, log: Log): Promise<HttpServer> {
  const files = new StaticFiles(fileURLToPath(new URL('./client', import.meta.url)));
  const pages = createPageRoute(await loadPages(), context);
  const server: HttpServer = new HttpServer({
    publicUrl: config.publicUrl,
    trustedProxies: config.trustedProxies,
    log,
    allowedMethods: gitMethodsAt,
    routes: [
      createHealthRoute(context.dependencies, () => server.stopping),
      ...context.rawRoutes,
      (request, response, { rawUrl }) => files.serve(request, response, rawUrl),
      pages,
    ],
  });
  return server;
}

/** Astro's bundle lies beside ours; by a computed name, so that it stays a bundle of its own. */
async function loadPages(): Promise<AstroHandler> {
  const { handler } = (await import(new URL('./pages/entry.mjs', import.meta.url).href)) as { handler: AstroHandler };
  return handler;
}

interface StopRequest {
  /** Resolves at the first signal. */
  readonly requested: Promise<undefined>;
  /** Aborts at a later one: whoever asked does not want to wait. */
  readonly hurry: AbortSignal;
}

function listenForStop(log: Log): StopRequest {
  const hurry = new AbortController();
  let firstAt: number | undefined;
  const requested = new Promise<undefined>((resolve) => {
    const onSignal = (signal: NodeJS.Signals) => {
      log.info({ signal }, 'stopping');
      if (firstAt !== undefined && performance.now() - firstAt > SECOND_SIGNAL_AFTER_MS) hurry.abort();
      firstAt ??= performance.now();
      resolve(undefined);
    };
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, onSignal);
  });
  return { requested, hurry: hurry.signal };
}
