import { describe, expect, test } from 'vitest';
import { parseRange } from './byte-range.ts';

describe('a range', () => {
  test.each([
    ['bytes=0-0', 0, 1],
    ['bytes=2-5', 2, 4],
    ['bytes=2-', 2, 8],
    ['bytes=2-99', 2, 8],
    ['bytes=-3', 7, 3],
    ['bytes=-99', 0, 10],
    ['bytes=9-9', 9, 1],
  ])('%s of ten bytes', (header, offset, lengthBytes) => {
    expect(parseRange(header, 10)).toEqual({ kind: 'part', offset, lengthBytes });
  });

  test.each([
    undefined,
    '',
    'bytes=',
    'bytes=-',
    'bytes=5-2',
    'bytes=0-1,3-4',
    'items=0-1',
    'bytes=x-1',
    'bytes=0x1-2',
  ])('is not asked for by %s', (header) => {
    expect(parseRange(header, 10)).toEqual({ kind: 'whole' });
  });

  test.each([
    ['bytes=10-', 10],
    ['bytes=10-12', 10],
    ['bytes=-0', 10],
    ['bytes=0-', 0],
    ['bytes=-1', 0],
    ['bytes=999999999999999-', 10],
  ])('%s of %i bytes is not there', (header, sizeBytes) => {
    expect(parseRange(header, sizeBytes)).toEqual({ kind: 'unsatisfiable' });
  });
});
