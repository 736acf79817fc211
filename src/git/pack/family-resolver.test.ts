import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeHistory, packAll } from '../../../tests/fixtures/history.ts';
import { entryId, indexPack } from '../../../tests/fixtures/index-pack.ts';
import { diffDelta, objectId, PackMaker, TYPE } from '../../../tests/fixtures/pack-maker.ts';
import { ScratchRepository } from '../../../tests/fixtures/scratch-repository.ts';
import { STRICT } from '../fsck/finding.ts';
import { SHA1 } from '../object/object-id.ts';
import { linkFamilies } from './delta-families.ts';
import { EntrySource } from './entry-source.ts';
import { FamilyResolver } from './family-resolver.ts';
import { PackInspector } from './pack-inspector.ts';

/** So little that no ancestor's body is kept: each is derived again when its next child comes. */
const NOTHING = { limits: { pathMaxBytes: 1 } };

describe('FamilyResolver', () => {
  let repository: ScratchRepository;
  beforeAll(() => {
    repository = new ScratchRepository();
    makeHistory(repository, 20);
  });
  afterAll(() => repository[Symbol.dispose]());

  it('finds the same with no memory for the path as with all of it', () => {
    const pack = packAll(repository, '--delta-base-offset', '--depth=100', '--window=50');
    expect(indexPack(pack, NOTHING).report).toEqual(indexPack(pack).report);
  });

  it('names every member of a family, whatever its shape', () => {
    const parents = fc.array(fc.nat(1_000), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(parents, (picks) => {
        const maker = new PackMaker();
        const bodies = [Buffer.from('0 '.repeat(3_000))];
        const offsets = [maker.add(TYPE.blob, bodies[0] as Buffer)];
        picks.forEach((pick, number) => {
          const parent = pick % bodies.length;
          const body = Buffer.from(bodies[parent] as Buffer);
          body.write(`${number + 1}`, (pick * 7) % 5_000);
          body.writeUInt32BE(number + 1, 5_900);
          offsets.push(maker.addOfsDelta(offsets[parent] as number, diffDelta(bodies[parent] as Buffer, body)));
          bodies.push(body);
        });
        const { table } = indexPack(maker.build(), NOTHING);
        expect(bodies.map((_, entry) => entryId(table, entry))).toEqual(bodies.map((body) => objectId('blob', body)));
      }),
      { numRuns: 60 },
    );
  });

  it('resolves deltas by id as it does those by distance', () => {
    const byId = indexPack(packAll(repository, '--no-delta-base-offset'));
    const byDistance = indexPack(packAll(repository, '--delta-base-offset'));
    const ids = ({ table }: typeof byId) =>
      Array.from({ length: table.count }, (_, entry) => entryId(table, entry)).sort();
    expect(ids(byId)).toEqual(ids(byDistance));
  });

  it('stops soon when the work is no longer wanted', () => {
    const maker = new PackMaker();
    const base = maker.add(TYPE.blob, 'x'.repeat(50));
    for (let number = 0; number < 2_000; number++) {
      maker.addOfsDelta(base, diffDelta(Buffer.from('x'.repeat(50)), Buffer.from(`${'x'.repeat(50)}${number}`)));
    }
    const pack = maker.build();
    const { table } = indexPack(pack);
    let asked = 0;
    const resolver = new FamilyResolver(
      table,
      linkFamilies(table),
      new EntrySource([{ offset: 0, bytes: pack }]),
      new PackInspector(SHA1, STRICT),
      { objectInMemoryMaxBytes: 1e6, deltaDepthMax: 50, pathMaxBytes: 1e6, inflatedMaxBytes: 1e9 },
      () => ++asked === 2,
    );
    expect(() => resolver.resolve(0)).toThrow(expect.objectContaining({ name: 'AbortError' }));
    expect(resolver.inflatedBytes).toBeLessThan(1_000 * 60);
  });
});
