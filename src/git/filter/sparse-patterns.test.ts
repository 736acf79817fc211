import { describe, expect, test } from 'vitest';
import { SparsePatterns } from './sparse-patterns.ts';

function patterns(text: string): SparsePatterns {
  return new SparsePatterns(Buffer.from(text, 'latin1'));
}

describe('a path', () => {
  test.each([
    ['README', 'README', 'deep/', false, true],
    ['/README', 'README', 'deep/', false, undefined],
    ['/README', 'README', '', false, true],
    ['deep/*.c', 'x.c', 'deep/', false, true],
    ['deep/*.c', 'x.c', 'deep/er/', false, undefined],
    ['deep/**/x.c', 'x.c', 'deep/er/still/', false, true],
    ['sub/', 'sub', '', true, true],
    ['sub/', 'sub', '', false, undefined],
    ['*\n!*.c', 'x.c', '', false, false],
    ['!*.c\n*', 'x.c', '', false, true],
    ['# *\n\n', 'x', '', false, undefined],
    ['name  \r\n', 'name', '', false, true],
    ['name\\ ', 'name ', '', false, true],
    ['\xef\xbb\xbfname', 'name', '', false, true],
    ['/', '', '', true, true],
    ['/*', '', '', true, true],
  ])('by %j: %j in %j', (text, name, directory, isDirectory, expected) => {
    expect(patterns(text).match(name, directory, isDirectory)).toBe(expected);
  });
});

test('patterns that would take too long are refused', () => {
  expect(() => patterns('a\n'.repeat(100_000))).toThrow('100000 patterns');
  expect(() => patterns(`${'*a'.repeat(50)}\n`)).toThrow('too many stars');
});
