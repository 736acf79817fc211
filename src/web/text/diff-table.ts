/** The changes of one file as HTML rows, with the words that differ marked within pairs of lines. Strings, as in `code-table.ts`. */
import { createHash } from 'node:crypto';
import { decodeLenient } from '#bytes/utf8.ts';
import type { Hunk, HunkLine } from '#git/diff/patch.ts';
import { escapeCode, type SafeHtml, trustHtml } from './escape.ts';

/** Beyond this length the marks within lines would cost more than they tell. */
const MARKED_LINE_MAX_LENGTH = 1_000;

const SIGN = { context: ' ', added: '+', removed: '-' } as const;
const SIGN_NAME = { context: '', added: 'added', removed: 'removed' } as const;

/** @returns `diff-<sha256 of the path>`: GitHub's anchors, so that links survive a move */
export function diffAnchor(path: string): string {
  return `diff-${createHash('sha256').update(path).digest('hex')}`;
}

/** @param anchor from `diffAnchor`: lines get the ids `<anchor>L12` (old side) and `<anchor>R12` (new side) */
export function diffTable(hunks: readonly Hunk[], anchor: string): SafeHtml {
  const bodies = hunks.map((hunk) => hunkBody(hunk, anchor)).join('');
  return trustHtml(
    `<table class="diff-table"><thead class="visually-hidden"><tr><th scope="col">Old line</th><th scope="col">New line</th><th scope="col">Change</th></tr></thead>${bodies}</table>`,
  );
}

function hunkBody(hunk: Hunk, anchor: string): string {
  const range = `@@ -${lineRange(hunk.oldStart, hunk.oldCount)} +${lineRange(hunk.newStart, hunk.newCount)} @@`;
  const heading = escapeCode(decodeLenient(hunk.heading));
  const rows = lineContents(hunk.lines).map((content, index) => lineRow(hunk.lines[index], content, anchor));
  return `<tbody><tr class="hunk"><td colspan="2"></td><td><code>${range} <b>${heading}</b></code></td></tr>${rows.join('')}</tbody>`;
}

function lineRow(line: HunkLine | undefined, content: string, anchor: string): string {
  if (line === undefined) return '';
  const old = numberCell(line.oldNumber, line.kind === 'removed' ? `${anchor}L` : '');
  const fresh = numberCell(line.newNumber, `${anchor}R`);
  return `<tr class="${line.kind}">${old}${fresh}<td data-sign="${SIGN[line.kind]}">${spokenSign(line)}<code>${content || '\n'}</code>${endOfFile(line)}</td></tr>`;
}

function numberCell(number: number | undefined, idPrefix: string): string {
  if (number === undefined) return '<td></td>';
  return idPrefix === '' ? `<td data-n="${number}"></td>` : `<td data-n="${number}" id="${idPrefix}${number}"></td>`;
}

function spokenSign(line: HunkLine): string {
  return line.kind === 'context' ? '' : `<span class="visually-hidden">${SIGN_NAME[line.kind]}: </span>`;
}

function endOfFile(line: HunkLine): string {
  return !line.endsInNewline
    ? '<span class="no-newline" title="No newline at end of file">⊘ no newline at end of file</span>'
    : '';
}

function lineRange(start: number, count: number): string {
  return count === 1 ? String(start) : `${start},${count}`;
}

/** A run of removed lines followed by as many added ones is taken for edited lines: what differs in each pair is marked. */
function lineContents(lines: readonly HunkLine[]): string[] {
  const texts = lines.map((line) => decodeLenient(line.content).replace(/\r$/, ''));
  const contents: string[] = [];
  while (contents.length < lines.length) {
    const start = contents.length;
    const removedEnd = runEnd(lines, start, 'removed');
    const addedEnd = runEnd(lines, removedEnd, 'added');
    const count = removedEnd - start;
    const isPaired = count > 0 && addedEnd - removedEnd === count;
    for (let index = start; index < Math.max(addedEnd, start + 1); index++) {
      const partner = isPaired ? texts[index < removedEnd ? index + count : index - count] : undefined;
      contents.push(lineContent(texts[index] ?? '', partner));
    }
  }
  return contents;
}

function runEnd(lines: readonly HunkLine[], start: number, kind: HunkLine['kind']): number {
  let end = start;
  while (lines[end]?.kind === kind) end++;
  return end;
}

function lineContent(text: string, partner: string | undefined): string {
  if (partner === undefined || Math.max(text.length, partner.length) > MARKED_LINE_MAX_LENGTH) return escapeCode(text);
  const [start, end] = differingPart(text, partner);
  // Marks that cover nearly the whole line say nothing.
  if (start >= end || end - start > text.trim().length * 0.8) return escapeCode(text);
  return `${escapeCode(text.slice(0, start))}<b>${escapeCode(text.slice(start, end))}</b>${escapeCode(text.slice(end))}`;
}

/** The part of `text` between what both lines begin and end with, widened to whole words. */
function differingPart(text: string, partner: string): [start: number, end: number] {
  const sharedMax = Math.min(text.length, partner.length);
  let prefix = 0;
  while (prefix < sharedMax && text[prefix] === partner[prefix]) prefix++;
  let suffix = 0;
  while (suffix < sharedMax - prefix && text.at(-1 - suffix) === partner.at(-1 - suffix)) suffix++;
  let start = prefix;
  let end = text.length - suffix;
  while (start > 0 && isWordCharacter(text[start - 1])) start--;
  while (end < text.length && isWordCharacter(text[end])) end++;
  return [start, end];
}

function isWordCharacter(character: string | undefined): boolean {
  return character !== undefined && /[\p{L}\p{M}\p{N}_]/u.test(character);
}
