import { expect, test } from 'vitest';
import { findDescriptionFault, findHomepageFault, findRepositoryNameFault } from './repository-name.ts';

test.each(['git', 'my.repo', '.github', '-x', '_', 'A-b_c.9', '...', 'git.gitx', 'x'.repeat(100)])(
  '%s is a name',
  (name) => {
    expect(findRepositoryNameFault(name)).toBeUndefined();
  },
);

test.each(['', '.', '..', 'x'.repeat(101), 'a/b', 'a b', 'a\\b', 'ä', 'a\n', 'a%2f', 'x.git', 'x.GIT', '.git'])(
  '%j is no name',
  (name) => {
    expect(findRepositoryNameFault(name)).toEqual(expect.any(String));
  },
);

test('a home page is an address of the web', () => {
  expect(findHomepageFault('https://example.org/x')).toBeUndefined();
  for (const address of [
    'javascript:alert(1)',
    'data:text/html,x',
    'example.org',
    'http://x/\0',
    'http://x/ y',
    `https://${'x'.repeat(255)}`,
  ]) {
    expect(findHomepageFault(address)).toEqual(expect.any(String));
  }
});

test('a description is one line of 350 characters at most', () => {
  expect(findDescriptionFault('🐎'.repeat(350))).toBeUndefined();
  expect(findDescriptionFault('two\nlines')).toEqual(expect.any(String));
  expect(findDescriptionFault('x'.repeat(351))).toEqual(expect.any(String));
});
