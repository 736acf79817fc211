import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { typeAndSize } from '../../../tests/fixtures/pack-maker.ts';
import {
  ENTRY_HEADER_MAX_BYTES,
  emptyEntryHeader,
  OFS_DELTA,
  REF_DELTA,
  readEntryHeader,
  writeBaseDistance,
  writeTypeAndSize,
} from './entry-header.ts';

const sizes = fc.oneof(
  fc.maxSafeNat(),
  fc.integer({ min: 0, max: 52 }).map((bits) => 2 ** bits),
  fc.nat(300),
);
const distances = fc.oneof(fc.integer({ min: 1, max: 2 ** 45 - 1 }), fc.integer({ min: 1, max: 40_000 }));

function read(bytes: Uint8Array, start = 0, end = bytes.length) {
  const header = emptyEntryHeader();
  return readEntryHeader(bytes, start, end, 20, header) ? header : undefined;
}

function encode(typeNumber: number, sizeBytes: number, distance?: number): Uint8Array {
  const bytes = new Uint8Array(ENTRY_HEADER_MAX_BYTES);
  const at = writeTypeAndSize(bytes, 0, typeNumber, sizeBytes);
  return bytes.subarray(0, distance === undefined ? at : writeBaseDistance(bytes, at, distance));
}

describe('entry headers', () => {
  it('read back as they were written', () => {
    fc.assert(
      fc.property(fc.constantFrom(1, 2, 3, 4), sizes, (typeNumber, sizeBytes) => {
        const bytes = encode(typeNumber, sizeBytes);
        expect(Buffer.compare(bytes, typeAndSize(typeNumber, sizeBytes))).toBe(0);
        expect(read(bytes)).toEqual({
          typeNumber,
          sizeBytes,
          baseDistance: 0,
          baseIdStart: -1,
          headerBytes: bytes.length,
        });
      }),
    );
  });

  it('read back with the distance to their base', () => {
    fc.assert(
      fc.property(sizes, distances, (sizeBytes, baseDistance) => {
        const bytes = encode(OFS_DELTA, sizeBytes, baseDistance);
        expect(read(bytes)).toMatchObject({ sizeBytes, baseDistance, headerBytes: bytes.length });
      }),
    );
  });

  it.each([
    [1, [0x01]],
    [127, [0x7f]],
    // Examples whose groups carry: each continuation adds one, so that no distance has two encodings.
    [128, [0x80, 0x00]],
    [255, [0x80, 0x7f]],
    [256, [0x81, 0x00]],
    [16_511, [0xff, 0x7f]],
    [16_512, [0x80, 0x80, 0x00]],
  ])('write the distance %i as git does', (distance, expected) => {
    const bytes = new Uint8Array(4);
    const end = writeBaseDistance(bytes, 0, distance);
    expect([...bytes.subarray(0, end)]).toEqual(expected);
  });

  it('say where the id of a base stands', () => {
    const bytes = Buffer.concat([Buffer.from('xx'), typeAndSize(REF_DELTA, 1000), Buffer.alloc(20, 7)]);
    expect(read(bytes, 2)).toMatchObject({ typeNumber: REF_DELTA, sizeBytes: 1000, baseIdStart: 4, headerBytes: 22 });
  });

  it('ask for more wherever the window ends early', () => {
    const headers = [
      encode(1, 2 ** 40),
      encode(OFS_DELTA, 70_000, 70_000),
      Buffer.concat([typeAndSize(REF_DELTA, 70_000), Buffer.alloc(20)]),
    ];
    for (const bytes of headers) {
      for (let end = 0; end < bytes.length; end++) expect(read(bytes, 0, end)).toBeUndefined();
      expect(read(bytes)).toBeDefined();
    }
  });

  it.each<[string, Buffer, RegExp]>([
    ['type 0', typeAndSize(0, 5), /unknown object type 0/],
    ['type 5', typeAndSize(5, 5), /unknown object type 5/],
    ['a size that never ends', Buffer.alloc(20, 0xff), /size beyond 2\^53/],
    ['a size of zeros that never ends', Buffer.alloc(20, 0x90), /unknown object type|size beyond 2\^53/],
    ['a size of 2^53', typeAndSize(3, 2 ** 53), /size beyond 2\^53/],
    ['a distance that never ends', Buffer.alloc(20, 0xff).fill(0x65, 0, 1), /distance to the delta base/],
  ])('refuse %s', (_, bytes, message) => {
    expect(() => read(bytes)).toThrow(
      expect.objectContaining({ name: 'CorruptPackError', message: expect.stringMatching(message) }),
    );
  });

  it('survive any bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 48 }), (bytes) => {
        try {
          const header = read(bytes);
          if (!header) return;
          expect(header.headerBytes).toBeLessThanOrEqual(bytes.length);
          expect(Number.isSafeInteger(header.sizeBytes) && Number.isSafeInteger(header.baseDistance)).toBe(true);
        } catch (error) {
          expect(error).toMatchObject({ name: 'CorruptPackError' });
        }
      }),
      { numRuns: 2_000 },
    );
  });
});
