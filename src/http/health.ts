/** `GET /healthz`: the process lives. `GET /readyz`: everything that it needs answers, and it is not stopping. */
import type { Log } from '#log.ts';
import type { RawRoute } from './raw-route.ts';

const CHECK_TIMEOUT_MS = 5_000;

/** Something that the server needs; `check` rejects when it does not answer. */
export interface Dependency {
  readonly name: string;
  check(): Promise<void>;
}

export function createHealthRoute(dependencies: readonly Dependency[], isStopping: () => boolean): RawRoute {
  return async (request, response, context) => {
    const path = context.rawUrl.split('?', 1)[0];
    if (request.method !== 'GET' && request.method !== 'HEAD') return false;
    if (path !== '/healthz' && path !== '/readyz') return false;
    const failed = path === '/healthz' ? [] : await findFailed(dependencies, context.log);
    if (path === '/readyz' && isStopping()) failed.push('stopping');
    const body = failed.length === 0 ? 'ok\n' : `not ready: ${failed.join(', ')}\n`;
    response.writeHead(failed.length === 0 ? 200 : 503, {
      'Content-Type': 'text/plain; charset=utf-8',
      'Cache-Control': 'no-store',
    });
    response.end(request.method === 'HEAD' ? undefined : body);
    return true;
  };
}

/** Names alone go out: addresses and errors are for the log. */
async function findFailed(dependencies: readonly Dependency[], log: Log): Promise<string[]> {
  const outcomes = await Promise.all(
    dependencies.map(async ({ name, check }) => {
      try {
        await withTimeout(check(), CHECK_TIMEOUT_MS);
        return undefined;
      } catch (error) {
        log.warn({ err: error, dependency: name }, 'not ready');
        return name;
      }
    }),
  );
  return outcomes.filter((name) => name !== undefined);
}

async function withTimeout(work: Promise<void>, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer in ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
