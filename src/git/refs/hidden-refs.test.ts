import { expect, it } from 'vitest';
import { isHiddenRef } from './hidden-refs.ts';

it.each([
  ['refs/pull/1/head', ['refs/pull'], true],
  ['refs/pull/1/head', ['refs/pull/'], true],
  ['refs/pull', ['refs/pull'], true],
  ['refs/pulls/1', ['refs/pull'], false],
  ['refs/heads/main', ['refs/pull'], false],
  ['refs/pull/1/head', ['refs/pull', '!refs/pull/1'], false],
  ['refs/pull/2/head', ['refs/pull', '!refs/pull/1'], true],
  ['refs/pull/1/head', ['!refs/pull/1', 'refs/pull'], true],
  ['refs/pull/1/head', ['^refs/pull'], true],
  ['refs/pull/1/head', ['refs/pull', '!^refs/pull/1'], false],
  ['refs/heads/main', [], false],
])('%s under %j is hidden: %s', (name, patterns, hidden) => {
  expect(isHiddenRef(name, patterns)).toBe(hidden);
});
