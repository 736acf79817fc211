import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromHex, isLowerHex, toHex } from './hex.ts';

test('every byte string survives the way to hexadecimal and back', () => {
  fc.assert(
    fc.property(fc.uint8Array(), (bytes) => {
      expect([...fromHex(toHex(bytes))]).toEqual([...bytes]);
      expect(toHex(bytes)).toBe([...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join(''));
    }),
  );
});

test('a range of a view renders its own bytes, not those of the buffer below', () => {
  const view = new Uint8Array([0xaa, 0x01, 0x02, 0x03, 0xbb]).subarray(1, 4);
  expect(toHex(view)).toBe('010203');
  expect(toHex(view, 1)).toBe('0203');
  expect(toHex(view, 1, 2)).toBe('02');
});

test('text that is not hexadecimal is refused', () => {
  expect(() => fromHex('abc')).toThrow(TypeError);
  expect(() => fromHex('0g')).toThrow('"0g"');
  expect([...fromHex('FFfe')]).toEqual([0xff, 0xfe]);
});

test('isLowerHex looks at its range alone and refuses upper case', () => {
  const bytes = Buffer.from('zz0afAz');
  expect(isLowerHex(bytes, 2, 5)).toBe(true);
  expect(isLowerHex(bytes, 2, 6)).toBe(false);
  expect(isLowerHex(bytes, 1, 5)).toBe(false);
  expect(isLowerHex(Buffer.from('0a'), 0, 3)).toBe(false);
});
