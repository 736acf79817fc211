import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeHistory, packAll } from '../../../tests/fixtures/history.ts';
import { indexPack } from '../../../tests/fixtures/index-pack.ts';
import { ScratchRepository } from '../../../tests/fixtures/scratch-repository.ts';
import { objectFormatOf, SHA1 } from '../object/object-id.ts';
import { EntryTableBuilder } from './entry-table.ts';
import { encodePackIndex, PackIndex, sortEntriesById } from './pack-index.ts';

describe.each(['sha1', 'sha256'] as const)('the index of a pack of %s', (objectFormat) => {
  const format = objectFormatOf(objectFormat);
  let repository: ScratchRepository;
  beforeAll(() => {
    repository = new ScratchRepository({ objectFormat });
    makeHistory(repository);
  });
  afterAll(() => repository[Symbol.dispose]());

  function gitIndex(pack: Uint8Array): Buffer {
    const file = join(repository.directory, 'some.pack');
    writeFileSync(file, pack);
    repository.git(['index-pack', '--strict', file]);
    return readFileSync(join(repository.directory, 'some.idx'));
  }

  it.each([
    ['distances', ['--delta-base-offset']],
    ['ids', ['--no-delta-base-offset']],
    ['long chains', ['--delta-base-offset', '--depth=200', '--window=50']],
    ['no deltas', ['--window=0']],
  ])('is byte by byte what git writes (bases named by %s)', (_, options) => {
    const pack = packAll(repository, ...options);
    const { report } = indexPack(pack, { format });
    expect(Buffer.compare(report.index, gitIndex(pack))).toBe(0);
  });

  it('finds every object, and none that is not there', () => {
    const pack = packAll(repository);
    const index = new PackIndex(gitIndex(pack), format);
    const listed = repository.line(['show-index', `--object-format=${objectFormat}`], { input: gitIndex(pack) });
    for (const line of listed.split('\n')) {
      const [offset, hex = ''] = line.split(' ');
      const id = Buffer.from(hex, 'hex');
      expect(index.offsetAt(index.find(id))).toBe(Number(offset));
      expect(Buffer.from(index.idAt(index.lowerBound(id.subarray(0, 6)))).equals(id)).toBe(true);
      for (const last of [0, 255]) {
        const other = Buffer.from(id);
        other[format.idBytes - 1] = last;
        if (!other.equals(id)) expect(index.find(other)).toBe(-1);
      }
    }
    expect([0, 255].map((byte) => index.find(Buffer.alloc(format.idBytes, byte)))).toEqual([-1, -1]);
  });
});

describe('PackIndex', () => {
  const OFFSETS = [12, 0x7fffffff, 0x80000000, 0x123456789a];

  function indexWithLargeOffsets(): Uint8Array {
    const builder = new EntryTableBuilder(SHA1);
    OFFSETS.forEach((offset, number) => {
      const entry = builder.add();
      builder.arrays.offset[entry] = offset;
      builder.arrays.id.fill(200 - number * 50, entry * 20, entry * 20 + 20);
    });
    const table = builder.finish(2 ** 40);
    return encodePackIndex(table, sortEntriesById(table), new Uint8Array(20));
  }

  it('keeps offsets beyond 2 GiB', () => {
    const index = new PackIndex(indexWithLargeOffsets(), SHA1);
    const found = OFFSETS.map((_, number) => index.offsetAt(index.find(new Uint8Array(20).fill(200 - number * 50))));
    expect(found).toEqual(OFFSETS);
  });

  it.each<[string, (bytes: Buffer) => Uint8Array]>([
    ['nothing', () => new Uint8Array(0)],
    ['another signature', (bytes) => bytes.fill(0, 0, 1)],
    ['version 3', (bytes) => bytes.fill(3, 7, 8)],
    ['a fan-out that decreases', (bytes) => bytes.fill(1, 8, 9)],
    ['a count that its size belies', (bytes) => bytes.fill(1, 8 + 255 * 4, 8 + 255 * 4 + 1)],
    ['an end that is missing', (bytes) => bytes.subarray(0, -1)],
    ['half of it missing', (bytes) => bytes.subarray(0, bytes.length / 2)],
  ])('refuses %s', (_, damage) => {
    expect(() => new PackIndex(damage(Buffer.from(indexWithLargeOffsets())), SHA1)).toThrow(
      expect.objectContaining({ name: 'CorruptPackError' }),
    );
  });

  it('refuses a row of large offsets that is not there', () => {
    const bytes = Buffer.from(indexWithLargeOffsets());
    const offsetStart = 8 + 1024 + 4 * 24;
    bytes.writeUInt32BE(0x80000009, offsetStart);
    const index = new PackIndex(bytes, SHA1);
    expect(() => index.offsetAt(0)).toThrow(/no row 9/);
  });
});
