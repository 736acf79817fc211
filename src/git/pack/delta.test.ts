import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diffDelta, type Instruction, makeDelta } from '../../../tests/fixtures/pack-maker.ts';
import { applyDelta, DeltaInstructions, readDeltaHeader } from './delta.ts';

function headerOf(delta: Uint8Array) {
  const header = { baseSizeBytes: 0, resultSizeBytes: 0, instructionsStart: 0 };
  readDeltaHeader(delta, 0, delta.length, header);
  return header;
}

/** Applies with guard bytes around the result, which must stay as they are. */
function apply(base: Uint8Array, delta: Uint8Array): Uint8Array {
  const { resultSizeBytes, instructionsStart } = headerOf(delta);
  const result = new Uint8Array(resultSizeBytes + 16).fill(0xee);
  try {
    applyDelta(base, 0, base.length, delta, instructionsStart, delta.length, result, 8, resultSizeBytes);
  } finally {
    expect([...result.subarray(0, 8), ...result.subarray(8 + resultSizeBytes)]).toEqual(Array(16).fill(0xee));
  }
  return result.slice(8, 8 + resultSizeBytes);
}

const BASE = Buffer.from(Array.from({ length: 300 }, (_, index) => index % 251));

describe('deltas', () => {
  it('give back the target that they were made for', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 400 }),
        fc.array(fc.tuple(fc.nat(400), fc.nat(20), fc.uint8Array({ maxLength: 200 })), { maxLength: 6 }),
        (base, edits) => {
          let target = Buffer.from(base);
          for (const [at, removed, added] of edits) {
            target = Buffer.concat([target.subarray(0, at), added, target.subarray(at + removed)]);
          }
          expect(Buffer.compare(apply(base, diffDelta(base, target)), target)).toBe(0);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('copy from anywhere in a large base', () => {
    const base = Buffer.alloc(17 * 1024 * 1024);
    base.write('far', base.length - 3);
    const delta = makeDelta(base.length, [
      { copy: base.length - 3, size: 3 },
      { copy: 0x1000000, size: 2 },
      { copy: 5, size: 0x10000 },
    ]);
    expect(Buffer.from(apply(base, delta)).equals(Buffer.concat([Buffer.from('far'), Buffer.alloc(0x10002)]))).toBe(
      true,
    );
  });

  it('make an empty result', () => {
    expect(apply(BASE, makeDelta(BASE.length, []))).toHaveLength(0);
  });

  it.each<[string, Buffer, RegExp]>([
    ['a copy beyond the base', makeDelta(300, [{ copy: 299, size: 2 }]), /outside base/],
    ['a copy from 4 GiB on', makeDelta(300, [{ copy: 0xffffffff, size: 1 }]), /outside base/],
    ['a copy beyond the result', makeDelta(300, [{ copy: 0, size: 20 }], 19), /outside base, result/],
    ['an insertion beyond the result', makeDelta(300, [{ insert: 'abc' }], 2), /outside base, result/],
    ['a result that is too short', makeDelta(300, [{ insert: 'abc' }], 4), /3 bytes where its header announces 4/],
    ['the reserved instruction', Buffer.concat([makeDelta(300, [], 1), Buffer.of(0)]), /outside base/],
    ['an insertion cut short', Buffer.concat([makeDelta(300, [], 5), Buffer.of(5, 1, 2)]), /outside base/],
    ['a copy cut short', Buffer.concat([makeDelta(300, [], 5), Buffer.of(0xff, 1, 2)]), /cut short/],
  ])('refuse %s', (_, delta, message) => {
    expect(() => apply(BASE, delta)).toThrow(
      expect.objectContaining({ name: 'CorruptPackError', message: expect.stringMatching(message) }),
    );
  });

  it.each([
    ['nothing', Buffer.alloc(0)],
    ['one size', makeDelta(300, []).subarray(0, 2)],
    ['a size that never ends', Buffer.alloc(40, 0xff)],
    ['zeros that never end', Buffer.alloc(40, 0x80)],
  ])('refuse a header of %s', (_, delta) => {
    expect(() => headerOf(delta)).toThrow(expect.objectContaining({ name: 'CorruptPackError' }));
  });

  it('survive any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (instructions) => {
        const delta = Buffer.concat([makeDelta(BASE.length, [], 40), instructions]);
        try {
          expect(apply(BASE, delta)).toHaveLength(40);
        } catch (error) {
          expect(error).toMatchObject({ name: 'CorruptPackError' });
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('can be walked instruction by instruction', () => {
    const steps: Instruction[] = [
      { copy: 0, size: 7 },
      { insert: 'hello' },
      { copy: 123_456_789, size: 0x10000 },
      { copy: 5, size: 0x123456 },
    ];
    const delta = makeDelta(300, steps);
    const walk = new DeltaInstructions(delta, headerOf(delta).instructionsStart, delta.length);
    const seen: [number, number][] = [];
    while (walk.next()) seen.push([walk.baseOffset, walk.sizeBytes]);
    expect(seen).toEqual([
      [0, 7],
      [-1, 5],
      [123_456_789, 0x10000],
      [5, 0x123456],
    ]);
  });
});
