import { expect, test } from 'vitest';
import { ByteCursor, UnexpectedEndError } from './byte-cursor.ts';

test('reads in order and knows where it is', () => {
  const cursor = new ByteCursor(new Uint8Array([1, 0xff, 0xfe, 0xfd, 0xfc, 7, 8]));
  expect(cursor.readUint8()).toBe(1);
  expect(cursor.readUint32()).toBe(0xfffefdfc);
  expect([...cursor.read(2)]).toEqual([7, 8]);
  expect(cursor.offset).toBe(7);
  expect(cursor.atEnd).toBe(true);
});

test('a read past the end throws and moves nothing', () => {
  const cursor = new ByteCursor(new Uint8Array([1, 2, 3]), 1);
  expect(() => cursor.read(3)).toThrow(UnexpectedEndError);
  expect(() => cursor.readUint32()).toThrow('offset 1');
  expect(() => cursor.skip(3)).toThrow(UnexpectedEndError);
  expect(cursor.remainingBytes).toBe(2);
  cursor.skip(2);
  expect(() => cursor.readUint8()).toThrow(UnexpectedEndError);
});

test('readUntil steps over the delimiter, or stays where it is', () => {
  const cursor = new ByteCursor(Buffer.from('ab\0c'));
  expect(Buffer.from(cursor.readUntil(0) ?? []).toString()).toBe('ab');
  expect(cursor.readUntil(0)).toBeUndefined();
  expect(cursor.offset).toBe(3);
});

test('lengths and starts that are no sizes are refused', () => {
  expect(() => new ByteCursor(new Uint8Array(3), 4)).toThrow(RangeError);
  expect(() => new ByteCursor(new Uint8Array(3)).read(-1)).toThrow(RangeError);
  expect(() => new ByteCursor(new Uint8Array(3)).read(1.5)).toThrow(RangeError);
});
