import { expect, test } from 'vitest';
import { countOf, formatSize } from './quantity.ts';

test.each([
  [0, '0 bytes'],
  [1, '1 byte'],
  [1023, '1,023 bytes'],
  [1024, '1.0 KiB'],
  [1024 * 1024 - 1, '1.0 MiB'],
  [314 * 1024 * 1024, '314 MiB'],
  [5 * 1024 ** 5, '5120 TiB'],
])('%i bytes are %s', (sizeBytes, text) => {
  expect(formatSize(sizeBytes)).toBe(text);
});

test('counts agree with their noun', () => {
  expect(countOf(1, 'branch', 'branches')).toBe('1 branch');
  expect(countOf(20_000, 'branch', 'branches')).toBe('20,000 branches');
});
