import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeHistory, packAll } from '../../../tests/fixtures/history.ts';
import { indexPack } from '../../../tests/fixtures/index-pack.ts';
import { ScratchRepository } from '../../../tests/fixtures/scratch-repository.ts';
import { objectFormatOf, SHA1, SHA256 } from '../object/object-id.ts';
import { PackIndex } from './pack-index.ts';
import { encodePackSummary, PackSummary } from './pack-summary.ts';

describe.each(['sha1', 'sha256'] as const)('the summary of a pack of %s', (objectFormat) => {
  const format = objectFormatOf(objectFormat);
  const { idBytes } = format;
  let repository: ScratchRepository;
  let index: PackIndex;
  let summary: PackSummary;
  beforeAll(() => {
    repository = new ScratchRepository({ objectFormat });
    makeHistory(repository);
    repository.git(['commit-graph', 'write', '--reachable']);
    const { report } = indexPack(packAll(repository), { format });
    index = new PackIndex(report.index, format);
    summary = new PackSummary(report.summary, format);
  });
  afterAll(() => repository[Symbol.dispose]());

  const idAt = (position: number) => Buffer.from(index.idAt(position)).toString('hex');
  const slot = (ids: Uint8Array, row: number) =>
    Buffer.from(ids.slice(row * idBytes, (row + 1) * idBytes)).toString('hex');

  it('knows the type and size of every object', () => {
    const types = ['', 'commit', 'tree', 'blob', 'tag'];
    const ours = [...summary.types].map(
      (type, position) => `${idAt(position)} ${types[type]} ${summary.sizes[position]}`,
    );
    const format = '--batch-check=%(objectname) %(objecttype) %(objectsize)';
    expect(ours).toEqual(repository.line(['cat-file', '--batch-all-objects', format]).split('\n'));
  });

  it('knows tree, date and parents of every commit', () => {
    const ours = [...summary.commits].map((position, row) => {
      const parents = Array.from(
        { length: (summary.parentStarts[row + 1] as number) - (summary.parentStarts[row] as number) },
        (_, parent) => slot(summary.parentIds, (summary.parentStarts[row] as number) + parent),
      );
      return [idAt(position), slot(summary.treeIds, row), summary.dates[row], parents.join(' ')].join('|');
    });
    expect(ours).toEqual(repository.line(['log', '--all', '--format=%H|%T|%ct|%P']).split('\n').sort());
  });

  it('has for roots what no object refers to', () => {
    const tags = repository.line(['for-each-ref', '--format=%(objectname)', 'refs/tags']).split('\n');
    const head = repository.line(['rev-parse', 'main']);
    expect([...summary.roots].map(idAt)).toEqual([...tags, head].sort());
  });
});

describe('PackSummary', () => {
  const content = {
    types: Uint8Array.of(1, 3, 2),
    sizes: Uint32Array.of(180, 0xffffffff, 0),
    commits: Uint32Array.of(0),
    dates: Float64Array.of(2 ** 40),
    parentStarts: Uint32Array.of(0, 2),
    roots: Uint32Array.of(0, 1),
    treeIds: new Uint8Array(20).fill(7),
    parentIds: new Uint8Array(40).fill(9),
  };

  it('reads back as it was written, wherever its bytes lie', () => {
    const bytes = encodePackSummary(content, SHA1);
    const shifted = Buffer.concat([Buffer.alloc(3), bytes]).subarray(3);
    for (const place of [bytes, shifted]) expect({ ...new PackSummary(place, SHA1) }).toMatchObject(content);
  });

  it('of a pack without commits has tables of no rows', () => {
    const empty = {
      ...content,
      commits: new Uint32Array(0),
      dates: new Float64Array(0),
      parentStarts: Uint32Array.of(0),
    };
    const bytes = encodePackSummary({ ...empty, treeIds: new Uint8Array(0), parentIds: new Uint8Array(0) }, SHA1);
    expect(new PackSummary(bytes, SHA1).commits).toHaveLength(0);
  });

  it.each<[string, (bytes: Uint8Array) => Uint8Array]>([
    ['nothing', () => new Uint8Array(0)],
    ['other bytes', (bytes) => bytes.fill(1, 0, 1)],
    ['another version', (bytes) => bytes.fill(9, 4, 5)],
    ['a count that its size belies', (bytes) => bytes.fill(200, 12, 13)],
    ['an end that is missing', (bytes) => bytes.subarray(0, -1)],
    ['bytes too many', (bytes) => Buffer.concat([bytes, Buffer.alloc(8)])],
  ])('refuses %s', (_, damage) => {
    expect(() => new PackSummary(damage(encodePackSummary(content, SHA1)), SHA1)).toThrow(
      expect.objectContaining({ name: 'CorruptPackError' }),
    );
  });

  it('refuses one of the other object format', () => {
    expect(() => new PackSummary(encodePackSummary(content, SHA1), SHA256)).toThrow(/do not fit/);
  });
});
