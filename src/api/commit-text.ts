/** A commit as `.diff` and `.patch` send it: the text of `git diff` and of `git format-patch`. */
import type { ChangedFile } from '#browse/commit-detail.ts';
import { decodeLenient } from '#bytes/utf8.ts';
import { formatHunk } from '#git/diff/patch.ts';
import type { TreeSide } from '#git/diff/tree-diff.ts';
import type { Commit } from '#git/object/commit.ts';
import { subjectOf } from '#git/object/commit.ts';
import { formatMode } from '#git/object/file-mode.ts';
import { timezoneMinutes } from '#git/object/identity.ts';
import type { ObjectId } from '#git/object/object-id.ts';

/** Of an abbreviated id in an index line. */
const SHORT_ID_DIGITS = 7;

/** The hunks of a file as text; undefined where it has none to show. */
export function hunksText(file: ChangedFile): string | undefined {
  if (file.content.kind !== 'text' || file.content.hunks.length === 0) return undefined;
  return file.content.hunks.map((hunk) => decodeLenient(formatHunk(hunk))).join('');
}

/** git-diff(1), "GENERATING PATCH TEXT WITH -P". */
export function diffText(files: readonly ChangedFile[]): string {
  return files.map(fileText).join('');
}

/** git-format-patch(1): a mail with the message, the author and the diff. */
export function patchText(id: ObjectId, commit: Commit, files: readonly ChangedFile[]): string {
  const { author } = commit;
  const subject = subjectOf(commit.message);
  const rest = commit.message.slice(commit.message.indexOf('\n\n') + 1 || commit.message.length);
  return [
    `From ${id} Mon Sep 17 00:00:00 2001`,
    `From: ${author.name} <${author.email}>`,
    `Date: ${mailDate(author.dateSeconds, author.timezone)}`,
    `Subject: [PATCH] ${subject}`,
    `${rest.trim() && `\n${rest.trim()}`}`,
    '---',
    diffText(files),
  ].join('\n');
}

function fileText(file: ChangedFile): string {
  const oldPath = file.oldPath ?? file.path;
  const header = [`diff --git ${quoted('a/', oldPath)} ${quoted('b/', file.path)}`, ...modeLines(file)];
  if (file.kind === 'renamed')
    header.push('similarity index 100%', `rename from ${quoted('', oldPath)}`, `rename to ${quoted('', file.path)}`);
  if (file.old?.id !== file.new?.id) header.push(indexLine(file));
  return `${header.join('\n')}\n${contentText(file, oldPath)}`;
}

function modeLines({ old, new: other }: ChangedFile): string[] {
  if (!old && other) return [`new file mode ${formatMode(other.mode)}`];
  if (old && !other) return [`deleted file mode ${formatMode(old.mode)}`];
  if (!old || !other || old.mode === other.mode) return [];
  return [`old mode ${formatMode(old.mode)}`, `new mode ${formatMode(other.mode)}`];
}

function indexLine({ old, new: other }: ChangedFile): string {
  const mode = old && other && old.mode === other.mode ? ` ${formatMode(old.mode)}` : '';
  return `index ${shortId(old)}..${shortId(other)}${mode}`;
}

function contentText(file: ChangedFile, oldPath: string): string {
  const names = {
    old: file.old ? quoted('a/', oldPath) : '/dev/null',
    new: file.new ? quoted('b/', file.path) : '/dev/null',
  };
  switch (file.content.kind) {
    case 'text': {
      const hunks = hunksText(file);
      return hunks === undefined ? '' : `--- ${endMarked(names.old)}\n+++ ${endMarked(names.new)}\n${hunks}`;
    }
    case 'unchanged':
      return '';
    case 'submodule':
      return submoduleText(file, names);
    case 'binary':
    case 'too-large':
    case 'not-shown':
      return `Binary files ${names.old} and ${names.new} differ\n`;
  }
}

function submoduleText(file: ChangedFile, names: { old: string; new: string }): string {
  if (file.content.kind !== 'submodule') return '';
  const { oldId, newId } = file.content;
  const lines = [oldId && `-Subproject commit ${oldId}`, newId && `+Subproject commit ${newId}`].filter(Boolean);
  const range = `@@ -${oldId ? '1' : '0,0'} +${newId ? '1' : '0,0'} @@`;
  return [`--- ${endMarked(names.old)}`, `+++ ${endMarked(names.new)}`, range, ...lines, ''].join('\n');
}

/** A tab tells patch(1) that a name with spaces goes on to there. */
function endMarked(name: string): string {
  return name.includes(' ') ? `${name}\t` : name;
}

/** A path in C's quotes where it holds what would break the line — git-config(1), "core.quotePath". */
function quoted(prefix: string, path: string): string {
  const bytes = Buffer.from(path);
  if (bytes.every((byte) => byte >= 0x20 && byte < 0x7f && byte !== 0x22 && byte !== 0x5c)) return prefix + path;
  return `"${prefix}${[...bytes].map(quotedByte).join('')}"`;
}

const ESCAPES: Readonly<Record<number, string>> = {
  7: '\\a',
  8: '\\b',
  9: '\\t',
  10: '\\n',
  11: '\\v',
  12: '\\f',
  13: '\\r',
  34: '\\"',
  92: '\\\\',
};

function quotedByte(byte: number): string {
  const isPlain = byte >= 0x20 && byte < 0x7f;
  return ESCAPES[byte] ?? (isPlain ? String.fromCharCode(byte) : `\\${byte.toString(8).padStart(3, '0')}`);
}

function shortId(side: TreeSide | undefined): string {
  return side ? side.id.slice(0, SHORT_ID_DIGITS) : '0'.repeat(SHORT_ID_DIGITS);
}

/** RFC 2822, in the author's own timezone: `Tue, 24 Nov 2026 21:05:00 +0100`. */
function mailDate(dateSeconds: number, timezone: string): string {
  const local = new Date((dateSeconds + timezoneMinutes(timezone) * 60) * 1000);
  if (Number.isNaN(local.getTime())) return mailDate(0, '+0000');
  const [day, date, month, year, time] = local.toUTCString().replace(',', '').split(' ');
  return `${day}, ${Number(date)} ${month} ${year} ${time} ${timezone}`;
}
