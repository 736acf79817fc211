/** HTTP clients that wait, dawdle, fall silent or leave: each gets the answer that it can still be given, and leaves nothing behind. */
import { createHash, randomBytes } from 'node:crypto';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { encodePktLine, FLUSH } from '#git/pkt-line/encode.ts';
import { limits } from '#limits.ts';
import { MemoryBlobStore } from '#storage/memory-blob-store.ts';
import { PackMaker, TYPE } from '../fixtures/pack-maker.ts';
import { hasDatabase } from '../support/database.ts';
import { basic, LFS_JSON, LfsForge } from '../support/lfs-forge.ts';

vi.mock('#limits.ts', async (original) => {
  const { limits } = await original<typeof import('#limits.ts')>();
  return { limits: { ...limits, gitIdleTimeoutMs: 1_000, lingerIdleMs: 250 } };
});

const ZERO_ID = '0'.repeat(40);
const MIB = 1 << 20;
const UPLOAD_TYPE = 'Content-Type: application/x-git-upload-pack-request';
const RECEIVE_TYPE = 'Content-Type: application/x-git-receive-pack-request';

describe.skipIf(!hasDatabase)('slow clients', () => {
  let forge: LfsForge;
  let authorization: string;

  beforeAll(async () => {
    forge = await LfsForge.start(new MemoryBlobStore());
    authorization = `Authorization: ${basic('ada')}`;
    await forge.createRepository('open');
    await forge.createRepository('secret', 'private');
  });
  afterAll(() => forge.close());

  function open(method: string, target: string, lines: readonly string[]): Connection {
    return new Connection(
      forge.port,
      `${[`${method} /ada/${target} HTTP/1.1`, 'Host: localhost', ...lines].join('\r\n')}\r\n\r\n`,
    );
  }

  describe('that wait for an answer before they send', () => {
    it.each<[string, string, string, string[], RegExp]>([
      [
        'a stranger',
        'POST',
        'secret.git/git-receive-pack',
        [RECEIVE_TYPE],
        /^HTTP\/1\.1 401 [\s\S]*WWW-Authenticate: Basic/,
      ],
      ['a wrong type', 'POST', 'open.git/git-upload-pack', ['Content-Type: text/plain'], /^HTTP\/1\.1 415 /],
      ['a wrong method', 'PUT', 'open.git/git-upload-pack', [UPLOAD_TYPE], /^HTTP\/1\.1 405 [\s\S]*Allow: POST\r\n/],
      ['a file of dumb HTTP', 'GET', 'open.git/HEAD', [], /^HTTP\/1\.1 403 /],
      [
        'a stranger to LFS',
        'PUT',
        `secret.git/info/lfs/objects/${'a'.repeat(64)}`,
        [],
        /^HTTP\/1\.1 401 [\s\S]*LFS-Auth/,
      ],
      ['a wrong type for LFS', 'POST', 'open.git/info/lfs/objects/batch', [`Accept: ${LFS_JSON}`], /^HTTP\/1\.1 415 /],
    ])('%s', async (_, method, target, lines, expected) => {
      const watch = async (connection: string) => {
        using client = open(method, target, [...lines, 'Content-Length: 1000', `Connection: ${connection}`]);
        await vi.waitFor(() => expect(client.received).toMatch(expected));
        expect(client.received, 'the answer is whole').toMatch(/\r\n\r\n[\s\S]+[.\n}]$/);
        await client.closed;
      };
      await Promise.all([watch('keep-alive'), watch('close')]);
    });

    it('and then send all the same go on with their connection', async () => {
      using client = open('POST', 'open.git/git-upload-pack', ['Content-Length: 3000000']);
      await vi.waitFor(() => expect(client.received).toMatch(/^HTTP\/1\.1 415 /));
      client.send(Buffer.alloc(3_000_000));
      client.send('GET /ada/open.git/HEAD HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
      await client.closed;
      expect(client.received.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 415', 'HTTP/1.1 403']);
    });

    it('and then send more than is thrown away are cut off', async () => {
      using client = open('POST', 'open.git/git-upload-pack', [`Content-Length: ${2 * limits.drainMaxBytes}`]);
      const chunk = Buffer.alloc(MIB);
      for (let sent = 0; sent < 2 * limits.drainMaxBytes && !client.isClosed; sent += chunk.length) {
        await client.sendAndWait(chunk);
      }
      await client.closed;
      expect(client.received).toMatch(/^HTTP\/1\.1 415 /);
    });
  });

  describe('that fall silent', () => {
    it('in the middle of a fetch request are told so', async () => {
      using client = open('POST', 'open.git/git-upload-pack', [UPLOAD_TYPE, 'Content-Length: 1000']);
      client.send('0032want ');
      await client.closed;
      expect(client.received).toMatch(/^HTTP\/1\.1 408 [\s\S]*\r\n\r\nNothing of the request arrived for 1 s\.\n$/);
    });

    it('in the middle of the commands of a push are told so', async () => {
      using client = open('POST', 'open.git/git-receive-pack', [RECEIVE_TYPE, authorization, 'Content-Length: 1000']);
      client.send('00a0');
      await client.closed;
      expect(client.received).toMatch(/^HTTP\/1\.1 408 /);
    });

    it('in the middle of a pack are told so, and nothing of it stays', async () => {
      const { head, pack } = makePush();
      using client = open('POST', 'open.git/git-receive-pack', [
        RECEIVE_TYPE,
        authorization,
        'Content-Length: 90000000',
      ]);
      client.send(Buffer.concat([head, pack.subarray(0, pack.length / 2)]));
      await client.closed;
      expect(client.received).toMatch(/^HTTP\/1\.1 200 [\s\S]*unpack Nothing of the request arrived for 1 s\.\n/);
      await expectNothingLeft();
    });

    it('in the middle of an LFS object are told so, and nothing of it stays', async () => {
      const target = `open.git/info/lfs/objects/${'b'.repeat(64)}`;
      using client = open('PUT', target, [authorization, `Content-Length: ${20 * MIB}`]);
      client.send(randomBytes(10 * MIB));
      await client.closed;
      expect(client.received).toMatch(/^HTTP\/1\.1 408 [\s\S]*"message":"Nothing of the request arrived for 1 s\."/);
      await expectNothingLeft();
    });

    it('are not those that send little by little', async () => {
      const bytes = randomBytes(10);
      const oid = createHash('sha256').update(bytes).digest('hex');
      const target = `open.git/info/lfs/objects/${oid}`;
      using client = open('PUT', target, [authorization, `Content-Length: ${bytes.length}`, 'Connection: close']);
      for (const byte of bytes) {
        await sleep(200);
        client.send(Buffer.of(byte));
      }
      await client.closed;
      expect(client.received).toMatch(/^HTTP\/1\.1 200 /);
    });
  });

  describe('that leave', () => {
    it.each([1, 10, 100, 1_000, 100_000])('after %i bytes of a push leave nothing', async (length) => {
      const { head, pack } = makePush();
      const body = Buffer.concat([head, pack]);
      using client = open('POST', 'open.git/git-receive-pack', [
        RECEIVE_TYPE,
        authorization,
        `Content-Length: ${body.length}`,
      ]);
      await client.sendAndWait(body.subarray(0, length));
      await sleep(100);
      client.leave();
      await expectNothingLeft();
    });

    it('once all of a push is sent find it done, or nothing', async () => {
      const repository = await forge.createRepository('unheard');
      const { head, pack } = makePush();
      const body = Buffer.concat([head, pack]);
      using client = open('POST', 'unheard.git/git-receive-pack', [
        RECEIVE_TYPE,
        authorization,
        `Content-Length: ${body.length}`,
      ]);
      await client.sendAndWait(body);
      client.leave();
      await expectNothingLeft();
      const { refs } = await forge.services.engine.snapshot(repository.id, new AbortController().signal);
      expect(refs.refs.length).toBeLessThanOrEqual(1);
    });
  });

  /** Neither a pack that nobody finished nor an upload, whatever the client did. */
  async function expectNothingLeft(): Promise<void> {
    await vi.waitFor(
      async () => {
        const [row] = await forge.accounts.database.sql`
          select (select count(*) from pack where state = 'pending') as packs, (select count(*) from lfs_upload) as uploads`;
        expect(row).toEqual({ packs: 0, uploads: 0 });
      },
      { timeout: 10_000, interval: 100 },
    );
  }
});

/** A push of one blob to a branch: that it is no commit matters only once it has all arrived. */
function makePush(): { head: Buffer; pack: Buffer } {
  const blob = randomBytes(300_000);
  const maker = new PackMaker();
  maker.add(TYPE.blob, blob);
  const id = createHash('sha1').update(`blob ${blob.length}\0`).update(blob).digest('hex');
  const command = `${ZERO_ID} ${id} refs/tags/blob\0report-status`;
  return { head: Buffer.concat([command, FLUSH].map(encodePktLine)), pack: maker.build() };
}

/** A connection whose answer is watched while it is still to be sent on. */
class Connection {
  readonly closed: Promise<void>;
  received = '';
  isClosed = false;
  readonly #socket: net.Socket;

  constructor(port: number, bytes: string) {
    this.#socket = net.connect(port, '127.0.0.1');
    this.#socket.on('data', (chunk) => {
      this.received += chunk.toString('latin1');
    });
    this.closed = new Promise((resolve) => this.#socket.once('close', () => resolve()));
    this.#socket.on('error', () => {});
    this.#socket.once('close', () => {
      this.isClosed = true;
    });
    this.send(bytes);
  }

  send(bytes: string | Uint8Array): void {
    this.#socket.write(bytes);
  }

  /** Until the kernel has them, or the connection is gone. */
  sendAndWait(bytes: Uint8Array): Promise<void> {
    return new Promise((resolve) => this.#socket.write(bytes, () => resolve()));
  }

  leave(): void {
    this.#socket.destroy();
  }

  [Symbol.dispose](): void {
    this.leave();
  }
}
