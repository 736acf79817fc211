/**
 * `npm run dev`: puts the raw routes of `src/http/` in front of Astro's development server, and the services where
 * `src/middleware.ts` finds them. The application itself runs in plain Node, as it does in production; after a change
 * outside of `src/pages` and `src/web`, restart.
 */
import { AsyncLocalStorage } from 'node:async_hooks';

/** @returns {import('vite').Plugin} */
export function devServerPlugin() {
  return {
    name: 'opencodehub-dev-server',
    apply: 'serve',
    async configureServer(server) {
      // By a computed name, so that neither Vite nor Astro bundles the application into the configuration.
      const { createDevServer } = await import(new URL('../src/dev-server.ts', import.meta.url).href);
      const storage = new AsyncLocalStorage();
      globalThis[Symbol.for('opencodehub.pageLocals')] = storage;
      const devServer = await createDevServer();
      server.httpServer?.once('close', () => void devServer.close());
      server.middlewares.use(async (request, response, next) => {
        try {
          const locals = await devServer.answer(request, response);
          if (locals !== undefined) storage.run(locals, next);
        } catch (error) {
          next(error);
        }
      });
    },
  };
}
