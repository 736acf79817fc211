import { expect, test } from 'vitest';
import { folderOf, joinPath, splitPath } from './path-part.ts';

test('each part has the path that leads to it', () => {
  expect(splitPath('a/b/c').map(({ name, path }) => [name, path])).toEqual([
    ['a', 'a'],
    ['b', 'a/b'],
    ['c', 'a/b/c'],
  ]);
  expect(splitPath('')).toEqual([]);
});

test('joins what it splits', () => {
  expect(joinPath('a/b', 'c')).toBe('a/b/c');
  expect(joinPath('', 'c')).toBe('c');
  expect(folderOf('a/b/c')).toBe('a/b');
  expect(folderOf('c')).toBe('');
});
