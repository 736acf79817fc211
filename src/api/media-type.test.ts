import { expect, it } from 'vitest';
import { describeMediaType, parseAccept } from './media-type.ts';

it.each([
  [undefined, 'json'],
  ['*/*', 'json'],
  ['application/vnd.github+json', 'json'],
  ['application/vnd.github.v3+json', 'json'],
  ['application/vnd.github.nebula-preview+json', 'json'],
  ['application/vnd.github.raw+json', 'raw'],
  ['application/vnd.github.v3.raw', 'raw'],
  ['application/vnd.github.VERSION.raw', 'json'],
  ['application/vnd.github.merge-info-preview+json, application/vnd.github.v3.diff; q=1', 'diff'],
  ['application/vnd.github.patch', 'patch'],
  ['application/vnd.github.sha', 'sha'],
  ['application/vnd.github.object+json', 'object'],
  ['text/html', 'json'],
])('reads Accept %j as %s', (accept, representation) => {
  expect(parseAccept(accept)).toBe(representation);
});

it('tells how it was understood', () => {
  expect(describeMediaType('json')).toBe('github.v3; format=json');
  expect(describeMediaType('raw')).toBe('github.v3; param=raw; format=json');
});
