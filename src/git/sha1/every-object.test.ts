import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { makeHistory, packAll } from '../../../tests/fixtures/history.ts';
import { entryId, indexPack } from '../../../tests/fixtures/index-pack.ts';
import { diffDelta, objectId, PackMaker, TYPE, treeEntry } from '../../../tests/fixtures/pack-maker.ts';
import { ScratchRepository } from '../../../tests/fixtures/scratch-repository.ts';
import { readShattered } from '../../../tests/fixtures/sha1dc-oracle.ts';
import { STREAMED_BLOB_MIN_BYTES } from '../pack/pack-parser.ts';
import { AttackDetector } from './attack-detector.ts';

/** Notes what it is shown. */
class Recorder extends AttackDetector {
  readonly ids: string[] = [];
  #hash = createHash('sha1');

  override update(bytes: Uint8Array): void {
    this.#hash.update(bytes);
    super.update(bytes);
  }

  override endObject(ids?: Uint8Array, idStart?: number): void {
    this.ids.push(this.#hash.digest('hex'));
    this.#hash = createHash('sha1');
    super.endObject(ids, idStart);
  }
}

describe('the objects of a pack', () => {
  it.each(['--delta-base-offset', '--no-delta-base-offset'])('are all looked at, whole or deltas (%s)', (deltas) => {
    using repository = new ScratchRepository();
    makeHistory(repository, 20);
    const detector = new Recorder();
    const { table } = indexPack(packAll(repository, deltas), { detector });
    const all = repository.git(['cat-file', '--batch-all-objects', '--batch-check=%(objectname)']);
    expect(detector.ids.sort()).toEqual(all.toString().trim().split('\n'));
    const named = Array.from({ length: table.count }, (_, entry) => entryId(table, entry));
    expect(named.sort()).toEqual(detector.ids);
  });

  it('have their ids when git finds fault with one of them', () => {
    const maker = new PackMaker();
    const tree = Buffer.concat([treeEntry('100644', 'a', '11'.repeat(20)), treeEntry('100644', 'b', '11'.repeat(20))]);
    const base = maker.add(TYPE.tree, tree);
    const bad = Buffer.concat([tree, treeEntry('100644', 'a', '11'.repeat(20))]);
    maker.addOfsDelta(base, diffDelta(tree, bad));
    const id = objectId('tree', bad);
    expect(() => indexPack(maker.build(), { detector: new AttackDetector() })).toThrow(`object ${id}: `);
  });

  it('are looked at when they stream by', () => {
    const maker = new PackMaker();
    const body = Buffer.alloc(STREAMED_BLOB_MIN_BYTES + 3, 'text ');
    maker.add(TYPE.blob, body);
    const detector = new Recorder();
    indexPack(maker.build(), { detector });
    expect(detector.ids).toEqual([createHash('sha1').update(`blob ${body.length}\0`).update(body).digest('hex')]);
  });

  it('are refused when the last of them is part of an attack', () => {
    const maker = new PackMaker();
    maker.add(TYPE.blob, Buffer.from('harmless'));
    const detector = new AttackDetector();
    // No object is known that is attacked: the message of one has to begin with its header.
    detector.check(readShattered(1));
    expect(() => indexPack(maker.build(), { detector })).toThrow(
      'SHA-1 appears to be part of a collision attack: f92d74e3874587aaf443d1db961d4e26dde13e9c',
    );
  });
});
