/** What clients meet when there is more to do than the server takes on at once. */
import { connect, type Socket } from 'node:net';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { encodePktLine, FLUSH } from '#git/pkt-line/encode.ts';
import type { PackedRepositoryEngine } from '#repository/packed-repository-engine.ts';
import type { GitServices } from '#transport/git-services.ts';
import { ScratchRepository } from '../fixtures/scratch-repository.ts';
import { createTestAdmission } from '../support/admission.ts';
import { hasDatabase } from '../support/database.ts';
import { GitForge } from '../support/git-forge.ts';
import { request } from '../support/raw-http.ts';

const PER_CLIENT = 8;
/** Long enough for a machine that does much else. */
const waitFor = (check: () => void) => vi.waitFor(check, { timeout: 15_000 });
const ZERO_ID = '0'.repeat(40);

describe.skipIf(!hasDatabase)('under too much work', () => {
  const admission = createTestAdmission({ perClientMax: PER_CLIENT, waitMaxMs: 200 });
  let forge: GitForge;
  let scratch: ScratchRepository;
  let headId: string;
  /** Fetches wait for it. */
  let gate = Promise.withResolvers<void>();

  beforeAll(async () => {
    gate.resolve();
    forge = await GitForge.start(waitAtGate, admission);
    scratch = new ScratchRepository();
    scratch.git(['commit', '-q', '--allow-empty', '-m', 'First']);
    headId = scratch.line(['rev-parse', 'HEAD']);
    await forge.createRepository('busy');
    const pushed = await forge.git(scratch.directory, ['push', '-q', forge.url('busy', 'ada'), 'main']);
    expect(pushed).toMatchObject({ status: 0 });
  });

  afterEach(async () => {
    gate.resolve();
    await waitFor(() => expect(admission.counts).toEqual({ running: 0, waiting: 0 }));
  });

  afterAll(async () => {
    scratch?.[Symbol.dispose]();
    await forge?.close();
  });

  function waitAtGate(engine: PackedRepositoryEngine): GitServices['engine'] {
    return {
      snapshot: engine.snapshot.bind(engine),
      readableSnapshot: engine.readableSnapshot.bind(engine),
      receive: engine.receive.bind(engine),
      planPack: async (snapshot, order) => {
        await Promise.race([gate.promise, aborted(order.signal)]);
        return engine.planPack(snapshot, order);
      },
    };
  }

  function aborted(signal: AbortSignal): Promise<never> {
    return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  }

  function cloneBody(): Buffer {
    const lines = ['command=fetch', { kind: 'delim' } as const, `want ${headId}\n`, 'done\n', FLUSH];
    return Buffer.concat(lines.map((line) => encodePktLine(line)));
  }

  function clone() {
    return request(forge.port, 'POST', '/ada/busy.git/git-upload-pack', {
      headers: { 'content-type': 'application/x-git-upload-pack-request', 'git-protocol': 'version=2' },
      body: cloneBody(),
    });
  }

  async function fillUp() {
    gate = Promise.withResolvers();
    const clones = Array.from({ length: PER_CLIENT }, () => clone());
    await waitFor(() => expect(admission.counts.running).toBe(PER_CLIENT));
    return clones;
  }

  it('turns away the ninth clone of an address, and says when to come back', async () => {
    const clones = await fillUp();
    const ninth = await clone();
    expect(ninth).toMatchObject({
      status: 429,
      headers: { 'retry-after': '10', 'content-type': 'text/plain; charset=utf-8' },
    });
    expect(ninth.body.toString()).toBe(
      'Too many of your clones, pushes and downloads are running at once. Try again in 10 s.\n',
    );
    gate.resolve();
    expect((await Promise.all(clones)).map(({ status }) => status)).toEqual(Array(PER_CLIENT).fill(200));
    expect((await clone()).status).toBe(200);
  });

  it('shows the reason to people', async () => {
    const clones = await fillUp();
    const target = path.join(forge.folder, 'turned-away');
    const refused = await forge.git(forge.folder, ['clone', forge.url('busy'), target]);
    expect(refused.status).not.toBe(0);
    expect(refused.stderr).toMatch(/429|Too many of your clones/);
    gate.resolve();
    await Promise.all(clones);
  });

  it('lets a clone in that waits while another one ends', async () => {
    const clones = await fillUp();
    const ninth = clone();
    await waitFor(() => expect(admission.counts.waiting).toBe(1));
    gate.resolve();
    expect((await ninth).status).toBe(200);
    await Promise.all(clones);
  });

  it('goes on telling what the refs are', async () => {
    const clones = await fillUp();
    const listed = await forge.git(forge.folder, ['ls-remote', forge.url('busy')]);
    expect(listed).toMatchObject({ status: 0, stdout: expect.stringContaining(headId) });
    gate.resolve();
    await Promise.all(clones);
  });

  it('turns away archives alike', async () => {
    const clones = await fillUp();
    const archive = await request(forge.port, 'POST', '/ada/busy.git/git-upload-archive', {
      headers: { 'content-type': 'application/x-git-upload-archive-request' },
      body: Buffer.concat([encodePktLine('argument HEAD\n'), encodePktLine(FLUSH)]),
    });
    expect(archive).toMatchObject({ status: 429, headers: { 'retry-after': '10' } });
    gate.resolve();
    await Promise.all(clones);
  });

  it('turns away a push before its pack was read, and makes no repository for it', async () => {
    const holders = Array.from({ length: PER_CLIENT }, () => Promise.withResolvers<void>());
    const jobs = holders.map(({ promise }) =>
      admission.run(
        { repositoryId: -1, client: `user:${forge.owner.userId}`, signal: new AbortController().signal },
        () => promise,
      ),
    );
    const command = `${ZERO_ID} ${headId} refs/heads/new\0 report-status`;
    for (const name of ['busy', 'never-made']) {
      const pushed = await request(forge.port, 'POST', `/ada/${name}.git/git-receive-pack`, {
        headers: { 'content-type': 'application/x-git-receive-pack-request', authorization: forge.authorization },
        body: Buffer.concat([encodePktLine(command), encodePktLine(FLUSH), Buffer.alloc(100_000)]),
      });
      expect(pushed).toMatchObject({ status: 429, headers: { 'retry-after': '10' } });
    }
    expect(await forge.accounts.catalog.find('ada', 'never-made', forge.owner)).toBeUndefined();
    for (const { resolve } of holders) resolve();
    await Promise.all(jobs);
  });

  it('has room again as soon as clients leave', async () => {
    gate = Promise.withResolvers();
    const sockets = Array.from({ length: PER_CLIENT + 3 }, () => beginClone());
    await waitFor(() => expect(admission.counts).toEqual({ running: PER_CLIENT, waiting: 3 }));
    for (const socket of sockets) socket.destroy();
    await waitFor(() => expect(admission.counts).toEqual({ running: 0, waiting: 0 }));
    gate.resolve();
    expect((await clone()).status).toBe(200);
  });

  function beginClone(): Socket {
    const body = cloneBody();
    const socket = connect(forge.port, 'localhost');
    socket.on('error', () => {});
    socket.write(
      [
        'POST /ada/busy.git/git-upload-pack HTTP/1.1',
        'Host: localhost',
        'Content-Type: application/x-git-upload-pack-request',
        'Git-Protocol: version=2',
        `Content-Length: ${body.length}`,
        '',
        '',
      ].join('\r\n'),
    );
    socket.write(body);
    return socket;
  }

  it('takes on nothing while it stops', async () => {
    const stopping = createTestAdmission();
    const other = await GitForge.start(undefined, stopping);
    try {
      await other.createRepository('last');
      expect(await other.git(scratch.directory, ['push', '-q', other.url('last', 'ada'), 'main'])).toMatchObject({
        status: 0,
      });
      stopping.stop();
      const late = await request(other.port, 'POST', '/ada/last.git/git-upload-pack', {
        headers: { 'content-type': 'application/x-git-upload-pack-request', 'git-protocol': 'version=2' },
        body: cloneBody(),
      });
      expect(late).toMatchObject({ status: 503, headers: { 'retry-after': '10' } });
      expect(late.body.toString()).toBe('The server is being restarted. Try again in 10 s.\n');
    } finally {
      await other.close();
    }
  });
});
