import { expect, test } from 'vitest';
import { chosenScopes, expiryOf, scopeChoices } from './token-scope.ts';

test('only administrators are offered the site', () => {
  expect(scopeChoices(false).map(({ scope }) => scope)).not.toContain('site_admin');
  expect(chosenScopes(['repo', 'site_admin', 'nonsense'], false)).toEqual(['repo']);
  expect(chosenScopes(['site_admin'], true)).toEqual(['site_admin']);
});

test('lifetimes are those of the list', () => {
  const now = new Date('2026-11-24T00:00:00Z');
  expect(expiryOf('30', now)?.toISOString()).toBe('2026-12-24T00:00:00.000Z');
  expect(expiryOf('never', now)).toBeUndefined();
});
