/**
 * The shape of the tree, as data: which folder may import which, who may read the environment, name an adapter or put HTML
 * into a page. A violation fails with the sentence that says what to do instead.
 */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const SOURCE_FOLDER = fileURLToPath(new URL('../src', import.meta.url));
const LINES_MAX = 450;

/**
 * For each folder, and each file at the top of `src`, what it may import besides itself. `log.ts` and `limits.ts` are open to
 * all; `types:` in front allows `import type` alone.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  bytes: [],
  git: ['bytes'],
  storage: ['bytes'],
  bus: [],
  db: [],
  auth: ['db', 'bus'],
  account: ['auth', 'db', 'types:bus'],
  repository: [
    'git',
    'types:storage',
    'storage/errors.ts',
    'storage/storage-key.ts',
    'storage/write-stream.ts',
    'db',
    'bytes',
    'types:bus',
    'auth',
    'worker-url.ts',
  ],
  browse: ['git', 'bytes', 'types:repository', 'repository/errors.ts', 'worker-pool.ts', 'worker-url.ts'],
  lfs: ['bytes', 'db', 'auth', 'repository', 'types:storage', 'storage/errors.ts', 'storage/storage-key.ts'],
  transport: [
    'git',
    'repository',
    'lfs',
    'auth',
    'account',
    'browse',
    'bytes',
    'types:storage',
    'web/repository-path.ts',
    'types:http',
    'http/conditional.ts',
    'http/accept-encoding.ts',
  ],
  api: [
    'types:lfs',
    'git',
    'repository',
    'auth',
    'account',
    'browse',
    'bytes',
    'types:bus',
    'types:http',
    'http/bounded-body.ts',
    'http/conditional.ts',
    'types:services.ts',
  ],
  jobs: ['git', 'repository', 'lfs', 'auth', 'account', 'db', 'types:bus', 'types:storage'],
  http: ['auth', 'types:services.ts'],
  web: [
    'bytes',
    'git',
    'lfs/lfs-pointer.ts',
    'worker-pool.ts',
    'worker-url.ts',
    'types:browse',
    'types:repository',
    'types:account',
    'types:auth',
    'types:services.ts',
  ],
  pages: [
    'web',
    'git',
    'bytes',
    'types:browse',
    'types:repository',
    'types:account',
    'types:auth',
    'types:services.ts',
  ],
  'middleware.ts': ['types:http', 'web'],
  'services.ts': ['*'],
  'announce.ts': ['types:context.ts'],
  'context.ts': ['*'],
  'server.ts': ['*'],
  'dev-server.ts': ['*'],
  'config.ts': [],
  'log.ts': [],
  'limits.ts': [],
  'worker-pool.ts': [],
  'worker-url.ts': [],
  'env.d.ts': ['http'],
};

const OPEN_TO_ALL = ['log.ts', 'limits.ts'];

/** Only the composition root decides which adapter stands behind a port. */
const ADAPTERS =
  /^(?:storage\/(?:filesystem|s3|memory)-|bus\/(?:redis|memory|in-process|local)-|db\/embedded-postgres)/;
const COMPOSITION_ROOT = ['context.ts', 'server.ts', 'dev-server.ts'];

/** Who starts other programs: the embedded Postgres. */
const PROCESS_STARTERS: readonly string[] = ['db/embedded-postgres.ts', 'db/postgres-launcher.ts'];

interface SourceFile {
  /** Below `src/`, with slashes. */
  readonly name: string;
  readonly text: string;
}

interface Import {
  /** Below `src/`; undefined for packages and for what lies beside `src`, such as package.json. */
  readonly target: string | undefined;
  readonly specifier: string;
  readonly typeOnly: boolean;
}

const sources = listSources();
const productionSources = sources.filter(({ name }) => !name.endsWith('.test.ts'));

describe('imports', () => {
  test('every folder has its row in the table', () => {
    expect(productionSources.map(({ name }) => placeOf(name)).filter((place) => !(place in MAY_IMPORT))).toEqual([]);
  });

  test('dependencies point one way', () => {
    const violations = productionSources.flatMap((file) =>
      importsOf(file)
        .filter((imported) => !mayImport(file.name, imported))
        .map(({ specifier }) => {
          const place = placeOf(file.name);
          return `src/${file.name} imports ${specifier}: "${place}" may import ${MAY_IMPORT[place]?.join(', ') || 'nothing'}. Take it as a parameter, or move it to where both may see it.`;
        }),
    );
    expect(violations).toEqual([]);
  });

  test('from one top folder into another by #name', () => {
    const violations = productionSources.flatMap((file) =>
      importsOf(file)
        .filter(
          ({ specifier, target }) =>
            specifier.startsWith('../') && target !== undefined && placeOf(target) !== placeOf(file.name),
        )
        .map(({ specifier, target }) => `src/${file.name} imports ${specifier}: write #${target}.`),
    );
    expect(violations).toEqual([]);
  });

  test('only the composition root names concrete adapters', () => {
    const violations = productionSources
      .filter(({ name }) => !COMPOSITION_ROOT.includes(name))
      .flatMap((file) =>
        importsOf(file)
          .filter(
            ({ target }) => target !== undefined && ADAPTERS.test(target) && placeOf(target) !== placeOf(file.name),
          )
          .map(({ specifier }) => `src/${file.name} imports ${specifier}: take the port as a parameter.`),
      );
    expect(violations).toEqual([]);
  });

  test('Astro is imported in pages, web and the middleware alone', () => {
    const violations = productionSources
      .filter(({ name }) => !['pages', 'web', 'middleware.ts'].includes(placeOf(name)))
      .flatMap((file) =>
        importsOf(file)
          .filter(({ specifier }) => /^astro(?::|\/|$)/.test(specifier))
          .map(({ specifier }) => `src/${file.name} imports ${specifier}: everything but pages runs in plain Node.`),
      );
    expect(violations).toEqual([]);
  });
});

test('config.ts is the one reader of the environment', () => {
  const violations = productionSources
    .filter(({ name, text }) => name !== 'config.ts' && /\bprocess\.env\b|import\.meta\.env\.(?!DEV\b)/.test(text))
    .map(({ name }) => `src/${name} reads the environment: add the setting to config.ts and pass it on.`);
  expect(violations).toEqual([]);
});

test('HTML reaches a page from src/web/text alone', () => {
  const violations = productionSources
    .filter(({ name, text }) => name !== 'web/components/SafeMarkup.astro' && /\bset:html\b|\.innerHTML\s*=/.test(text))
    .map(({ name }) => `src/${name} sets HTML: use SafeMarkup, which takes what src/web/text has made safe.`);
  expect(violations).toEqual([]);
});

test('bulk storage is never listed: Postgres knows what is in it', () => {
  const violations = productionSources
    .filter(({ text }) => /\bList(?:Objects(?:V2)?|ObjectVersions|MultipartUploads|Parts)Command\b/.test(text))
    .map(({ name }) => `src/${name} lists a bucket, which takes longer the more it holds: ask for rows.`);
  expect(violations).toEqual([]);
});

test('only db/outbox.ts notifies, outside of transactions', () => {
  const violations = productionSources
    .filter(({ name, text }) => name !== 'db/outbox.ts' && /\bpg_notify\b|\.notify\(|`\s*notify\b/i.test(text))
    .map(({ name }) => `src/${name} notifies: write to the outbox, or call announceWork after the commit.`);
  expect(violations).toEqual([]);
});

test('no repository is served by a git program', () => {
  const starters = productionSources.filter(({ text }) => /\bnode:child_process\b/.test(text)).map(({ name }) => name);
  expect(starters, 'a name from outside would become an argument: use the engine').toEqual(PROCESS_STARTERS);
});

test('no file re-exports', () => {
  const violations = productionSources
    .filter(({ text }) => /^export\s+(?:type\s+)?(?:\*|\{[^}]*\})\s+from\b/m.test(text))
    .map(({ name }) => `src/${name} re-exports: import from where it is declared.`);
  expect(violations).toEqual([]);
});

test(`no file has more than ${LINES_MAX} lines`, () => {
  const violations = sources
    .map(({ name, text }) => ({ name, lines: text.split('\n').length }))
    .filter(({ lines }) => lines > LINES_MAX)
    .map(({ name, lines }) => `src/${name} has ${lines} lines: it has two subjects.`);
  expect(violations).toEqual([]);
});

function listSources(): SourceFile[] {
  return readdirSync(SOURCE_FOLDER, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(?:ts|astro)$/.test(entry.name))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .map((file) => ({
      name: path.relative(SOURCE_FOLDER, file).replaceAll(path.sep, '/'),
      text: readFileSync(file, 'utf8'),
    }));
}

/** The folder at the top of `src`, or the file where there is none. */
function placeOf(name: string): string {
  return name.split('/', 1)[0] ?? name;
}

function importsOf({ name, text }: SourceFile): Import[] {
  const statement = /^\s*(?:import|export)\s+(type\s+)?(?:[^'";]*?\sfrom\s+)?'([^']+)'|\bimport\(\s*'([^']+)'\s*\)/gm;
  return [...text.matchAll(statement)].map((match) => {
    const specifier = match[2] ?? match[3] ?? '';
    return { specifier, target: resolve(name, specifier), typeOnly: isTypeOnly(match[0], match[1]) };
  });
}

/** `import type …`, or an import whose every name carries `type`. */
function isTypeOnly(statement: string, typeKeyword: string | undefined): boolean {
  if (typeKeyword !== undefined || /^\s*import\s+type\b/.test(statement)) return true;
  const names = /\{([^}]*)\}/.exec(statement)?.[1]?.split(',') ?? [''];
  const listed = names.map((item) => item.trim()).filter((item) => item !== '');
  return listed.length > 0 && listed.every((item) => item.startsWith('type '));
}

function resolve(importer: string, specifier: string): string | undefined {
  if (specifier.startsWith('#')) return specifier.slice(1);
  if (!specifier.startsWith('.')) return undefined;
  const target = path.posix.join(path.posix.dirname(importer), specifier);
  return target.startsWith('../') ? undefined : target;
}

function mayImport(importer: string, { target, typeOnly }: Import): boolean {
  if (target === undefined) return true;
  const place = placeOf(target);
  if (place === placeOf(importer) || OPEN_TO_ALL.includes(place)) return true;
  const allowed = MAY_IMPORT[placeOf(importer)] ?? [];
  if (allowed.includes('*') || allowed.includes(place) || allowed.includes(target)) return true;
  return typeOnly && allowed.includes(`types:${place}`);
}
