import { describe, expect, it } from 'vitest';
import { indexPack } from '../../../tests/fixtures/index-pack.ts';
import { diffDelta, objectId, PackMaker, TYPE, treeEntry } from '../../../tests/fixtures/pack-maker.ts';

/** Bodies of a chain of trees, the innermost first. */
function chainOf(levels: number, name: string, files: readonly string[] = []): Buffer[] {
  const blob = objectId('blob', 'x');
  const bodies: Buffer[] = [];
  for (let level = 0; level < levels; level++) {
    const inner = bodies.at(-1);
    const entry = inner ? treeEntry('40000', 'd', objectId('tree', inner)) : treeEntry('100644', name, blob);
    bodies.push(Buffer.concat([...files.map((file) => treeEntry('100644', file, blob)), entry]));
  }
  return bodies;
}

function deepTreesOf(pack: Buffer, treeLevelsMax: number): string[] {
  const { deepTreeIds } = indexPack(pack, { treeLevelsMax }).report;
  return Array.from({ length: deepTreeIds.length / 20 }, (_, at) =>
    Buffer.from(deepTreeIds).toString('hex', at * 20, at * 20 + 20),
  ).sort();
}

describe('findDeepTrees', () => {
  it('finds the trees with more levels than allowed, and none when there are as many', () => {
    const maker = new PackMaker();
    maker.add(TYPE.blob, 'x');
    const bodies = chainOf(30, 'f');
    for (const body of bodies) maker.add(TYPE.tree, body);
    const pack = maker.build();
    expect(deepTreesOf(pack, 30)).toEqual([]);
    expect(deepTreesOf(pack, 28)).toEqual(
      bodies
        .slice(-2)
        .map((body) => objectId('tree', body))
        .sort(),
    );
  });

  it('follows deltas, which repeat nothing of what their bases hold', () => {
    const maker = new PackMaker();
    maker.add(TYPE.blob, 'x');
    const files = ['a', 'b', 'c'];
    const bodies = chainOf(30, 'f', files);
    for (const body of bodies) maker.add(TYPE.tree, body);
    // Another file beside the folder, by a delta that copies the folder.
    const top = bodies.at(-1) as Buffer;
    const changed = Buffer.concat([treeEntry('100644', 'A', objectId('blob', 'x')), top]);
    const before = maker.add(TYPE.tree, Buffer.concat([top, treeEntry('100644', 'e', objectId('blob', 'x'))]));
    maker.addOfsDelta(
      before,
      diffDelta(Buffer.concat([top, treeEntry('100644', 'e', objectId('blob', 'x'))]), changed),
    );
    expect(deepTreesOf(maker.build(), 29)).toContain(objectId('tree', changed));
  });

  it('does not pass over trees that stand on what they hold', () => {
    const maker = new PackMaker();
    maker.add(TYPE.blob, 'x');
    const bodies = chainOf(12, 'f', ['a', 'b', 'c']);
    let base = maker.add(TYPE.tree, bodies.at(-1) as Buffer);
    for (let level = bodies.length - 2; level >= 0; level--) {
      base = maker.addOfsDelta(base, diffDelta(bodies[level + 1] as Buffer, bodies[level] as Buffer));
    }
    // Each bound follows from the next, so all have to be looked at.
    expect(deepTreesOf(maker.build(), 5)).toHaveLength(12);
  });
});
