import { describe, expect, it } from 'vitest';
import { indexPack } from '../../../tests/fixtures/index-pack.ts';
import { diffDelta, makeDelta, objectId, PackMaker, TYPE } from '../../../tests/fixtures/pack-maker.ts';
import { SHA1 } from '../object/object-id.ts';
import { EntryReader } from './entry-reader.ts';
import { EntrySource } from './entry-source.ts';
import { type EntryTable, EntryTableBuilder, NO_BASE } from './entry-table.ts';
import { appendObjects, findSuperfluous } from './thin-completion.ts';

const [A, B] = [Buffer.from('first body'), Buffer.from('another body')] as const;

function blob(body: Buffer) {
  return { id: Buffer.from(objectId('blob', body), 'hex'), typeNumber: TYPE.blob, body };
}

/** Entries with the given ids and bases, as after resolving. */
function tableOf(rows: readonly (readonly [body: Buffer, base: number])[]): EntryTable {
  const builder = new EntryTableBuilder(SHA1);
  for (const [body, base] of rows) {
    const entry = builder.add();
    builder.arrays.base[entry] = base;
    builder.arrays.offset[entry] = 12 + entry * 100;
    builder.arrays.type[entry] = TYPE.blob;
    builder.arrays.id.set(blob(body).id, entry * 20);
  }
  return builder.finish(12 + rows.length * 100);
}

describe('appendObjects', () => {
  it('puts whole objects where the trailer stood', async () => {
    const maker = new PackMaker();
    maker.add(TYPE.blob, 'own');
    const pack = maker.build();
    const { table } = indexPack(pack);
    const end = table.offset[table.count] as number;
    expect(end).toBe(pack.length - 20);

    const completion = await appendObjects(table, [blob(A), blob(B)]);
    expect(completion.entries).toEqual([1, 2]);
    expect(completion.table.count).toBe(3);
    expect(completion.table.offset[1]).toBe(end);
    expect(completion.table.offset[3]).toBe(end + completion.bytes.length);
    expect([...completion.table.base.subarray(1, 3)]).toEqual([NO_BASE, NO_BASE]);

    const segments = [
      { offset: 0, bytes: pack.subarray(0, end) },
      { offset: end, bytes: completion.bytes },
    ];
    const reader = new EntryReader(completion.table, new EntrySource(segments));
    expect([0, 1, 2].map((entry) => Buffer.from(reader.read(entry)).toString())).toEqual(['own', `${A}`, `${B}`]);
    // The table that was there before is as it was.
    expect(table.count).toBe(1);
  });

  it('appends nothing when nothing is missing', async () => {
    const completion = await appendObjects(tableOf([[A, NO_BASE]]), []);
    expect([completion.entries, completion.bytes.length, completion.table.count]).toEqual([[], 0, 1]);
  });
});

describe('findSuperfluous', () => {
  it('finds appended objects that the pack has itself', () => {
    // 0 stands on the appended 2; 1 is A once more, on the appended 3.
    const table = tableOf([
      [Buffer.from('top'), 2],
      [A, 3],
      [A, NO_BASE],
      [B, NO_BASE],
    ]);
    expect([...findSuperfluous(table, 2)]).toEqual([0]);
  });

  it("leaves those alone on which the pack's own stands", () => {
    const table = tableOf([
      [Buffer.from('between'), 2],
      [A, 0],
      [A, NO_BASE],
    ]);
    expect([...findSuperfluous(table, 2)]).toEqual([]);
  });
});

describe('EntryReader', () => {
  it('reads the same with bodies kept as without', () => {
    const maker = new PackMaker();
    const bodies = Array.from({ length: 20 }, (_, index) => Buffer.from(`${'common '.repeat(20)}${index}`));
    let offset = maker.add(TYPE.blob, bodies[0] as Buffer);
    for (let index = 1; index < bodies.length; index++) {
      offset = maker.addOfsDelta(offset, diffDelta(bodies[index - 1] as Buffer, bodies[index] as Buffer));
    }
    maker.addOfsDelta(12, makeDelta(bodies[0]?.length ?? 0, [{ copy: 0, size: 7 }]));
    const pack = maker.build();
    const { table } = indexPack(pack);
    for (const keepBytes of [0, 300, 1_000_000]) {
      const reader = new EntryReader(table, new EntrySource([{ offset: 0, bytes: pack }]), keepBytes);
      for (const entry of [19, 3, 0, 10, 20, 19, 11]) {
        const expected = entry === 20 ? 'common ' : `${bodies[entry]}`;
        expect(Buffer.from(reader.read(entry)).toString()).toBe(expected);
      }
    }
  });
});
