/** The changes of one file as HTML rows, with the words that differ marked within pairs of lines. Strings, as in `code-table.ts`. */
import { createHash } from 'node:crypto';
import { escapeCode, escapeHtml, type SafeHtml, trustHtml } from './escape.ts';

export interface DiffHunk {
  /** What follows the second `@@`: the function or section that the hunk lies in. */
  readonly heading: string;
  readonly oldStart: number;
  readonly oldCount: number;
  readonly newStart: number;
  readonly newCount: number;
  readonly lines: readonly DiffLine[];
}

export interface DiffLine {
  readonly kind: 'context' | 'added' | 'deleted';
  /** Without its line end. */
  readonly text: string;
  /** The file ends here without a line end. */
  readonly endsFile?: boolean | undefined;
}

/** Beyond this length the marks within lines would cost more than they tell. */
const MARKED_LINE_MAX_LENGTH = 1_000;

const SIGN = { context: ' ', added: '+', deleted: '-' } as const;
const SIGN_NAME = { context: '', added: 'added', deleted: 'deleted' } as const;

/** @returns `diff-<sha256 of the path>`: GitHub's anchors, so that links survive a move */
export function diffAnchor(path: string | Uint8Array): string {
  return `diff-${createHash('sha256').update(path).digest('hex')}`;
}

/** @param anchor from `diffAnchor`: lines get the ids `<anchor>L12` (old side) and `<anchor>R12` (new side) */
export function diffTable(hunks: readonly DiffHunk[], anchor: string): SafeHtml {
  const bodies = hunks.map((hunk) => hunkBody(hunk, anchor)).join('');
  return trustHtml(
    `<table class="diff-table"><thead class="visually-hidden"><tr><th scope="col">Old line</th><th scope="col">New line</th><th scope="col">Change</th></tr></thead>${bodies}</table>`,
  );
}

function hunkBody(hunk: DiffHunk, anchor: string): string {
  let oldNumber = hunk.oldStart;
  let newNumber = hunk.newStart;
  let html = `<tbody><tr class="hunk"><td colspan="2"></td><td><code>@@ -${range(hunk.oldStart, hunk.oldCount)} +${range(hunk.newStart, hunk.newCount)} @@ <b>${escapeHtml(hunk.heading)}</b></code></td></tr>`;
  const contents = lineContents(hunk.lines);
  hunk.lines.forEach((line, index) => {
    const old = line.kind === 'added' ? undefined : oldNumber++;
    const fresh = line.kind === 'deleted' ? undefined : newNumber++;
    html += `<tr class="${line.kind}">${numberCell(old, line.kind === 'deleted' ? `${anchor}L` : '')}${numberCell(fresh, `${anchor}R`)}<td data-sign="${SIGN[line.kind]}">${spokenSign(line)}<code>${contents[index] || '\n'}</code>${endOfFile(line)}</td></tr>`;
  });
  return `${html}</tbody>`;
}

function numberCell(number: number | undefined, idPrefix: string): string {
  if (number === undefined) return '<td></td>';
  return idPrefix === '' ? `<td data-n="${number}"></td>` : `<td data-n="${number}" id="${idPrefix}${number}"></td>`;
}

function spokenSign(line: DiffLine): string {
  return line.kind === 'context' ? '' : `<span class="visually-hidden">${SIGN_NAME[line.kind]}: </span>`;
}

function endOfFile(line: DiffLine): string {
  return line.endsFile
    ? '<span class="no-newline" title="No newline at end of file">⊘ no newline at end of file</span>'
    : '';
}

function range(start: number, count: number): string {
  return count === 1 ? String(start) : `${start},${count}`;
}

/** A run of deletions followed by as many additions is taken for edited lines: what differs in each pair is marked. */
function lineContents(lines: readonly DiffLine[]): string[] {
  const contents: string[] = lines.map(() => '');
  let index = 0;
  while (index < lines.length) {
    const deletedEnd = runEnd(lines, index, 'deleted');
    const addedEnd = runEnd(lines, deletedEnd, 'added');
    const count = deletedEnd - index;
    const paired = count > 0 && addedEnd - deletedEnd === count;
    for (let position = index; position < Math.max(addedEnd, index + 1); position++) {
      const partner = !paired ? undefined : lines[position < deletedEnd ? position + count : position - count];
      contents[position] = lineContent(lines[position]?.text ?? '', partner?.text);
    }
    index = Math.max(addedEnd, index + 1);
  }
  return contents;
}

function runEnd(lines: readonly DiffLine[], start: number, kind: DiffLine['kind']): number {
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
