import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { findEmailFault, findLoginFault, findTextFault, RESERVED_LOGINS } from './account-name.ts';

test.each(['ada', 'Ada-Lovelace', 'a', '0', '1-2-3', 'x'.repeat(39)])('%s is a login', (login) => {
  expect(findLoginFault(login)).toBeUndefined();
});

test.each([
  '',
  'x'.repeat(40),
  '-ada',
  'ada-',
  'ada--lovelace',
  'ada lovelace',
  'ada.lovelace',
  'ada_lovelace',
  'ada/lovelace',
  '..',
  '../etc',
  'ada\n',
  'ada\0',
  'ädä',
  'аda',
  '%61da',
  'api',
  'API',
  'Login',
  'setup',
])('%j is no login', (login) => {
  expect(findLoginFault(login)).toEqual(expect.any(String));
});

test('no account can stand in front of a page of ours', () => {
  const pages = readdirSync(new URL('../pages', import.meta.url))
    .map((file) => file.replace(/\.(?:astro|ts)$/, '').toLowerCase())
    .filter((segment) => /^[a-z0-9-]+$/.test(segment) && segment !== 'index' && !/^\d+$/.test(segment));
  expect(pages.filter((segment) => !RESERVED_LOGINS.has(segment))).toEqual([]);
});

test.each(['a@b', 'ada.lovelace+git@mail.example.org', "o'brien@example.org"])('%s is an address', (address) => {
  expect(findEmailFault(address)).toBeUndefined();
});

test.each([
  '',
  'ada',
  '@example.org',
  'ada@',
  'a b@example.org',
  'ada@-x.org',
  'a@b\nBcc: c@d',
  `${'a'.repeat(250)}@b.org`,
])('%j is no address', (address) => {
  expect(findEmailFault(address)).toEqual(expect.any(String));
});

test('a display name is one line', () => {
  expect(findTextFault('Ada Lovelace, countess', 255)).toBeUndefined();
  expect(findTextFault('Ada\r\nX-Header: 1', 255)).toEqual(expect.any(String));
  expect(findTextFault('🐎🐎🐎', 2)).toEqual(expect.any(String));
});
