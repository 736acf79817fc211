/** Programs that tests use and that Go builds: where they are installed, or made now. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { findProgram } from './server-process.ts';

const BUILD_FOLDER = path.resolve('.cache/bin');

/**
 * Where Go puts it, in .cache/bin, or built by the machine's Go.
 *
 * @param pathAndVersion as `go install` takes it
 * @returns undefined when it cannot be had
 * @throws when it cannot be had and REQUIRE_SERVICES=1 forbids to do without
 */
export function findGoProgram(name: string, pathAndVersion: string): string | undefined {
  const places = [path.join(os.homedir(), 'go/bin', name), path.join(BUILD_FOLDER, name)];
  const program = places.find((place) => existsSync(place)) ?? build(name, pathAndVersion);
  if (program !== undefined || process.env['REQUIRE_SERVICES'] !== '1') return program;
  throw new Error(`"go install ${pathAndVersion}" makes ${name}, which REQUIRE_SERVICES=1 asks for.`);
}

function build(name: string, pathAndVersion: string): string | undefined {
  const go = findProgram('go') ?? ['/usr/local/go/bin/go'].find((place) => existsSync(place));
  if (go === undefined) return undefined;
  console.warn(`Building ${name} for tests (once) …`);
  try {
    const env = { ...process.env, GOBIN: BUILD_FOLDER };
    execFileSync(go, ['install', pathAndVersion], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  } catch {
    return undefined;
  }
  return [path.join(BUILD_FOLDER, name)].find((place) => existsSync(place));
}
