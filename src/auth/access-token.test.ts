import { crc32 } from 'node:zlib';
import { expect, test } from 'vitest';
import { generateAccessToken, hashAccessToken, isPossibleAccessToken, looksLikeAccessToken } from './access-token.ts';

test('a generated token has the prefix, thirty random digits and a checksum', () => {
  const token = generateAccessToken();
  expect(token).toMatch(/^och_[0-9A-Za-z]{36}$/);
  expect(generateAccessToken()).not.toBe(token);
  expect(looksLikeAccessToken(token)).toBe(true);
  expect(isPossibleAccessToken(token)).toBe(true);
});

test('the checksum is the CRC-32 of the random digits in base62, as GitHub writes it', () => {
  const random = 'zZ0000000000000000000000000000';
  const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
  const digits = [5, 4, 3, 2, 1, 0].map((power) => alphabet[Math.floor(crc32(random) / 62 ** power) % 62]).join('');
  expect(isPossibleAccessToken(`och_${random}${digits}`)).toBe(true);
});

test('a mistyped token is recognised without the database', () => {
  const token = generateAccessToken();
  const swapped = token.slice(0, 10) + (token[10] === 'a' ? 'b' : 'a') + token.slice(11);
  expect(looksLikeAccessToken(swapped)).toBe(true);
  expect(isPossibleAccessToken(swapped)).toBe(false);
});

test('a token that an administrator chose is any text of twenty characters or more', () => {
  expect(isPossibleAccessToken('a-token-of-my-own-01')).toBe(true);
  expect(isPossibleAccessToken('a-token-of-my-own-0')).toBe(false);
  expect(isPossibleAccessToken('x'.repeat(257))).toBe(false);
});

test('what is stored is the SHA-256', () => {
  expect(hashAccessToken('abc').toString('hex')).toBe(
    'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  );
});
