import { expect, test } from 'vitest';
import { neighbours, pageNumber } from './page-number.ts';

test.each([
  ['', 1],
  ['page=3', 3],
  ['page=0', 1],
  ['page=-1', 1],
  ['page=1e9', 1],
  ['page=999999999', 10_000],
])('%j is page %i', (query, page) => {
  expect(pageNumber(new URLSearchParams(query))).toBe(page);
});

test('neighbours keep the rest of the query', () => {
  const url = new URL('http://x.example/?q=a&page=2');
  expect(neighbours(url, 2, 61, 30)).toEqual({ previousHref: '?q=a&page=1', nextHref: '?q=a&page=3' });
  expect(neighbours(url, 1, 30, 30)).toEqual({ previousHref: undefined, nextHref: undefined });
});
