/** Pushes of objects that the repository has already: compared byte for byte, and stored no worse for it. */
import { createCipheriv } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectDatabase, type Database } from '#db/client.ts';
import { DEFAULT_GIT_SETTINGS } from '#repository/git-settings.ts';
import { PackedRepositoryEngine } from '#repository/packed-repository-engine.ts';
import type { PushOutcome } from '#repository/repository-engine.ts';
import { MemoryBlobStore } from '#storage/memory-blob-store.ts';
import { packKey } from '#storage/storage-key.ts';
import { diffDelta, objectId, PackMaker, TYPE, treeEntry, typeAndSize } from '../fixtures/pack-maker.ts';
import { createTestDatabase, hasDatabase } from '../support/database.ts';

const ZERO = '0'.repeat(40);
const MIB = 1024 * 1024;

/** A commit with one tree of blobs. */
function history(files: Record<string, Uint8Array | string>, message = 'One') {
  const blobs = Object.values(files);
  const names = Object.keys(files);
  const tree = Buffer.concat(
    names.map((name, index) => treeEntry('100644', name, objectId('blob', blobs[index] ?? ''))),
  );
  const who = 'Ada <ada@example.com> 1700000000 +0000';
  const commit = `tree ${objectId('tree', tree)}\nauthor ${who}\ncommitter ${who}\n\n${message}\n`;
  return { blobs, tree, commit, tip: objectId('commit', commit) };
}

/** Stored, not compressed: another content of the same length has an entry of the same length. */
function plainEntry(body: Uint8Array): Buffer {
  return Buffer.concat([typeAndSize(TYPE.blob, body.length), deflateSync(body, { level: 0 })]);
}

function packOf({ blobs, tree, commit }: ReturnType<typeof history>): Buffer {
  const maker = new PackMaker();
  maker.add(TYPE.commit, commit);
  maker.add(TYPE.tree, tree);
  for (const blob of blobs) maker.addRaw(plainEntry(Buffer.from(blob as string)));
  return maker.build();
}

function noise(length: number, seed: number): Buffer {
  return createCipheriv('aes-128-ctr', Buffer.alloc(16, seed), Buffer.alloc(16)).update(Buffer.alloc(length));
}

describe.skipIf(!hasDatabase)('objects that come again', () => {
  let db: Database;
  let drop: () => Promise<void>;
  let blobs: MemoryBlobStore;
  let engine: PackedRepositoryEngine;
  let repositoryId: number;
  let actorId: number;

  beforeAll(async () => {
    const database = await createTestDatabase();
    drop = database.drop;
    db = connectDatabase(database.url);
    const [owner] = await db.sql<[{ id: number }]>`
      insert into account (kind, login, login_key) values ('user', 'ada', 'ada') returning id`;
    actorId = owner.id;
  });

  beforeEach(async () => {
    blobs = new MemoryBlobStore();
    engine = new PackedRepositoryEngine({ db, blobs, threadCount: 2 });
    const name = `r${Math.random()}`;
    const [row] = await db.sql<[{ id: number }]>`
      insert into repository (owner_id, name, name_key, visibility) values (${actorId}, ${name}, ${name}, 'private') returning id`;
    repositoryId = row.id;
    return () => engine.close();
  });

  afterAll(async () => {
    await db?.close();
    await drop?.();
  });

  async function push(pack: Buffer, newId: string, name: string): Promise<PushOutcome> {
    async function* chunks() {
      for (let at = 0; at < pack.length; at += 65_536) yield pack.subarray(at, at + 65_536);
    }
    return engine.receive({
      repositoryId,
      actorId,
      commands: [{ name, oldId: ZERO, newId }],
      atomic: false,
      pushOptions: [],
      settings: DEFAULT_GIT_SETTINGS,
      shallowIds: [],
      pack: chunks(),
      signal: new AbortController().signal,
      onPackConsumed: () => {},
      onProgress: () => {},
    });
  }

  async function packKeys(): Promise<string[]> {
    const rows = await db.sql<{ id: string }[]>`
      select pack_id as id from repository_pack where repository_id = ${repositoryId} order by ordinal`;
    return rows.map((row) => packKey(row.id));
  }

  /** Changes what is stored behind the engine's back, as a collision would have it: same names, other content. */
  async function replaceStored(from: Buffer, to: Buffer): Promise<void> {
    const [key = ''] = await packKeys();
    const stored = Buffer.from(await blobs.read(key, { offset: 0, lengthBytes: 1024 * MIB }));
    const at = stored.indexOf(from);
    if (at < 0 || to.length !== from.length) throw new Error('nothing to replace');
    to.copy(stored, at);
    await blobs.delete(key);
    await blobs.put(key, stored);
    // Another process, which has nothing of it in memory.
    await engine.close();
    engine = new PackedRepositoryEngine({ db, blobs, threadCount: 2 });
  }

  it.each<[string, Buffer]>([
    ['small', Buffer.from('the small content')],
    ['large', noise(20 * MIB, 1)],
  ])('are taken when they are the same: a %s one', async (_, blob) => {
    const first = history({ file: blob });
    expect(await push(packOf(first), first.tip, 'refs/heads/main')).toMatchObject({ refs: [{ kind: 'ok' }] });
    const second = history({ file: blob, other: 'other' }, 'Two');
    expect(await push(packOf(second), second.tip, 'refs/heads/other')).toMatchObject({ refs: [{ kind: 'ok' }] });
    const { objects } = await engine.snapshot(repositoryId);
    expect((await objects.stream(objectId('blob', blob))).sizeBytes).toBe(blob.length);
  });

  it.each<[string, Buffer, Buffer]>([
    ['small', Buffer.from('the small content'), Buffer.from('the other content')],
    ['large', noise(20 * MIB, 1), Buffer.concat([noise(20 * MIB, 1).subarray(0, -1), Buffer.of(0)])],
  ])('are refused when they differ: a %s one', async (_, blob, impostor) => {
    const first = history({ file: blob });
    await push(packOf(first), first.tip, 'refs/heads/main');
    await replaceStored(plainEntry(blob), plainEntry(impostor));
    const second = history({ file: blob }, 'Two');
    expect(await push(packOf(second), second.tip, 'refs/heads/other')).toEqual({
      unpackError: `SHA1 COLLISION FOUND WITH ${objectId('blob', blob)} !`,
      refs: [{ kind: 'rejected', name: 'refs/heads/other', reason: 'unpacker error' }],
    });
    expect(await packKeys()).toHaveLength(1);
    expect(await db.sql`select id from pack where state = 'pending'`).toHaveLength(0);
  });

  it('are compared through the deltas that make them', async () => {
    const bodies = Array.from({ length: 30 }, (_, index) =>
      Buffer.concat([noise(4_000, 7), Buffer.from(`end ${index}`)]),
    );
    const files = Object.fromEntries(bodies.map((body, index) => [`f${String(index).padStart(2, '0')}`, body]));
    const first = history(files);
    await push(packOf(first), first.tip, 'refs/heads/main');
    const second = history({ ...files, zz: 'more' }, 'Two');
    const chained = () => {
      const maker = new PackMaker();
      maker.add(TYPE.commit, second.commit);
      maker.add(TYPE.tree, second.tree);
      let offset = maker.add(TYPE.blob, bodies[0] as Buffer);
      for (let index = 1; index < bodies.length; index++) {
        offset = maker.addOfsDelta(offset, diffDelta(bodies[index - 1] as Buffer, bodies[index] as Buffer));
      }
      maker.add(TYPE.blob, 'more');
      return maker.build();
    };
    await replaceStored(
      plainEntry(bodies[20] as Buffer),
      plainEntry(Buffer.concat([noise(4_000, 7), Buffer.from('END 20')])),
    );
    expect((await push(chained(), second.tip, 'refs/heads/other')).unpackError).toBe(
      `SHA1 COLLISION FOUND WITH ${objectId('blob', bodies[20] as Buffer)} !`,
    );
    await replaceStored(
      plainEntry(Buffer.concat([noise(4_000, 7), Buffer.from('END 20')])),
      plainEntry(bodies[20] as Buffer),
    );
    expect(await push(chained(), second.tip, 'refs/heads/other')).toMatchObject({ refs: [{ kind: 'ok' }] });
  });

  it('may be deltas of a thin pack that others in it name by id', async () => {
    const [base, middle, top] = ['base', 'middle', 'top'].map((end) =>
      Buffer.concat([noise(500, 3), Buffer.from(end)]),
    );
    if (!base || !middle || !top) throw new Error('three bodies');
    const first = history({ base, middle });
    await push(packOf(first), first.tip, 'refs/heads/main');
    const second = history({ middle, top }, 'Two');
    const maker = new PackMaker();
    maker.add(TYPE.commit, second.commit);
    maker.add(TYPE.tree, second.tree);
    maker.addRefDelta(objectId('blob', middle), diffDelta(middle, top));
    maker.addRefDelta(objectId('blob', base), diffDelta(base, middle));
    expect(await push(maker.build(), second.tip, 'refs/heads/other')).toMatchObject({ refs: [{ kind: 'ok' }] });
    const [, stored = ''] = await packKeys();
    const header = Buffer.from(await blobs.read(stored, { offset: 0, lengthBytes: 12 }));
    // Commit, tree, top, middle, and the one base that was not in it.
    expect(header.readUInt32BE(8)).toBe(5);
    const { objects } = await engine.snapshot(repositoryId);
    expect(Buffer.from((await objects.read(objectId('blob', top))).body)).toEqual(top);
  });
});
