/** Git over HTTP when the engine fails, or the client leaves. */
import { mkdirSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { DELIM, encodePktLine, FLUSH } from '#git/pkt-line/encode.ts';
import type { GitServices } from '#transport/git-services.ts';
import { hasDatabase } from '../support/database.ts';
import { GitForge } from '../support/git-forge.ts';

const MIB = 1 << 20;

describe.skipIf(!hasDatabase)('git over HTTP, in trouble', () => {
  let forge: GitForge;
  let copy: string;
  let headId: string;
  /** Replaces methods of the engine during one test. */
  let trouble: Partial<GitServices['engine']> = {};

  beforeAll(async () => {
    forge = await GitForge.start((engine) => ({
      snapshot: (...args) => (trouble.snapshot ?? engine.snapshot.bind(engine))(...args),
      readableSnapshot: engine.readableSnapshot.bind(engine),
      planPack: (...args) => (trouble.planPack ?? engine.planPack.bind(engine))(...args),
      receive: (...args) => (trouble.receive ?? engine.receive.bind(engine))(...args),
    }));
    await forge.createRepository('project');
    copy = path.join(forge.folder, 'copy');
    mkdirSync(copy);
    writeFileSync(path.join(copy, 'README'), 'hello\n');
    for (const args of [
      ['init', '-q', '-b', 'main'],
      ['add', '-A'],
      ['commit', '-q', '-m', 'One'],
      ['push', '-q', forge.url('project', 'ada'), 'main'],
    ]) {
      expect(await forge.git(copy, args)).toMatchObject({ status: 0 });
    }
    headId = (await forge.git(copy, ['rev-parse', 'HEAD'])).stdout.trim();
  });

  afterEach(() => {
    trouble = {};
  });

  afterAll(() => forge?.close());

  it.each([0, 2] as const)('tells who clones that the pack broke off, in version %i', async (version) => {
    trouble.planPack = async () => ({
      objectCount: 3,
      wholePacks: [],
      async *stream() {
        yield Buffer.from('PACK\0\0\0\x02\0\0\0\x03');
        throw new Error('the disk is on fire');
      },
    });
    const clone = path.join(forge.folder, `broken-${version}`);
    const { status, stderr } = await forge.git(forge.folder, ['clone', forge.url('project'), clone], { version });
    expect(status).not.toBe(0);
    expect(stderr).toMatch(/remote: internal server error \(request [0-9a-f-]{36}\)/);
    expect(stderr).not.toContain('fire');
  });

  it('tells who clones that there is an error of ours before the pack', async () => {
    trouble.snapshot = () => Promise.reject(new Error('the database is on fire'));
    const { status, stderr } = await forge.git(forge.folder, ['ls-remote', forge.url('project')]);
    expect(status).not.toBe(0);
    expect(stderr).toMatch(/internal server error \(request [0-9a-f-]{36}\)/);
  });

  it('refuses every ref of a push that failed for reasons of ours', async () => {
    trouble.receive = () => Promise.reject(new Error('the store is on fire'));
    const { status, stderr } = await forge.git(copy, ['push', forge.url('project', 'ada'), 'main:one', 'main:two']);
    expect(status).not.toBe(0);
    expect(stderr).toMatch(/unpack failed: internal server error \(request [0-9a-f-]{36}\)/);
    expect(stderr.match(/\[remote rejected\] main -> (?:one|two) \(unpacker error\)/g)).toHaveLength(2);
  });

  it('answers a push whose pack the engine did not want to read', async () => {
    writeFileSync(path.join(copy, 'big'), Buffer.from(Array.from({ length: 4 * MIB }, () => Math.random() * 256)));
    await forge.git(copy, ['add', '-A']);
    await forge.git(copy, ['commit', '-q', '-m', 'Big']);
    trouble.receive = async ({ commands }) => ({
      unpackError: 'pack is too large',
      refs: commands.map(({ name }) => ({ kind: 'rejected', name, reason: 'unpacker error' })),
    });
    const { status, stderr } = await forge.git(copy, ['push', forge.url('project', 'ada'), 'main']);
    expect(status).not.toBe(0);
    expect(stderr).toContain('unpack failed: pack is too large');
  });

  it('holds back progress of a push until the pack is in, and then sends it', async () => {
    trouble.receive = async ({ commands, pack, onPackConsumed, onProgress }) => {
      onProgress('Early: 1\n');
      for await (const _ of pack ?? []);
      onPackConsumed();
      onProgress('Late: 2\n');
      return { unpackError: undefined, refs: commands.map(({ name }) => ({ kind: 'ok', name })) };
    };
    const { status, stderr } = await forge.git(copy, ['push', '--progress', forge.url('project', 'ada'), 'main']);
    expect({ status, stderr }).toMatchObject({
      status: 0,
      stderr: expect.stringMatching(/remote: Early: 1[\s\S]*remote: Late: 2/),
    });
  });

  it('stops the work for a client that leaves, and makes no more of a pack than it takes', async () => {
    let madeBytes = 0;
    let ended = false;
    let signal: AbortSignal | undefined;
    trouble.planPack = async (_, request) => {
      signal = request.signal;
      return {
        objectCount: 1,
        wholePacks: [],
        async *stream() {
          try {
            for (;;) {
              madeBytes += MIB;
              yield Buffer.alloc(MIB);
            }
          } finally {
            ended = true;
          }
        },
      };
    };
    const body = Buffer.concat(['command=fetch', DELIM, `want ${headId}`, 'done', FLUSH].map(encodePktLine));
    const socket = net.connect(forge.port, '127.0.0.1');
    socket.write(
      'POST /ada/project.git/git-upload-pack HTTP/1.1\r\nHost: localhost\r\nGit-Protocol: version=2\r\n' +
        `Content-Type: application/x-git-upload-pack-request\r\nContent-Length: ${body.length}\r\n\r\n`,
    );
    socket.write(body);
    socket.pause();
    await vi.waitFor(() => expect(madeBytes).toBeGreaterThan(0));
    await vi.waitUntil(
      isStalled(() => madeBytes),
      { timeout: 20_000, interval: 200 },
    );
    expect(madeBytes).toBeLessThan(64 * MIB);
    expect(signal?.aborted).toBe(false);
    socket.destroy();
    await vi.waitFor(() => expect([signal?.aborted, ended]).toEqual([true, true]), { timeout: 10_000 });
  });
});

/** Whether a number is the same as when it was asked for last. */
function isStalled(read: () => number): () => boolean {
  let last = -1;
  return () => {
    const stalled = read() === last;
    last = read();
    return stalled;
  };
}
