/** The built server with git over SSH: several that share a database, and the settings that stop a start. */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import { createTestDatabase, hasDatabase } from '../support/database.ts';
import { ForgeProcess } from '../support/forge-process.ts';
import { findFreePort } from '../support/server-process.ts';
import { hasSsh } from '../support/ssh-forge.ts';

describe.skipIf(!hasDatabase || !hasSsh)('servers with git over SSH', () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'ssh-nodes-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  test('servers that share a database show the same host key, also when they start at once', async () => {
    const { url } = await createTestDatabase();
    const nodes = await Promise.all(
      ['one', 'two'].map(async (name) => {
        const port = await findFreePort();
        const settings = { DATA_DIR: path.join(folder, name), DATABASE_URL: url, SSH_PORT: String(port) };
        return { port, forge: await ForgeProcess.start({ settings }) };
      }),
    );
    const keys = await Promise.all(nodes.map(({ port }) => hostKeyOf(port)));
    await Promise.all(nodes.map(({ forge }) => forge.stop()));
    expect(keys[0]).toMatch(/^ssh-ed25519 \S+$/);
    expect(keys[1]).toBe(keys[0]);
  });

  test('a host key that is none stops the start with a sentence', async () => {
    const { url } = await createTestDatabase();
    const settings = {
      DATA_DIR: path.join(folder, 'none'),
      DATABASE_URL: url,
      SSH_PORT: '1',
      SSH_HOST_KEY: '/nowhere',
    };
    await expect(ForgeProcess.start({ settings })).rejects.toThrow(
      /SSH_HOST_KEY is neither a private key nor the path/,
    );
  });

  async function hostKeyOf(port: number): Promise<string> {
    const args = ['-t', 'ed25519', '-p', String(port), '127.0.0.1'];
    const { stdout } = await promisify(execFile)('ssh-keyscan', args);
    return stdout.trim().split(' ').slice(1).join(' ');
  }
});
