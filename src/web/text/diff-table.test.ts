import { expect, test } from 'vitest';
import { makePatch } from '#git/diff/patch.ts';
import { diffAnchor, diffTable } from './diff-table.ts';

function tableOf(oldText: string, newText: string): string {
  const patch = makePatch(Buffer.from(oldText), Buffer.from(newText));
  return diffTable(patch.kind === 'text' ? patch.hunks : [], 'diff-x');
}

test('numbers both sides and names the hunk', () => {
  const before = `f(<T>) {\n${'  same\n'.repeat(9)}`;
  const html = tableOf(`${before}  one\n  two\n`, `${before}  two\n`);
  expect(html).toContain('@@ -8,5 +8,4 @@ <b>f(&lt;T&gt;) {</b>');
  expect(html).toContain('<tr class="context"><td data-n="8"></td><td data-n="8" id="diff-xR8"></td>');
  expect(html).toContain('<tr class="removed"><td data-n="11" id="diff-xL11"></td><td></td><td data-sign="-">');
});

test('marks the words that differ in a pair of lines', () => {
  const html = tableOf('return readEntry(cursor);\n', 'return readHeader(cursor);\n');
  expect(html).toContain('return <b>readEntry</b>(cursor);');
  expect(html).toContain('return <b>readHeader</b>(cursor);');
});

test('marks nothing when the runs differ in length', () => {
  expect(tableOf('one two\n', 'one three\nfour\n')).toContain('<code>one three</code>');
});

test('says where a line end is missing', () => {
  expect(tableOf('a\n', 'a').match(/no newline/g)).toHaveLength(1);
});

test('escapes every line', () => {
  expect(tableOf('', '<img src=x onerror=a>\n')).not.toContain('<img');
});

test("anchors are GitHub's", () => {
  expect(diffAnchor('README.md')).toBe('diff-b335630551682c19a781afebcf4d07bf978fb1f8ac04c6bf87428ed5106870f5');
});
