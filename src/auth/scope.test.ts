import { expect, test } from 'vitest';
import { includesScope, isScope, normalizeScopes } from './scope.ts';

test('a wider scope includes the narrower ones, at any depth', () => {
  expect(includesScope(['repo'], 'public_repo')).toBe(true);
  expect(includesScope(['admin:org'], 'read:org')).toBe(true);
  expect(includesScope(['write:org'], 'read:org')).toBe(true);
  expect(includesScope(['user'], 'user:email')).toBe(true);
});

test('a narrower scope does not include the wider one', () => {
  expect(includesScope(['public_repo'], 'repo')).toBe(false);
  expect(includesScope(['read:org', 'write:org'], 'admin:org')).toBe(false);
  expect(includesScope([], 'public_repo')).toBe(false);
});

test('deleting and administering the site are included by nothing', () => {
  expect(includesScope(['repo', 'admin:org', 'user', 'site_admin'], 'delete_repo')).toBe(false);
  expect(includesScope(['repo', 'admin:org', 'user', 'delete_repo'], 'site_admin')).toBe(false);
});

test('what another scope implies is left out when scopes are stored', () => {
  expect(normalizeScopes(['read:org', 'public_repo', 'admin:org', 'repo', 'repo'])).toEqual(['repo', 'admin:org']);
});

test('names from outside are checked', () => {
  expect(isScope('repo')).toBe(true);
  expect(isScope('repo:status')).toBe(false);
  expect(isScope('constructor')).toBe(false);
});
