import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hasSources, readShattered, Sha1dcOracle } from '../../../tests/fixtures/sha1dc-oracle.ts';
import { conditionsOf, makeSuspectBlock } from '../../../tests/fixtures/suspect-block.ts';
import { AttackDetector } from './attack-detector.ts';
import { DISTURBANCE_VECTORS } from './disturbance-vectors.ts';
import { assembleKernel, type Sha1Kernel } from './sha1-kernel.ts';
import { BLOCK_BYTES, LANES, LAYOUT } from './sha1-layout.ts';

const detector = new AttackDetector();
const [first, second] = [readShattered(1), readShattered(2)];

/** SHA-256 of the masks of the blocks below, as sha1dc computes them. */
const RECORDED = '86d798d8277fac0cf45efe7e5fce94c877a3dee9465dadbd2307858c1c543131';

/** SHA-256 of the ids of the attacked messages among those below, as sha1dc judges them. */
const RECORDED_VERDICTS = 'eb881ae93ae07cbe8484c5b2fc3a5632b979c47a90cdf2bf5c7f0ee039df3836';

/** The id of the attacked object, or undefined. */
function attackOn(...messages: Uint8Array[]): string | undefined {
  detector.reset();
  try {
    for (const message of messages) detector.check(message);
    detector.finish();
    return undefined;
  } catch (error) {
    return String(error).replace('CollisionAttackError: SHA-1 appears to be part of a collision attack: ', '');
  }
}

describe('AttackDetector', () => {
  it('knows both SHAttered files, whatever follows', () => {
    const id = createHash('sha1').update(first).digest('hex');
    expect(createHash('sha1').update(second).digest('hex')).toBe(id);
    expect(first.equals(second)).toBe(false);
    expect(attackOn(first)).toBe(id);
    expect(attackOn(second)).toBe(id);
  });

  it('finds nothing in the same bytes behind the header of a blob', () => {
    expect(attackOn(Buffer.concat([Buffer.from(`blob ${first.length}\0`), first]))).toBeUndefined();
  });

  it('finds it among others, in every lane and at every length', () => {
    for (let extra = 0; extra < 2 * BLOCK_BYTES + 2; extra++) {
      const attacked = Buffer.concat([first, pseudoRandom(extra, extra)]);
      const before = Array.from({ length: extra % 7 }, (_, index) => pseudoRandom(500 * index, index));
      const id = createHash('sha1').update(attacked).digest('hex');
      expect(attackOn(...before, attacked, pseudoRandom(3000, extra)), `${extra} bytes behind it`).toBe(id);
      expect(attackOn(...before, attacked.subarray(0, 319))).toBeUndefined();
    }
  });

  it('finds it in an object larger than its memory that comes in pieces', () => {
    const body = pseudoRandom(5_000_000, 1);
    const id = createHash('sha1').update(first).update(body).digest('hex');
    for (const pieceBytes of [977, 65_536, 3_000_001]) {
      detector.reset();
      detector.check(pseudoRandom(70_000, 3));
      expect(() => {
        detector.update(first.subarray(0, 100));
        detector.update(first.subarray(100));
        for (let at = 0; at < body.length; at += pieceBytes) detector.update(body.subarray(at, at + pieceBytes));
        detector.endObject();
        detector.finish();
      }).toThrow(id);
    }
    expect(attackOn(body, Buffer.concat([body, first]))).toBeUndefined();
  });

  it('finds it wherever its memory comes to an end', () => {
    const memoryBytes = 1024 * 1024 - LAYOUT.arena;
    const filler = pseudoRandom(memoryBytes, 2);
    const id = createHash('sha1').update(first).digest('hex');
    for (let left = 0; left < 8 * BLOCK_BYTES; left += 7) {
      const before = filler.subarray(0, memoryBytes - left);
      expect(attackOn(before, Buffer.from('small'), first, filler.subarray(0, 2000)), `${left} bytes left`).toBe(id);
    }
  });

  it('names objects as SHA-1 does, side by side and alone', () => {
    const messages = Array.from({ length: 300 }, (_, seed) => pseudoRandom((seed * seed * 7) % 9_000, seed));
    // Every block of these is suspect.
    messages.push(Buffer.alloc(70_000, 8), Buffer.alloc(70_000, 96), pseudoRandom(1_200_000, 1));
    const ids = new Uint8Array(messages.length * 20);
    const named = () =>
      messages.map((_, index) => Buffer.from(ids.subarray(index * 20, index * 20 + 20)).toString('hex'));
    const expected = messages.map((message) => createHash('sha1').update(message).digest('hex'));
    for (const settleEach of [false, true]) {
      ids.fill(0);
      detector.reset();
      messages.forEach((message, index) => {
        detector.check(message, ids, index * 20);
        if (settleEach) detector.settle();
      });
      detector.finish();
      expect(named()).toEqual(expected);
    }
  });

  it('forgets an object that was given up', () => {
    detector.reset();
    detector.update(first);
    detector.reset();
    expect(attackOn(Buffer.from('blob 0\0'))).toBeUndefined();
  });
});

describe('the masks', () => {
  const blocks = [...suspectBlocks(), ...Array.from({ length: 4000 }, (_, seed) => pseudoRandom(BLOCK_BYTES, seed))];

  const judged = judgedMessages();

  it.each(['hashFour', 'hashOne'] as const)('are those that were recorded from sha1dc (%s)', (way) => {
    const masks = masksOf(blocks, way);
    expect(masks.slice(0, DISTURBANCE_VECTORS.length).map((mask, vector) => (mask >>> vector) & 1)).not.toContain(0);
    expect(masks.filter((mask) => mask !== 0).length).toBeGreaterThan(100);
    expect(createHash('sha256').update(masks.join()).digest('hex')).toBe(RECORDED);
  });

  it('lead to the verdicts that were recorded from sha1dc', () => {
    const verdicts = judged.map((message) => attackOn(message));
    expect(verdicts.filter((verdict) => verdict !== undefined).length).toBeGreaterThan(300);
    expect(createHash('sha256').update(verdicts.join()).digest('hex')).toBe(RECORDED_VERDICTS);
  });

  describe.skipIf(!hasSources)('and verdicts beside sha1dc itself', () => {
    let oracle: Sha1dcOracle;
    beforeAll(() => {
      oracle = new Sha1dcOracle();
    });
    afterAll(() => oracle[Symbol.dispose]());

    it('agree on random blocks and on blocks made to meet the conditions', () => {
      const theirs = oracle.judge(blocks).map(({ mask }) => mask);
      expect(masksOf(blocks, 'hashFour')).toEqual(theirs);
      expect(masksOf(blocks, 'hashOne')).toEqual(theirs);
    });

    it('agree on messages of all lengths around the borders of blocks', () => {
      expect(judged.map((message) => attackOn(message))).toEqual(
        oracle.judge(judged).map(({ isAttack, id }) => (isAttack ? id : undefined)),
      );
    });
  });
});

/** Sound and attacked messages of all lengths around the borders of blocks, and suspects that are none. */
function judgedMessages(): Uint8Array[] {
  const messages = Array.from({ length: 400 }, (_, size) => pseudoRandom(size, size));
  const attacked = messages.map((message, index) => Buffer.concat([index % 2 ? first : second, message]));
  const suspects = suspectBlocks().map((block) => Buffer.concat([first.subarray(0, 256), block, block]));
  return [...messages, ...attacked, ...suspects];
}

/** For each vector, a block that it allows; then blocks that miss one of its conditions. */
function suspectBlocks(): Uint8Array[] {
  const vectors = [...DISTURBANCE_VECTORS.keys()];
  const met = vectors.map((vector) => makeSuspectBlock(vector, pseudoRandom(BLOCK_BYTES, vector)));
  const missed = vectors.flatMap((vector) =>
    conditionsOf(vector).map((_, index) => makeSuspectBlock(vector, pseudoRandom(BLOCK_BYTES, vector), index)),
  );
  return [...met, ...missed];
}

/** Four blocks at a time lie one behind the other: so both functions find them. */
function masksOf(blocks: readonly Uint8Array[], way: 'hashFour' | 'hashOne'): number[] {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const instance = new WebAssembly.Instance(new WebAssembly.Module(assembleKernel(1)), { env: { memory } });
  const hash = (instance.exports as unknown as Sha1Kernel)[way];
  const words = new Uint32Array(memory.buffer);
  const masks: number[] = [];
  for (let at = 0; at < blocks.length; at += LANES) {
    const group = blocks.slice(at, at + LANES);
    for (let lane = 0; lane < LANES; lane++) {
      const start = LAYOUT.arena + lane * BLOCK_BYTES;
      words[LAYOUT.pointers / 4 + lane] = start;
      new Uint8Array(memory.buffer).set(group[lane] ?? [], start);
    }
    hash(1);
    group.forEach((_, lane) => void masks.push(words[LAYOUT.mask / 4 + lane] as number));
  }
  return masks;
}

/** The same for the same seed. */
function pseudoRandom(size: number, seed: number): Buffer {
  const chunks = Array.from({ length: Math.ceil(size / 32) }, (_, index) =>
    createHash('sha256').update(`${seed}.${index}`).digest(),
  );
  return Buffer.concat(chunks).subarray(0, size);
}
