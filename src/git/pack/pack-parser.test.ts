import { randomBytes } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeHistory, packAll } from '../../../tests/fixtures/history.ts';
import { entryId, indexPack } from '../../../tests/fixtures/index-pack.ts';
import { objectId, PackMaker, TYPE } from '../../../tests/fixtures/pack-maker.ts';
import { ScratchRepository } from '../../../tests/fixtures/scratch-repository.ts';
import { STREAMED_BLOB_MIN_BYTES } from './pack-parser.ts';

let repository: ScratchRepository;
beforeAll(() => {
  repository = new ScratchRepository();
  makeHistory(repository);
});
afterAll(() => repository[Symbol.dispose]());

/** Everything that indexing finds out, in a form to compare. */
function resultOf(chunks: Uint8Array | Iterable<Uint8Array>) {
  const { parsed, table, report } = indexPack(chunks);
  const { offset, type, size, crc, base } = table;
  return {
    sizeBytes: parsed.sizeBytes,
    inflatedBytes: parsed.inflatedBytes,
    trailer: Buffer.from(parsed.trailer).toString('hex'),
    tables: [offset, type, size, crc, base].map((column) => [...column.subarray(0, table.count)]),
    index: Buffer.from(report.index).toString('hex'),
    summary: Buffer.from(report.summary).toString('hex'),
  };
}

function* cut(pack: Uint8Array, sizes: readonly number[]): Iterable<Uint8Array> {
  let at = 0;
  for (let turn = 0; at < pack.length; turn++) {
    const size = sizes[turn % sizes.length] as number;
    // A copy: what a feed was given may be gone by the next.
    yield Uint8Array.from(pack.subarray(at, at + size));
    at += size;
  }
}

describe('PackParser', () => {
  it.each([['--delta-base-offset'], ['--no-delta-base-offset']])(
    'finds the same in a pack (%s) however it is cut',
    (option) => {
      const pack = packAll(repository, option);
      const whole = resultOf(pack);
      for (const size of [1, 2, 3, 7, 20, 21]) expect(resultOf(cut(pack, [size]))).toEqual(whole);
      const sizes = fc.array(fc.oneof(fc.nat(30), fc.nat(3_000)), { minLength: 1, maxLength: 20 });
      fc.assert(
        fc.property(
          sizes.filter((some) => some.some((size) => size > 0)),
          (some) => {
            expect(resultOf(cut(pack, some))).toEqual(whole);
          },
        ),
        { numRuns: 30 },
      );
    },
  );

  it('finds the same in a small pack cut in two at every byte', () => {
    const maker = new PackMaker();
    const base = maker.add(TYPE.blob, 'a base\n'.repeat(9));
    maker.add(TYPE.blob, '');
    maker.addOfsDelta(base, Buffer.from([63, 7, 0x90, 7]));
    const pack = maker.build();
    const whole = resultOf(pack);
    for (let at = 0; at <= pack.length; at++) {
      expect(resultOf([pack.subarray(0, at), pack.subarray(at)])).toEqual(whole);
    }
  });

  it('names the objects of git as git does', () => {
    const { table } = indexPack(packAll(repository));
    const listing = repository.line([
      'cat-file',
      '--batch-all-objects',
      '--batch-check=%(objectname) %(objecttype) %(objectsize)',
    ]);
    const types = ['', 'commit', 'tree', 'blob', 'tag'];
    const ours = Array.from(
      { length: table.count },
      (_, entry) => `${entryId(table, entry)} ${types[table.type[entry] as number]} ${table.size[entry]}`,
    );
    expect(ours.sort()).toEqual(listing.split('\n'));
  });

  it('takes a pack without objects', () => {
    const { parsed } = indexPack(new PackMaker().build());
    expect([parsed.table.count, parsed.sizeBytes]).toEqual([0, 32]);
  });

  it('hashes large blobs as they pass by, and shows nobody their bytes', () => {
    const large = randomBytes(STREAMED_BLOB_MIN_BYTES + 5);
    const maker = new PackMaker();
    maker.add(TYPE.blob, 'small');
    maker.add(TYPE.blob, large);
    maker.add(TYPE.blob, 'small too');
    const { table, wholeEntries } = indexPack(cut(maker.build(), [100_000]));
    expect([0, 1, 2].map((entry) => entryId(table, entry))).toEqual(
      ['small', large, 'small too'].map((body) => objectId('blob', body)),
    );
    expect(wholeEntries).toEqual([0, 2]);
  });

  it('takes a stream whose end comes alone', () => {
    const maker = new PackMaker();
    maker.add(TYPE.blob, 'text');
    const pack = maker.build();
    expect(indexPack([pack, Buffer.alloc(0), Buffer.alloc(0)]).table.count).toBe(1);
  });
});
