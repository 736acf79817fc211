import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import postgres from 'postgres';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { migrate } from '#db/migrator.ts';
import { hasDatabase } from '../support/database.ts';
import { ForgeProcess, PROJECT_FOLDER } from '../support/forge-process.ts';
import { findFreePort } from '../support/server-process.ts';

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
    const forge = await ForgeProcess.start({ settings: settingsOf('term') });
    expect(postgresOf('term')).toBeTypeOf('number');
    expect(await forge.stop('SIGTERM')).toBe(0);
    expect(postgresOf('term')).toBeUndefined();
  });

  test('after kill -9 nothing is left, and the next start works', async () => {
    const first = await ForgeProcess.start({ settings: settingsOf('kill') });
    const orphan = postgresOf('kill');
    await first.stop('SIGKILL');
    const second = await ForgeProcess.start({ settings: settingsOf('kill') });
    expect(postgresOf('kill')).not.toBe(orphan);
    expect(isRunning(orphan ?? 0)).toBe(false);
    expect(await second.stop()).toBe(0);
  });

  test('a second server on the same folder says who is there, and leaves the first alone', async () => {
    const first = await ForgeProcess.start({ settings: settingsOf('twice') });
    const second = ForgeProcess.start({ settings: settingsOf('twice') });
    await expect(second).rejects.toThrow(`is in use by another server (process ${first.child.pid})`);
    expect(await first.isReady()).toBe(true);
    await first.stop();
  });

  test('the loss of its Postgres ends the server with an error', async () => {
    const forge = await ForgeProcess.start({ settings: settingsOf('loss') });
    const exited = new Promise((resolve) => forge.child.once('exit', resolve));
    process.kill(postgresOf('loss') ?? 0, 'SIGKILL');
    expect(await exited).toBe(1);
    expect(forge.output).toContain('the embedded Postgres ended');
  });

  test('a running request finishes after SIGTERM, while new connections are refused', async () => {
    const forge = await ForgeProcess.start({ settings: settingsOf('drain') });
    // A form whose body is still on its way is a running request.
    const running = request(`${forge.url}/no-such-page`, {
      method: 'POST',
      headers: { Origin: forge.url, 'Content-Type': 'application/x-www-form-urlencoded', 'Content-Length': '3' },
    });
    const status = new Promise((resolve, reject) => {
      running.once('response', (response) => resolve(response.resume().statusCode)).once('error', reject);
    });
    running.write('a=');
    await sleep(100);
    forge.child.kill('SIGTERM');
    while (!forge.output.includes('"stopping"')) await sleep(5);
    await expect(fetch(`${forge.url}/healthz`)).rejects.toThrow();
    expect(forge.child.exitCode).toBeNull();
    running.end('b');
    expect(await status).toBe(404);
    console.log(forge.output);
    expect(await forge.stop()).toBe(0);
  });

  test('a request that does not end is cut after DRAIN_SECONDS', async () => {
    const forge = await ForgeProcess.start({ settings: { ...settingsOf('cut'), DRAIN_SECONDS: '0.2' } });
    const running = request(`${forge.url}/no-such-page`, { method: 'POST', headers: { 'Content-Length': '3' } });
    running.on('error', () => undefined).write('a');
    await sleep(100);
    expect(await forge.stop('SIGTERM')).toBe(0);
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

describe.skipIf(!hasDatabase)('migrations', () => {
  test('ten processes that start at once migrate one database once', async () => {
    const url = new URL(inject('databaseUrl') ?? '');
    const admin = postgres(url.href, { max: 1 });
    await admin.unsafe('create database migrated_at_once');
    url.pathname = '/migrated_at_once';
    const applied = await Promise.all(Array.from({ length: 10 }, () => migrate(url.href)));
    expect(applied.filter((tags) => tags.length > 0)).toHaveLength(1);
    await admin.unsafe('drop database migrated_at_once with (force)');
    await admin.end();
  });
});
