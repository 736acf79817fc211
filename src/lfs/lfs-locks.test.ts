import { expect, test } from 'vitest';
import { limits } from '#limits.ts';
import { findLockPathFault } from './lfs-locks.ts';

test.each(['a', 'a/b.psd', '.hidden', 'a b/ü/…', '...', 'a\\b', 'x'.repeat(limits.lfsLockPathMaxBytes)])(
  '%j can be locked',
  (path) => {
    expect(findLockPathFault(path)).toBeUndefined();
  },
);

test.each([
  '',
  '/',
  '/a',
  'a/',
  'a//b',
  '.',
  '..',
  './a',
  'a/..',
  '../a',
  'a\0',
  '\ud800',
  'ü'.repeat(limits.lfsLockPathMaxBytes),
])('%j is no path of a file', (path) => {
  expect(findLockPathFault(path)).toMatch(/^A path/);
});
