/** The application behind `astro dev`: the same context and raw routes as in `server.ts`, in front of Vite instead of a bundle. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { announce } from './announce.ts';
import { loadConfig } from './config.ts';
import { createContext } from './context.ts';
import { createHealthRoute } from './http/health.ts';
import { createPageLocals, type PageLocals } from './http/page-locals.ts';
import { routableUrl } from './http/page-url.ts';
import { createLog } from './log.ts';

export interface DevServer {
  /** Answers a request, or returns what the page that will answer it needs. */
  answer(request: IncomingMessage, response: ServerResponse): Promise<PageLocals | undefined>;
  close(): Promise<void>;
}

export async function createDevServer(): Promise<DevServer> {
  const config = loadConfig();
  const log = createLog(config.logLevel);
  const context = await createContext(config, log);
  announce(config.publicUrl, context.setup);
  const routes = [createHealthRoute(context.dependencies, () => false), ...context.rawRoutes];
  return {
    answer: async (request, response) => {
      const requestId = randomUUID();
      const exchange = {
        requestId,
        clientAddress: request.socket.remoteAddress ?? '',
        rawUrl: request.url ?? '/',
        expectsContinue: false,
        log: log.child({ requestId }),
      };
      response.setHeader('X-GitHub-Request-Id', requestId);
      for (const route of routes) {
        if (await route(request, response, exchange)) return undefined;
      }
      const locals = await createPageLocals(request, exchange, context);
      // What Vite serves itself has no escapes.
      request.url = routableUrl(exchange.rawUrl);
      return locals;
    },
    close: () => context.close(),
  };
}
