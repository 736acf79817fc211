import { hash } from '@node-rs/argon2';
import { expect, test } from 'vitest';
import { generateAccessToken } from './access-token.ts';
import { findPasswordFault, hashPassword, verifyPassword } from './password.ts';

test('is kept as argon2id with 19 MiB and two passes, never the same twice', async () => {
  const first = await hashPassword('correct horse');
  expect(first).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  expect(await hashPassword('correct horse')).not.toBe(first);
});

test('is right or wrong', async () => {
  const stored = await hashPassword('correct horse');
  expect(await verifyPassword(stored, 'correct horse')).toBe('right');
  expect(await verifyPassword(stored, 'correct horse ')).toBe('wrong');
  expect(await verifyPassword(stored, '')).toBe('wrong');
});

test('is asked to be hashed again when it was kept with other parameters', async () => {
  const old = await hash('correct horse', { memoryCost: 8_192, timeCost: 1 });
  expect(await verifyPassword(old, 'correct horse')).toBe('right-but-rehash');
  expect(await verifyPassword(old, 'wrong horse')).toBe('wrong');
});

test('is wrong for a user who does not exist, whatever it is', async () => {
  expect(await verifyPassword(undefined, 'correct horse')).toBe('wrong');
});

test('is the same however its letters are composed', async () => {
  expect(await verifyPassword(await hashPassword('caf\u00e9 au lait'), 'cafe\u0301 au lait')).toBe('right');
});

test.each([
  ['1234567', 'too-short'],
  ['12345678', undefined],
  ['🐎🐎🐎🐎', 'too-short'],
  ['x'.repeat(1024), undefined],
  ['x'.repeat(1025), 'too-long'],
  ['é'.repeat(513), 'too-long'],
])('%s: %s', (password, fault) => {
  expect(findPasswordFault(password)).toBe(fault);
});

test('cannot have the form of a token', () => {
  expect(findPasswordFault(generateAccessToken())).toBe('looks-like-token');
});
