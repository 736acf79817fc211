import { expect, test } from 'vitest';
import { entryKindOf, FILE_MODE, formatMode, isGitlinkMode, isSymlinkMode, isTreeMode } from './file-mode.ts';

test.each([
  [0o040000, 'tree'],
  [0o100644, 'file'],
  [0o100664, 'file'],
  [0o100755, 'executable'],
  [0o100700, 'executable'],
  [0o120000, 'symlink'],
  [0o160000, 'gitlink'],
  [0o140000, 'gitlink'],
])('mode %i is a %s', (mode, kind) => {
  expect(entryKindOf(mode)).toBe(kind);
});

test('a mode prints as six octal digits', () => {
  expect(formatMode(FILE_MODE.tree)).toBe('040000');
  expect(formatMode(FILE_MODE.executable)).toBe('100755');
});

test('the predicates look at the type bits alone', () => {
  expect([isTreeMode(0o040755), isSymlinkMode(0o120777), isGitlinkMode(0o160000)]).toEqual([true, true, true]);
  expect([isTreeMode(0o160000), isSymlinkMode(0o100000), isGitlinkMode(0o120000)]).toEqual([false, false, false]);
});
