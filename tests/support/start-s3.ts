import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { ServiceStart } from '../services.ts';
import { findFreePort, findProgram, startServerProcess } from './server-process.ts';

const VERSITYGW = 'github.com/versity/versitygw/cmd/versitygw@v1.8.0';
const ACCESS_KEY = 'test';
const SECRET_KEY = 'test-secret';

/** TEST_S3_URL, else versitygw: on PATH, where Go puts it, in .cache/bin, or built by the machine's Go. */
export async function startTestS3(folder: string): Promise<ServiceStart> {
  const given = process.env['TEST_S3_URL'];
  if (given) return { kind: 'started', url: given, stop: async () => undefined };
  const program = findVersitygw() ?? buildVersitygw();
  if (program === undefined) {
    return { kind: 'unavailable', reason: `"go install ${VERSITYGW}" makes the server, or set TEST_S3_URL.` };
  }
  await mkdir(folder, { recursive: true });
  const port = await findFreePort();
  const args = ['--port', `127.0.0.1:${port}`, '--access', ACCESS_KEY, '--secret', SECRET_KEY, '--health', '/health'];
  const stop = await startServerProcess(program, [...args, 'posix', folder], port);
  return { kind: 'started', url: `http://${ACCESS_KEY}:${SECRET_KEY}@127.0.0.1:${port}`, stop };
}

function findVersitygw(): string | undefined {
  const places = [path.join(os.homedir(), 'go/bin/versitygw'), path.resolve('.cache/bin/versitygw')];
  return findProgram('versitygw') ?? places.find((place) => existsSync(place));
}

function buildVersitygw(): string | undefined {
  const go = findProgram('go') ?? ['/usr/local/go/bin/go'].find((place) => existsSync(place));
  if (go === undefined) return undefined;
  console.warn('Building versitygw, the S3 server for tests (about 90 s, once) …');
  try {
    const env = { ...process.env, GOBIN: path.resolve('.cache/bin') };
    execFileSync(go, ['install', VERSITYGW], { env, stdio: ['ignore', 'ignore', 'inherit'] });
  } catch {
    return undefined;
  }
  return findVersitygw();
}
