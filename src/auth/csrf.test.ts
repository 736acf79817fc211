import { expect, test } from 'vitest';
import { isSafeMethod, requestOrigin } from './csrf.ts';

const PUBLIC_URL = new URL('https://forge.example');

test.each([
  [{ 'sec-fetch-site': 'same-origin' }, 'same-origin'],
  [{ 'sec-fetch-site': 'none' }, 'same-origin'],
  [{ 'sec-fetch-site': 'cross-site' }, 'cross-site'],
  [{ 'sec-fetch-site': 'same-site' }, 'cross-site'],
  [{ 'sec-fetch-site': 'same-site', origin: 'https://evil.forge.example' }, 'cross-site'],
  [{ 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }, 'cross-site'],
  [{ 'sec-fetch-site': '' }, 'cross-site'],
  [{ origin: 'https://forge.example' }, 'same-origin'],
  [{ origin: 'http://forge.example' }, 'cross-site'],
  [{ origin: 'https://forge.example:8443' }, 'cross-site'],
  [{ origin: 'https://forge.example.evil.example' }, 'cross-site'],
  [{ origin: 'null' }, 'cross-site'],
  [{ origin: '' }, 'cross-site'],
  [{}, 'unknown'],
] as const)('%o is %s', (headers, expected) => {
  expect(requestOrigin(headers, PUBLIC_URL)).toBe(expected);
});

test('only methods that read are safe', () => {
  expect(['GET', 'HEAD', 'OPTIONS'].every(isSafeMethod)).toBe(true);
  expect(['POST', 'PUT', 'PATCH', 'DELETE', 'get', 'PROPFIND', ''].some(isSafeMethod)).toBe(false);
});
