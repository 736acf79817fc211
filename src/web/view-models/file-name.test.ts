import { expect, test } from 'vitest';
import { displayName } from './file-name.ts';

test('control characters are pictures', () => {
  expect(displayName('a\nb\tc\x7f')).toBe('a␊b␉c␡');
});

test('bytes that are no UTF-8 are shown as Latin-1', () => {
  expect(displayName(Uint8Array.of(0x63, 0x61, 0x66, 0xe9))).toBe('café');
});

test('characters that reorder text do not', () => {
  expect(displayName('a\u202egpj.exe')).toBe('a\ufffdgpj.exe');
});
