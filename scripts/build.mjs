/**
 * Makes `dist/`: Astro's pages (`dist/pages`) and browser files (`dist/client`), the server (`dist/server.js`) and the worker
 * threads (`src/<path>-worker.ts` becomes `dist/<path>-worker.js`, which `src/worker-url.ts` relies on).
 *
 * The server is bundled because drizzle-orm's 447 exports cost every process 240 MiB and 0.3 s when Node resolves them one by
 * one; what remains external is native code.
 */
import { readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { build as buildPages } from 'astro';
import { build as bundle } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const compressible = /\.(?:css|js|mjs|svg|html|json|txt|xml|ico|map|webmanifest)$/;
/** Smaller files gain nothing from it. */
const compressMinBytes = 512;

const bundleOptions = {
  absWorkingDir: root,
  outbase: 'src',
  outdir: 'dist',
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node22.12',
  sourcemap: 'linked',
  sourcesContent: false,
  keepNames: true,
  legalComments: 'none',
  // The last two are optional to ssh2, and not built.
  external: ['@node-rs/argon2', 'cpu-features', '*.node'],
  // Some dependencies are CommonJS: they call require for Node's own modules, and ask where they lie.
  banner: {
    js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url); const __dirname = import.meta.dirname;",
  },
  logLevel: 'warning',
};

rmSync(path.join(root, 'dist'), { recursive: true, force: true });
await buildPages({ root, logLevel: 'warn' });
await bundleServer();
compressStaticFiles(path.join(root, 'dist/client'));

async function bundleServer() {
  const workers = listFiles(path.join(root, 'src')).filter((file) => file.endsWith('-worker.ts'));
  await bundle({ ...bundleOptions, entryPoints: ['src/server.ts'] });
  // In pieces, so that a worker reads only the grammars of the languages that it meets.
  await bundle({ ...bundleOptions, entryPoints: workers, splitting: true, chunkNames: 'worker-chunks/[name]-[hash]' });
}

/** Writes `.br` and `.gz` beside each text file, at the slowest settings: this happens once, serving happens often. */
function compressStaticFiles(folder) {
  for (const file of listFiles(folder)) {
    if (!compressible.test(file) || statSync(file).size < compressMinBytes) continue;
    const bytes = readFileSync(file);
    writeFileSync(`${file}.br`, brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }));
    writeFileSync(`${file}.gz`, gzipSync(bytes, { level: 9 }));
  }
}

function listFiles(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name));
}
