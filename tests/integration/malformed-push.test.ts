/** Packs with something wrong, sent to a server of its own: a clear answer to each, and afterwards it is as if nothing had come. */
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { deflateSync, gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { connectDatabase, type Database } from '#db/client.ts';
import { encodePktLine, FLUSH } from '#git/pkt-line/encode.ts';
import { makeHistory, packAll } from '../fixtures/history.ts';
import { makeDelta, objectId, PackMaker, TYPE, treeEntry, typeAndSize, withTrailer } from '../fixtures/pack-maker.ts';
import { ScratchRepository } from '../fixtures/scratch-repository.ts';
import { createTestDatabase, hasDatabase } from '../support/database.ts';
import { ForgeProcess } from '../support/forge-process.ts';
import { type RawAnswer, request } from '../support/raw-http.ts';

const MIB = 1024 * 1024;
const ZERO_ID = '0'.repeat(40);
const UNKNOWN_ID = '12'.repeat(20);
const TOKEN = 'a-token-of-the-tests-alone';
const TEXT = 'some text that is long enough to copy from\n';
const WHO = 'A U Thor <a@example.com> 1700000000 +0000';
/** Far more than any of these needs, far less than what they announce. */
const GROWTH_MAX_MIB = 800;

describe.skipIf(!hasDatabase)('a malformed push', () => {
  let folder: string;
  let forge: ForgeProcess;
  let database: Database;
  let repository: ScratchRepository;
  let target: string;
  let headId: string;
  let sound: Buffer;
  let rowsBefore: string[];
  let filesBefore: string[];
  let residentBeforeMib: number;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(os.tmpdir(), 'malformed-push-'));
    const { url } = await createTestDatabase();
    database = connectDatabase(url);
    const settings = { DATABASE_URL: url, DATA_DIR: folder, ADMIN_USERNAME: 'ada', ADMIN_TOKEN: TOKEN };
    forge = await ForgeProcess.start({ settings });
    repository = new ScratchRepository();
    makeHistory(repository);
    headId = repository.line(['rev-parse', 'main']);
    sound = packAll(repository, '--delta-base-offset');
    target = `http://ada:${TOKEN}@${new URL(forge.url).host}/ada/target.git`;
    repository.git(['push', '-q', target, 'main']);
    rowsBefore = await packRows();
    filesBefore = storedFiles();
    residentBeforeMib = memoryMib('VmRSS');
  });

  afterAll(async () => {
    await forge?.stop('SIGKILL');
    await database?.close();
    repository?.[Symbol.dispose]();
    await rm(folder, { recursive: true, force: true });
  });

  afterEach(async () => {
    expect(await forge.isReady()).toBe(true);
    expect(repository.line(['ls-remote', target]), 'refs').toBe(`${headId}\tHEAD\n${headId}\trefs/heads/main`);
    expect(await packRows(), 'rows of packs').toEqual(rowsBefore);
    expect(storedFiles(), 'files in storage').toEqual(filesBefore);
    expect(memoryMib('VmHWM') - residentBeforeMib, 'memory').toBeLessThan(GROWTH_MAX_MIB);
  });

  async function packRows(): Promise<string[]> {
    const rows = await database.sql<{ id: string; state: string }[]>`select id, state from pack order by id`;
    return rows.map((row) => `${row.id} ${row.state}`);
  }

  function storedFiles(): string[] {
    const entries = readdirSync(path.join(folder, 'blobs'), { recursive: true, withFileTypes: true });
    return entries.filter((entry) => entry.isFile()).map((entry) => path.join(entry.parentPath, entry.name));
  }

  function memoryMib(field: 'VmRSS' | 'VmHWM'): number {
    const status = readFileSync(`/proc/${forge.child.pid}/status`, 'utf8');
    return Number(new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status)?.[1]) / 1_024;
  }

  function push(pack: Uint8Array, options: { newId?: string; gzip?: boolean } = {}): Promise<RawAnswer> {
    const command = `${ZERO_ID} ${options.newId ?? headId} refs/heads/new\0report-status`;
    const body = Buffer.concat([encodePktLine(command), encodePktLine(FLUSH), pack]);
    return request(Number(new URL(forge.url).port), 'POST', '/ada/target.git/git-receive-pack', {
      headers: {
        'content-type': 'application/x-git-receive-pack-request',
        authorization: `Basic ${Buffer.from(`ada:${TOKEN}`).toString('base64')}`,
        ...(options.gzip ? { 'content-encoding': 'gzip' } : {}),
      },
      body: options.gzip ? gzipSync(body) : body,
    });
  }

  /** The reason that the report gives: of the unpacking, or of the ref when that went well. */
  async function reasonOf(answer: Promise<RawAnswer>): Promise<string> {
    const { status, body } = await answer;
    expect(status).toBe(200);
    const [unpack = '', ref = ''] = body.toString('utf8').split('\n');
    expect(ref).toMatch(/^[0-9a-f]{4}ng refs\/heads\/new /);
    return unpack.endsWith('unpack ok')
      ? ref.slice('0000ng refs/heads/new '.length)
      : unpack.slice('0000unpack '.length);
  }

  function packOf(fill: (maker: PackMaker) => void, announcedCount?: number): Buffer {
    const maker = new PackMaker();
    fill(maker);
    return maker.build(announcedCount);
  }

  it.each([0, 3, 11, 12, 13, 100, -21, -20, -19, -1])('cut short at %i', async (end) => {
    expect(await reasonOf(push(sound.subarray(0, end)))).toMatch(/ends early|^eof before pack header/);
  });

  it('with any bit flipped', async () => {
    for (let bit = 0; bit < sound.length * 8; bit += Math.ceil(sound.length / 5)) {
      const flipped = Buffer.from(sound);
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(await reasonOf(push(flipped)), `bit ${bit}`).toMatch(/^(?!internal)./);
    }
  });

  const blobId = objectId('blob', TEXT);
  const commit = `tree ${blobId}\nauthor ${WHO}\ncommitter ${WHO}\n\nhello\n`;
  const withBlob = (type: number, body: string | Buffer) => () =>
    packOf((maker) => {
      maker.add(TYPE.blob, TEXT);
      maker.add(type, body);
    });
  const withDelta = (delta: Buffer) => () =>
    packOf((maker) => void maker.addOfsDelta(maker.add(TYPE.blob, TEXT), delta));

  it.each<[string, () => Buffer, RegExp]>([
    ['random bytes', () => Buffer.alloc(70_000, 0x9c), /pack signature mismatch/],
    ['a pack of 2^32 - 1 objects', () => packOf(() => undefined, 0xffffffff), /announces 4294967295 objects/],
    ['bytes behind the pack', () => Buffer.concat([sound, Buffer.from('more')]), /bytes after its trailer/],
    ['a wrong checksum', () => Buffer.concat([sound.subarray(0, -20), Buffer.alloc(20)]), /checksum/],
    ['a pack of SHA-256', () => withTrailer(sound.subarray(0, -20), 32), /bytes after its trailer|checksum/],
    ['an object of type 0', () => packOf((maker) => void maker.add(0, TEXT)), /unknown object type 0/],
    ['an object of type 5', () => packOf((maker) => void maker.add(5, TEXT)), /unknown object type 5/],
    [
      'an object of 2^50 bytes',
      () => packOf((maker) => void maker.addRaw(Buffer.concat([typeAndSize(TYPE.tree, 2 ** 50), deflateSync('')]))),
      /1125899906842624 bytes .* exceeds the size allowed/,
    ],
    ['an object that is longer than it says', () => packOf((maker) => void maker.add(TYPE.blob, TEXT, 5)), /5 bytes/],
    ['one object twice', withBlob(TYPE.blob, TEXT), /appears twice/],
    ['a commit whose tree is a blob', withBlob(TYPE.commit, commit), /it is a blob, and referred to as something else/],
    [
      'a tree whose file is a commit of the repository',
      () => packOf((maker) => void maker.add(TYPE.tree, treeEntry('100644', 'file', headId))),
      /it is a commit, and referred to as something else/,
    ],
    [
      'a tree whose folder is a blob',
      withBlob(TYPE.tree, treeEntry('40000', 'folder', blobId)),
      /it is a blob, and referred to as something else/,
    ],
    ['a tree that leaves its folder', withBlob(TYPE.tree, treeEntry('100644', '..', blobId)), /hasDotdot/],
    ['a tree with an empty name', withBlob(TYPE.tree, treeEntry('100644', '', blobId)), /badTree/],
    ['a commit of random bytes', withBlob(TYPE.commit, Buffer.alloc(300, 0x9c)), /./],
    [
      'a delta on nothing',
      () => packOf((maker) => void maker.addRefDelta(UNKNOWN_ID, makeDelta(5, []))),
      /1 unresolved/,
    ],
    [
      'deltas in a cycle',
      () =>
        packOf((maker) => {
          maker.addRefDelta('aa'.repeat(20), makeDelta(5, [{ insert: 'b' }]));
          maker.addRefDelta('bb'.repeat(20), makeDelta(5, [{ insert: 'a' }]));
        }),
      /2 unresolved/,
    ],
    [
      'a delta on a base of another size',
      () => packOf((maker) => void maker.addRefDelta(headId, makeDelta(5, [{ insert: 'x' }]))),
      /its base has \d+ bytes, not the 5/,
    ],
    ['a delta that copies from beyond its base', withDelta(makeDelta(43, [{ copy: 40, size: 4 }])), /outside base/],
    ['a delta that announces 2^50 bytes', withDelta(makeDelta(43, [], 2 ** 50)), /exceeds the size allowed/],
    [
      'a chain of more deltas than are allowed',
      () =>
        packOf((maker) => {
          let base = maker.add(TYPE.blob, 'x'.repeat(9));
          for (let link = 0; link < 4_100; link++)
            base = maker.addOfsDelta(base, makeDelta(9, [{ insert: `${link}`.padEnd(9) }]));
        }),
      /chain is longer than 4095/,
    ],
    [
      'a chain of more deltas by id than are allowed',
      () =>
        packOf((maker) => {
          let text = 'x'.repeat(9);
          maker.add(TYPE.blob, text);
          for (let link = 0; link < 300; link++) {
            const next = `${link}`.padEnd(9);
            maker.addRefDelta(objectId('blob', text), makeDelta(9, [{ insert: next }]));
            text = next;
          }
        }),
      /chain of more than 256 deltas that name their bases by id/,
    ],
  ])('%s', async (_, makePack, message) => {
    expect(await reasonOf(push(makePack()))).toMatch(message);
  });

  describe('that is a bomb', () => {
    it('of deltas that double', async () => {
      const pack = packOf((maker) => {
        let size = MIB;
        let base = maker.add(TYPE.blob, Buffer.alloc(size));
        for (; size <= 128 * MIB; size *= 2) {
          const half = Array.from({ length: size / 0x10000 }, (_, index) => ({ copy: index * 0x10000, size: 0x10000 }));
          base = maker.addOfsDelta(base, makeDelta(size, [...half, ...half]));
        }
      });
      expect(pack.length).toBeLessThan(100_000);
      expect(await reasonOf(push(pack))).toMatch(/exceeds the size allowed/);
    });

    it('of deltas whose results add up', async () => {
      const size = 100 * MIB;
      const copies = Array.from({ length: size / 0x10000 }, (_, index) => ({ copy: index * 0x10000, size: 0x10000 }));
      const pack = packOf((maker) => {
        const base = maker.add(TYPE.blob, Buffer.alloc(size));
        for (let number = 0; number < 600; number++) {
          maker.addOfsDelta(base, makeDelta(size, [...copies, { insert: `${number}` }]));
        }
      });
      expect(await reasonOf(push(pack))).toMatch(/inflates to more bytes than a push may have/);
    }, 120_000);

    it('of gzip around it', async () => {
      expect(await reasonOf(push(Buffer.alloc(500 * MIB), { gzip: true }))).toMatch(/pack signature mismatch/);
    });

    it('of one object that is larger than it may be', async () => {
      const pack = packOf((maker) => void maker.add(TYPE.blob, Buffer.alloc(501 * MIB)));
      expect(await reasonOf(push(pack))).toMatch(/blob of 525336576 bytes .* exceeds the size allowed/);
    });
  });

  it('that wants a ref on what the pack does not bring', async () => {
    expect(
      await reasonOf(
        push(
          packOf(() => undefined),
          { newId: UNKNOWN_ID },
        ),
      ),
    ).toBe('missing necessary objects');
  });

  it('whose sender goes away', async () => {
    const abort = new AbortController();
    const command = encodePktLine(`${ZERO_ID} ${headId} refs/heads/new\0report-status`);
    const sending = fetch(`${forge.url}/ada/target.git/git-receive-pack`, {
      method: 'POST',
      headers: {
        'content-type': 'application/x-git-receive-pack-request',
        authorization: `Basic ${Buffer.from(`ada:${TOKEN}`).toString('base64')}`,
      },
      body: new ReadableStream({
        start(controller) {
          controller.enqueue(Buffer.concat([command, encodePktLine(FLUSH), sound.subarray(0, -5)]));
        },
      }),
      duplex: 'half',
      signal: abort.signal,
    } as RequestInit);
    while ((await packRows()).length === rowsBefore.length) await new Promise((resolve) => setTimeout(resolve, 20));
    abort.abort();
    await expect(sending).rejects.toThrow(/abort/);
    while ((await packRows()).length > rowsBefore.length) await new Promise((resolve) => setTimeout(resolve, 20));
  });
});
