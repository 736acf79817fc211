import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createTestDatabase, hasDatabase } from '../support/database.ts';
import { ForgeProcess, PROJECT_FOLDER } from '../support/forge-process.ts';
import { findFreePort } from '../support/server-process.ts';

const ADMIN = { ADMIN_USERNAME: 'ada', ADMIN_TOKEN: 'a-token-of-the-tests-alone' };

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(os.tmpdir(), 'opencodehub-lifecycle-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Whether a process still does anything: one that waits to be reaped has no command line any more. */
function isRunning(pid: number): boolean {
  const file = `/proc/${pid}/cmdline`;
  return existsSync(file) && readFileSync(file, 'utf8') !== '';
}

describe.skipIf(!hasDatabase)('the embedded default', () => {
  const settingsOf = (name: string) => ({ DATA_DIR: path.join(folder, name) });

  /** The process id of the Postgres that runs on a data folder; undefined once it has ended. */
  function postgresOf(name: string): number | undefined {
    const file = path.join(folder, name, 'postgres/data/postmaster.pid');
    const pid = existsSync(file) ? Number(readFileSync(file, 'utf8').split('\n')[0]) : undefined;
    return pid !== undefined && isRunning(pid) ? pid : undefined;
  }

  test('SIGTERM ends the server and its Postgres, with exit code 0', async () => {
    await using forge = await ForgeProcess.start({ settings: settingsOf('term') });
    expect(postgresOf('term')).toBeTypeOf('number');
    expect(await forge.stop('SIGTERM')).toBe(0);
    expect(postgresOf('term')).toBeUndefined();
  });

  test('after kill -9 nothing is left, and the next start works', async () => {
    await using first = await ForgeProcess.start({ settings: settingsOf('kill') });
    const orphan = postgresOf('kill');
    await first.stop('SIGKILL');
    await using second = await ForgeProcess.start({ settings: settingsOf('kill') });
    expect(postgresOf('kill')).not.toBe(orphan);
    expect(isRunning(orphan ?? 0)).toBe(false);
    expect(await second.stop()).toBe(0);
  });

  test('a second server on the same folder says who is there, and leaves the first alone', async () => {
    await using first = await ForgeProcess.start({ settings: settingsOf('twice') });
    const second = ForgeProcess.start({ settings: settingsOf('twice') });
    await expect(second).rejects.toThrow(`is in use by another server (process ${first.child.pid})`);
    expect(await first.isReady()).toBe(true);
    await first.stop();
  });

  test('the loss of its Postgres ends the server with an error', async () => {
    await using forge = await ForgeProcess.start({ settings: settingsOf('loss') });
    const exited = new Promise((resolve) => forge.child.once('exit', resolve));
    process.kill(postgresOf('loss') ?? 0, 'SIGKILL');
    expect(await exited).toBe(1);
    expect(forge.output).toContain('the embedded Postgres ended');
  });

  /** A push that is under way until `end` is called: git's own probe, whose body is one flush packet, sent in halves. */
  function openPush(forge: ForgeProcess): { status: Promise<number | undefined>; end: () => void } {
    const headers = {
      Authorization: `Basic ${Buffer.from(`ada:${ADMIN.ADMIN_TOKEN}`).toString('base64')}`,
      'Content-Type': 'application/x-git-receive-pack-request',
      'Content-Length': '4',
    };
    const running = request(`${forge.url}/ada/late.git/git-receive-pack`, { method: 'POST', headers });
    const status = new Promise<number | undefined>((resolve, reject) => {
      running.once('response', (response) => resolve(response.resume().statusCode)).once('error', reject);
    });
    running.write('00');
    return { status, end: () => running.end('00') };
  }

  test('a running push finishes after SIGTERM, while new connections are refused', async () => {
    await using forge = await ForgeProcess.start({ settings: { ...settingsOf('drain'), ...ADMIN } });
    const push = openPush(forge);
    await sleep(200);
    forge.child.kill('SIGTERM');
    while (!forge.output.includes('"stopping"')) await sleep(5);
    await expect(fetch(`${forge.url}/healthz`)).rejects.toThrow();
    expect(forge.child.exitCode).toBeNull();
    push.end();
    expect(await push.status).toBe(200);
    expect(await forge.stop()).toBe(0);
  });

  test('a push that does not end is cut after DRAIN_SECONDS', async () => {
    await using forge = await ForgeProcess.start({
      settings: { ...settingsOf('cut'), ...ADMIN, DRAIN_SECONDS: '0.2' },
    });
    const push = openPush(forge);
    await sleep(200);
    const [exitCode, outcome] = await Promise.all([forge.stop('SIGTERM'), push.status.catch((error) => error.code)]);
    expect([exitCode, outcome]).toEqual([0, 'ECONNRESET']);
  });

  test('npm start hands SIGTERM on', async () => {
    const port = await findFreePort();
    const npm = spawn('npm', ['start'], {
      cwd: PROJECT_FOLDER,
      env: { ...process.env, ...settingsOf('npm'), PORT: String(port) },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let output = '';
    npm.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
    while (!output.includes('OpenCodeHub is at')) await sleep(25);
    const exited = new Promise((resolve) => npm.once('exit', resolve));
    npm.kill('SIGTERM');
    await exited;
    expect(output).toContain('"stopped"');
    expect(postgresOf('npm')).toBeUndefined();
  });
});

test('a wrong setting stops the start with a sentence that names it', async () => {
  const start = ForgeProcess.start({ settings: { SIGNUP: 'perhaps' } });
  await expect(start).rejects.toThrow('SIGNUP is one of open, invite, closed, which "perhaps" is not');
});

test('a database that does not answer is told by the name of its setting, without its password', async () => {
  const start = ForgeProcess.start({ settings: { DATABASE_URL: 'postgres://ada:s3cret@127.0.0.1:1/forge' } });
  const error = await start.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(String(error)).toContain('DATABASE_URL names a service that cannot be used: connect ECONNREFUSED 127.0.0.1:1');
  expect(String(error)).not.toContain('s3cret');
});

test.skipIf(!hasDatabase)('an address that is not ours is told by the names of its settings', async () => {
  const database = await createTestDatabase();
  const settings = { DATABASE_URL: database.url, DATA_DIR: path.join(folder, 'host'), HOST: '192.0.2.1' };
  await expect(ForgeProcess.start({ settings })).rejects.toThrow(
    'HOST and PORT name an address that cannot be listened on: listen EADDRNOTAVAIL',
  );
});
