import { mkdir } from 'node:fs/promises';
import type { ServiceStart } from '../services.ts';
import { findGoProgram } from './go-program.ts';
import { findFreePort, findProgram, startServerProcess } from './server-process.ts';

const VERSITYGW = 'github.com/versity/versitygw/cmd/versitygw@v1.8.0';
const ACCESS_KEY = 'test';
const SECRET_KEY = 'test-secret';

/** TEST_S3_URL, else versitygw: on PATH, where Go puts it, in .cache/bin, or built by the machine's Go. */
export async function startTestS3(folder: string): Promise<ServiceStart> {
  const given = process.env['TEST_S3_URL'];
  if (given) return { kind: 'started', url: given, stop: async () => undefined };
  const program = findProgram('versitygw') ?? findGoProgram('versitygw', VERSITYGW);
  if (program === undefined) {
    return { kind: 'unavailable', reason: `"go install ${VERSITYGW}" makes the server, or set TEST_S3_URL.` };
  }
  await mkdir(folder, { recursive: true });
  const port = await findFreePort();
  const args = ['--port', `127.0.0.1:${port}`, '--access', ACCESS_KEY, '--secret', SECRET_KEY, '--health', '/health'];
  const stop = await startServerProcess(program, [...args, 'posix', folder], port);
  return { kind: 'started', url: `http://${ACCESS_KEY}:${SECRET_KEY}@127.0.0.1:${port}`, stop };
}
