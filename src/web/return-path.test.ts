import { expect, test } from 'vitest';
import { safeReturnPath } from './return-path.ts';

test.each(['/', '/ada/engine', '/ada/engine/blob/main/a%23b?plain=1#L3'])('keeps %s', (path) => {
  expect(safeReturnPath(path)).toBe(path);
});

test.each([
  '//evil.example',
  '/\\evil.example',
  '\\\\evil.example',
  'https://evil.example',
  'javascript:alert(1)',
  '/\t/evil.example',
  '/\n/evil.example',
  ' //evil.example',
  '',
  null,
])('refuses %j', (path) => {
  expect(safeReturnPath(path)).toBe('/');
});

test('what is encoded stays a path', () => {
  expect(safeReturnPath('/%5cevil.example')).toBe('/%5cevil.example');
  expect(safeReturnPath('/..//evil.example')).toBe('/');
});
