import { expect, test } from 'vitest';
import { displayName } from './file-name.ts';

test('control characters are signs', () => {
  expect(displayName('a\nb\tc\x1b')).toBe('a↵b→c␛');
});

test('characters that reorder text do not', () => {
  expect(displayName('a\u202egpj.exe')).toBe('a\ufffdgpj.exe');
});
