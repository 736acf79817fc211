import { expect, test } from 'vitest';
import { codeTable } from './code-table.ts';
import { plainLines, splitLines } from './lines.ts';

test('each line has its anchor and no markup of its own', () => {
  const html = codeTable(plainLines('<script>\n\n'));
  expect(html).toContain('id="L1"');
  expect(html).toContain('<code>&lt;script&gt;</code>');
  expect(html).toContain('id="L2"');
  expect(html).not.toContain('id="L3"');
});

test('characters that reorder text are shown', () => {
  expect(plainLines('a\u202eb')[0]).toBe(
    'a<span class="hidden-character" title="Hidden character U+202E">U+202E</span>b',
  );
});

test('a line end at the end starts no further line', () => {
  expect(splitLines('a\r\nb\n')).toEqual(['a', 'b']);
  expect(splitLines('a\n\n')).toEqual(['a', '']);
  expect(splitLines('')).toEqual([]);
});
