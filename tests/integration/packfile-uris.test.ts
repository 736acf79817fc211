/** Clients that take whole packs from addresses of their own. */
import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { limits } from '#limits.ts';
import { hasDatabase } from '../support/database.ts';
import { GitForge } from '../support/git-forge.ts';
import type { GitRun } from '../support/git-run.ts';

const BY_ADDRESS = ['-c', 'protocol.version=2', '-c', 'fetch.uriprotocols=http', '-c', 'transfer.fsckObjects=true'];

describe.skipIf(!hasDatabase)('packs at addresses of their own', () => {
  let forge: GitForge;
  let copy: string;

  beforeAll(async () => {
    forge = await GitForge.start();
    await forge.createRepository('large', { visibility: 'private' });
    copy = path.join(forge.folder, 'copy');
    mkdirSync(copy);
    await git(copy, 'init', '-q', '-b', 'main');
    await commit('large', randomBytes(limits.packfileUriMinBytes + 1_000));
    await git(copy, 'push', '-q', forge.url('large', 'ada'), 'main');
    await commit('small', Buffer.from('hello\n'));
    await git(copy, 'push', '-q', forge.url('large', 'ada'), 'main');
  });

  afterAll(() => forge?.close());

  async function git(cwd: string, ...args: string[]): Promise<GitRun> {
    const run = await forge.git(cwd, args);
    if (run.status !== 0) throw new Error(`git ${args.join(' ')}: ${run.stderr}`);
    return run;
  }

  async function commit(name: string, content: Uint8Array): Promise<void> {
    writeFileSync(path.join(copy, name), content);
    await git(copy, 'add', '-A');
    await git(copy, 'commit', '-q', '-m', `Add ${name}`);
  }

  it('are taken by a client that asks for them, and the rest is sent', async () => {
    const clone = path.join(forge.folder, 'clone');
    await git(forge.folder, ...BY_ADDRESS, 'clone', '-q', forge.url('large', 'ada'), clone);
    await git(clone, 'fsck', '--full', '--strict');
    const heads = await Promise.all([clone, copy].map((folder) => git(folder, 'rev-parse', 'HEAD')));
    expect(heads[0]?.stdout).toBe(heads[1]?.stdout);
    // The large pack as it is stored, and a small one.
    expect((await git(clone, 'count-objects', '-v')).stdout).toContain('packs: 2');
  });

  it('are named with their checksums, in the bands of the answer', async () => {
    const { answer } = await ask('sideband-all', 'packfile-uris http');
    expect(answer).toContain('\x01packfile-uris\n');
    expect(answer).toMatch(/[0-9a-f]{40} http:\/\/localhost:\d+\/-\/stored\/pack\/.*\n0001/);
    expect(answer.length).toBeLessThan(10_000);
  });

  it.each([
    ['a client that does not ask', ['sideband-all']],
    ['a client that follows other addresses', ['sideband-all', 'packfile-uris https,ftp']],
    ['a client without bands for it', ['packfile-uris http']],
    ['a client that leaves objects out', ['sideband-all', 'packfile-uris http', 'filter blob:none']],
    ['a client that takes part of history', ['sideband-all', 'packfile-uris http', 'deepen 1']],
  ])('are not for %s', async (_, lines) => {
    const { status, answer } = await ask(...lines);
    expect(status).toBe(200);
    expect(answer).not.toContain('packfile-uris');
    expect(answer).toContain('packfile\n');
  });

  async function ask(...lines: string[]): Promise<{ status: number; answer: string }> {
    const head = (await git(copy, 'rev-parse', 'HEAD')).stdout.trim();
    const args = [...lines, 'ofs-delta', 'no-progress', `want ${head}`, 'done'].map(pktLine);
    const answer = await fetch(`http://localhost:${forge.port}/ada/large.git/git-upload-pack`, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/x-git-upload-pack-request',
        'Git-Protocol': 'version=2',
        Authorization: forge.authorization,
      },
      body: `${pktLine('command=fetch')}0001${args.join('')}0000`,
    });
    return { status: answer.status, answer: Buffer.from(await answer.arrayBuffer()).toString('latin1') };
  }
});

function pktLine(text: string): string {
  return `${(text.length + 4).toString(16).padStart(4, '0')}${text}`;
}
