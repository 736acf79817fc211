/** The lines of a folder's listing as HTML. Strings, as in `code-table.ts`: a folder may have thousands. */
import { absoluteTime, relativeTime } from '../view-models/relative-time.ts';
import type { TreeRow, TreeRowChange } from '../view-models/tree-row.ts';
import { escapeHtml, type SafeHtml, trustHtml } from './escape.ts';

export const TREE_ROW_ICONS = { folder: 'folder', file: 'file', symlink: 'link', submodule: 'submodule' } as const;
const KIND_NAME = { folder: 'Folder', file: 'File', symlink: 'Symbolic link', submodule: 'Submodule' } as const;

/** Needs the symbols `icon-<name>` of `TREE_ROW_ICONS` in the page. */
export function treeRows(rows: readonly TreeRow[], now = new Date()): SafeHtml {
  return trustHtml(rows.map((row) => `<tr>${nameCell(row)}${changeCells(row.change, now)}</tr>`).join(''));
}

function nameCell({ kind, name, href }: TreeRow): string {
  const icon = `<svg class="icon" role="img" aria-label="${KIND_NAME[kind]}"><use href="#icon-${TREE_ROW_ICONS[kind]}"></use></svg>`;
  const shown = escapeHtml(name);
  const label = `<bdi>${shown}</bdi>`;
  const link = href === undefined ? label : `<a href="${escapeHtml(href)}" title="${shown}">${label}</a>`;
  return `<td class="name ${kind}">${icon}${link}</td>`;
}

function changeCells(change: TreeRowChange | undefined, now: Date): string {
  if (change === undefined) return '<td class="change"></td><td class="age end faint"></td>';
  const subject = escapeHtml(change.subject);
  const link = `<a href="${escapeHtml(change.href)}" title="${subject}" dir="auto">${subject}</a>`;
  const time = `<time datetime="${change.date.toISOString()}" title="${absoluteTime(change.date)}">${relativeTime(change.date, now)}</time>`;
  return `<td class="change">${link}</td><td class="age end faint">${time}</td>`;
}
