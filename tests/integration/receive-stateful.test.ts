/** Pushes over a connection that both sides keep open, as with SSH: real git against `serveReceivePack`. */
import { createConnection } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodePktLine, FLUSH } from '#git/pkt-line/encode.ts';
import { ScratchRepository } from '../fixtures/scratch-repository.ts';
import { hasDatabase } from '../support/database.ts';
import { GitDaemon } from '../support/git-daemon.ts';
import { GitForge } from '../support/git-forge.ts';

describe.skipIf(!hasDatabase)('receive-pack, stateful', () => {
  let forge: GitForge;
  let daemon: GitDaemon;
  let scratch: ScratchRepository;

  beforeAll(async () => {
    forge = await GitForge.start();
    daemon = await GitDaemon.start(forge);
    scratch = new ScratchRepository();
    scratch.git(['commit', '-q', '--allow-empty', '-m', 'One']);
  });

  afterAll(async () => {
    scratch?.[Symbol.dispose]();
    await daemon?.close();
    await forge?.close();
  });

  async function refsOf(name: string): Promise<string[]> {
    const repository = await forge.accounts.catalog.find('ada', name, forge.owner);
    const { refs } = await forge.engine.snapshot(repository?.id ?? 0);
    return refs.refs.map((ref) => ref.name);
  }

  it.each([0, 1, 2] as const)('takes creations, updates and deletions in version %i', async (version) => {
    const name = `plain-${version}`;
    await forge.createRepository(name);
    const push = (...args: string[]) => forge.git(scratch.directory, ['push', daemon.url(name), ...args], { version });
    expect(await push('main', 'main:refs/heads/other')).toMatchObject({ status: 0 });
    scratch.git(['commit', '-q', '--allow-empty', '-m', `More for ${version}`]);
    expect(await push('--atomic', 'main', ':refs/heads/other')).toMatchObject({ status: 0 });
    expect(await push(':refs/heads/none')).toMatchObject({ status: 0 });
    expect(await push('main')).toMatchObject({ status: 0, stderr: expect.stringContaining('Everything up-to-date') });
    expect(await refsOf(name)).toEqual(['refs/heads/main']);
    expect(daemon.errors).toEqual([]);
  });

  it('takes a pack of many pieces', async () => {
    await forge.createRepository('large');
    const random = scratch.line(['hash-object', '-w', '--stdin'], { input: pseudoRandom(3_000_000) });
    const tree = scratch.line(['mktree'], { input: `100644 blob ${random}\tdata\n` });
    const commit = scratch.line(['commit-tree', '-m', 'Large', tree]);
    const run = await forge.git(scratch.directory, ['push', daemon.url('large'), `${commit}:refs/heads/main`]);
    expect(run).toMatchObject({ status: 0 });
  });

  it('says what is wrong with a pack', async () => {
    await forge.createRepository('bad');
    const socket = createConnection({ port: Number(new URL(daemon.url('bad').replace('git:', 'http:')).port) });
    const chunks: Buffer[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    const head = scratch.line(['rev-parse', 'HEAD']);
    socket.write(encodePktLine('git-receive-pack /ada/bad\0host=x\0'));
    socket.write(encodePktLine(`${'0'.repeat(40)} ${head} refs/heads/main\0report-status`));
    socket.write(Buffer.concat([encodePktLine(FLUSH), Buffer.from('PACK\0\0\0\x09\0\0\0\x01')]));
    await new Promise((resolve) => socket.on('close', resolve));
    const answer = Buffer.concat(chunks).toString();
    expect(answer).toMatch(/unpack .*version/);
    expect(answer).toContain('ng refs/heads/main unpacker error');
  });

  it('works for a deploy key, which is no account', async () => {
    const { id } = await forge.createRepository('deployed');
    const key = { kind: 'deploy-key', keyId: 1, title: 'CI', repositoryId: id, readOnly: false } as const;
    const door = await GitDaemon.start(forge, key);
    expect(await forge.git(scratch.directory, ['push', door.url('deployed'), 'main'])).toMatchObject({ status: 0 });
    await door.close();
    const [row] = await forge.accounts.database.sql<{ actor_id: number | null }[]>`
      select actor_id from push where repository_id = ${id}`;
    expect(row).toEqual({ actor_id: null });
  });
});

function pseudoRandom(length: number): Buffer {
  const bytes = Buffer.alloc(length);
  let state = 1;
  for (let index = 0; index < length; index++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    bytes[index] = state >>> 16;
  }
  return bytes;
}
