import { expect, test } from 'vitest';
import { toLikePattern } from './like-pattern.ts';

test.each([
  ['git', '%git%'],
  ['100%', '%100\\%%'],
  ['a_b\\c', '%a\\_b\\\\c%'],
  ['a\0b', '%a b%'],
])('%j becomes %j', (text, pattern) => {
  expect(toLikePattern(text)).toBe(pattern);
});
