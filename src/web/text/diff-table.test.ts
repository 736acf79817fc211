import { expect, test } from 'vitest';
import { type DiffHunk, diffAnchor, diffTable } from './diff-table.ts';

const hunk = (lines: DiffHunk['lines']): DiffHunk => ({
  heading: 'f(<T>)',
  oldStart: 7,
  oldCount: 2,
  newStart: 9,
  newCount: 1,
  lines,
});

test('numbers both sides and names the hunk', () => {
  const html = diffTable(
    [
      hunk([
        { kind: 'context', text: 'a' },
        { kind: 'deleted', text: 'b' },
      ]),
    ],
    'diff-x',
  );
  expect(html).toContain('@@ -7,2 +9 @@ <b>f(&lt;T&gt;)</b>');
  expect(html).toContain('<tr class="context"><td data-n="7"></td><td data-n="9" id="diff-xR9"></td>');
  expect(html).toContain('<tr class="deleted"><td data-n="8" id="diff-xL8"></td><td></td><td data-sign="-">');
});

test('marks the words that differ in a pair of lines', () => {
  const html = diffTable(
    [
      hunk([
        { kind: 'deleted', text: 'return readEntry(cursor);' },
        { kind: 'added', text: 'return readHeader(cursor);' },
      ]),
    ],
    'd',
  );
  expect(html).toContain('return <b>readEntry</b>(cursor);');
  expect(html).toContain('return <b>readHeader</b>(cursor);');
});

test('marks nothing when the runs differ in length', () => {
  const lines: DiffHunk['lines'] = [
    { kind: 'deleted', text: 'one two' },
    { kind: 'added', text: 'one three' },
    { kind: 'added', text: 'four' },
  ];
  expect(diffTable([hunk(lines)], 'd')).toContain('<code>one three</code>');
});

test('escapes every line', () => {
  expect(diffTable([hunk([{ kind: 'added', text: '<img src=x onerror=a>' }])], 'd')).not.toContain('<img');
});

test("anchors are GitHub's", () => {
  expect(diffAnchor('README.md')).toBe('diff-b335630551682c19a781afebcf4d07bf978fb1f8ac04c6bf87428ed5106870f5');
});
