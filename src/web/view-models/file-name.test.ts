import { expect, test } from 'vitest';
import { displayName } from './file-name.ts';

test('control characters are pictures', () => {
  expect(displayName('a\nb\tc\x7f')).toBe('a␊b␉c␡');
});

test('characters that reorder text do not', () => {
  expect(displayName('a\u202egpj.exe')).toBe('a\ufffdgpj.exe');
});
