import { expect, test } from 'vitest';
import { joinPath, splitPath } from './path-part.ts';

const bytes = (text: string) => Uint8Array.from(Buffer.from(text, 'latin1'));
const text = (value: Uint8Array) => Buffer.from(value).toString('latin1');

test('each part has the path that leads to it', () => {
  expect(splitPath(bytes('a/b\xff/c')).map(({ name, path }) => [text(name), text(path)])).toEqual([
    ['a', 'a'],
    ['b\xff', 'a/b\xff'],
    ['c', 'a/b\xff/c'],
  ]);
  expect(splitPath(bytes(''))).toEqual([]);
});

test('joins what it splits', () => {
  expect(text(joinPath(bytes('a/b'), bytes('c')))).toBe('a/b/c');
  expect(text(joinPath(bytes(''), bytes('c')))).toBe('c');
});
