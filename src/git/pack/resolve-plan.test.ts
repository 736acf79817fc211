import { describe, expect, it } from 'vitest';
import { SHA1 } from '../object/object-id.ts';
import { linkFamilies } from './delta-families.ts';
import { type EntryTable, EntryTableBuilder, NO_BASE } from './entry-table.ts';
import { planBatches, rangesOf } from './resolve-plan.ts';

/** Entries of 100 bytes each, with the given bases. */
function tableOf(bases: readonly number[]): EntryTable {
  const builder = new EntryTableBuilder(SHA1);
  for (const base of bases) {
    const entry = builder.add();
    builder.arrays.base[entry] = base;
    builder.arrays.offset[entry] = entry * 100;
  }
  return builder.finish(bases.length * 100);
}

const ALL = { retainedBytes: 0, batchBytes: 1_000, gapMaxBytes: 0, rangeMaxBytes: 1_000 };

describe('planBatches', () => {
  // Families: 0 ← 1, 2 ← 4; 3 alone; 5 ← 6.
  const table = tableOf([NO_BASE, 0, 0, NO_BASE, 2, NO_BASE, 5]);
  const families = linkFamilies(table);

  it('takes what has deltas on it, and reads back what they need', () => {
    expect(planBatches(table, families, ALL)).toEqual([
      {
        roots: Int32Array.of(0, 5),
        ranges: [
          { offset: 0, lengthBytes: 300 },
          { offset: 400, lengthBytes: 300 },
        ],
      },
    ]);
  });

  it('closes a batch when it is large enough', () => {
    const roots = planBatches(table, families, { ...ALL, batchBytes: 400 }).map((batch) => [...batch.roots]);
    expect(roots).toEqual([[0], [5]]);
  });

  it('reads back nothing that is in memory', () => {
    const [batch] = planBatches(table, families, { ...ALL, retainedBytes: 500 });
    expect(batch?.ranges).toEqual([{ offset: 500, lengthBytes: 200 }]);
    expect(planBatches(table, families, { ...ALL, retainedBytes: 700 })[0]?.ranges).toEqual([]);
  });

  it('has nothing to do without deltas', () => {
    const plain = tableOf([NO_BASE, NO_BASE]);
    expect(planBatches(plain, linkFamilies(plain), ALL)).toEqual([]);
  });
});

describe('rangesOf', () => {
  const table = tableOf(Array.from({ length: 10 }, () => NO_BASE));

  it('joins entries across gaps that are worth reading along, in whatever order they come', () => {
    expect(rangesOf(table, [3, 0, 1], { gapMaxBytes: 100, rangeMaxBytes: 1_000 })).toEqual([
      { offset: 0, lengthBytes: 400 },
    ]);
    expect(rangesOf(table, [3, 0, 1], { gapMaxBytes: 99, rangeMaxBytes: 1_000 })).toEqual([
      { offset: 0, lengthBytes: 200 },
      { offset: 300, lengthBytes: 100 },
    ]);
  });

  it('makes no range longer than it may be', () => {
    const lengths = rangesOf(table, [0, 1, 2, 3, 4], { gapMaxBytes: 0, rangeMaxBytes: 250 }).map(
      (range) => range.lengthBytes,
    );
    expect(lengths).toEqual([200, 200, 100]);
  });

  it('is empty for nothing', () => {
    expect(rangesOf(table, [], { gapMaxBytes: 0, rangeMaxBytes: 1 })).toEqual([]);
  });
});
