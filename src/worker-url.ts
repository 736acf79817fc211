/**
 * Where the code of a worker thread lies. Sources and build have the same layout, so one name serves both:
 *
 * | run from | `workerUrl('repository/ingest/ingest-worker')` |
 * |---|---|
 * | the sources, under Node, vitest or `astro dev` | `src/repository/ingest/ingest-worker.ts` |
 * | `dist/server.js`, or any other bundle below `dist/` | `dist/repository/ingest/ingest-worker.js` |
 *
 * `scripts/build.mjs` bundles every `src/**` file whose name ends in `-worker.ts`; nothing has to be listed.
 */

/**
 * @param name path below `src/`, without its extension; must end in `-worker`
 * @returns what `new Worker()` takes
 */
export function workerUrl(name: `${string}-worker`): URL {
  return locateWorker(name, import.meta.url);
}

/** The same for a given place of this module; apart so that both cases can be tested. */
export function locateWorker(name: `${string}-worker`, moduleUrl: string): URL {
  const distribution = /^.*\/dist\//.exec(moduleUrl)?.[0];
  if (distribution !== undefined && !moduleUrl.endsWith('/src/worker-url.ts')) {
    return new URL(`${name}.js`, distribution);
  }
  return new URL(`${name}.ts`, moduleUrl);
}
