import { expect, test } from 'vitest';
import { isMarkdown, markdownBase } from './folder-page.ts';

const REPOSITORY = { owner: 'ada', name: 'engine' };

test('documents resolve links within their folder and their tree', () => {
  expect(markdownBase(REPOSITORY, 'main', 'docs')).toEqual({
    blobFolder: '/ada/engine/blob/main/docs/',
    rawFolder: '/ada/engine/raw/main/docs/',
    blobRoot: '/ada/engine/blob/main/',
    rawRoot: '/ada/engine/raw/main/',
  });
  expect(markdownBase(REPOSITORY, 'main', '').blobFolder).toBe('/ada/engine/blob/main/');
});

test.each([
  ['README.md', true],
  ['Read.MARKDOWN', true],
  ['README', false],
  ['md', false],
])('%s is Markdown: %s', (name, expected) => {
  expect(isMarkdown(name)).toBe(expected);
});
