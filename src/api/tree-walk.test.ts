import { describe, expect, it } from 'vitest';
import { resolveLinkTarget } from './tree-walk.ts';

describe('resolveLinkTarget', () => {
  it.each([
    ['a/link', 'file', 'a/file'],
    ['a/b/link', '../file', 'a/file'],
    ['link', './a//b', 'a/b'],
    ['a/link', '..', ''],
  ])('leads from %s by %s to %s', (link, target, path) => {
    expect(resolveLinkTarget(link, target)).toBe(path);
  });

  it.each([
    ['link', '..'],
    ['a/link', '../../etc/passwd'],
    ['link', '/etc/passwd'],
  ])('never leaves the repository from %s by %s', (link, target) => {
    expect(resolveLinkTarget(link, target)).toBeUndefined();
  });
});
