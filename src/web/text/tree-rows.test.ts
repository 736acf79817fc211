import { expect, test } from 'vitest';
import type { TreeRow } from '../view-models/tree-row.ts';
import { treeRows } from './tree-rows.ts';

test('names, subjects and addresses are escaped', () => {
  const hostile = `"><script>alert('x')</script>&`;
  const change = { subject: hostile, href: `/a?${hostile}`, date: new Date(0) };
  const row: TreeRow = { kind: 'file', name: hostile, href: `/b?${hostile}`, change };
  const html = treeRows([row]);
  expect(html).not.toContain('<script');
  expect(html.match(/&quot;&gt;&lt;script&gt;/g)).toHaveLength(6);
});

test('a row has three cells, whether its last change is known or not', () => {
  const change = { subject: 'Begin', href: '/commit', date: new Date('2026-01-01T10:00:00Z') };
  const rows: TreeRow[] = [
    { kind: 'folder', name: 'src', href: '/src', change },
    { kind: 'submodule', name: 'lib', href: undefined, change: undefined },
  ];
  const html = treeRows(rows, new Date('2026-01-03T10:00:00Z'));
  expect(html.split('</tr>').map((row) => row.split('<td').length - 1)).toEqual([3, 3, 0]);
  expect(html).toContain('>2 days ago</time>');
  expect(html).not.toContain('<a href="/lib"');
});
