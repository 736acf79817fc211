import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { makeHistory, packAll } from '../../../tests/fixtures/history.ts';
import { indexPack } from '../../../tests/fixtures/index-pack.ts';
import { PackMaker, TYPE } from '../../../tests/fixtures/pack-maker.ts';
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

  override endObject(): void {
    this.ids.push(this.#hash.digest('hex'));
    this.#hash = createHash('sha1');
    super.endObject();
  }
}

describe('the objects of a pack', () => {
  it.each(['--delta-base-offset', '--no-delta-base-offset'])('are all looked at, whole or deltas (%s)', (deltas) => {
    using repository = new ScratchRepository();
    makeHistory(repository, 20);
    const detector = new Recorder();
    indexPack(packAll(repository, deltas), { detector });
    const all = repository.git(['cat-file', '--batch-all-objects', '--batch-check=%(objectname)']);
    expect(detector.ids.sort()).toEqual(all.toString().trim().split('\n'));
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
