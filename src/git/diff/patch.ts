/** Changes as hunks with context, as `git diff` prints them — git-diff(1), "GENERATING PATCH TEXT WITH -P". */
import { HeadingSearch } from './hunk-heading.ts';
import { diffLines, type LineChange } from './line-diff.ts';
import { isBinary, TextLines } from './text-lines.ts';

export type FilePatch =
  | { readonly kind: 'binary' }
  | {
      readonly kind: 'text';
      /** Empty when the texts are equal. */
      readonly hunks: readonly Hunk[];
      readonly addedCount: number;
      readonly removedCount: number;
    };

export interface Hunk {
  /** First line, counted from 1; 0 lines begin behind the line of this number. */
  readonly oldStart: number;
  readonly oldCount: number;
  readonly newStart: number;
  readonly newCount: number;
  /** The nearest line above that looks like the head of a function. A view, without blanks at its end; often empty. */
  readonly heading: Uint8Array;
  readonly lines: readonly HunkLine[];
}

export interface HunkLine {
  readonly kind: 'context' | 'removed' | 'added';
  /** Counted from 1; undefined for a line that this side does not have. */
  readonly oldNumber: number | undefined;
  readonly newNumber: number | undefined;
  /** Without its LF. A view of the text. */
  readonly content: Uint8Array;
  /** False for a last line without LF. */
  readonly endsInNewline: boolean;
}

export interface PatchOptions {
  /** Unchanged lines around a change. */
  readonly contextLines?: number;
}

const CONTEXT_LINES = 3;

/** Compares two blobs; an empty one stands for an absent file. */
export function makePatch(oldBytes: Uint8Array, newBytes: Uint8Array, options: PatchOptions = {}): FilePatch {
  if (isBinary(oldBytes) || isBinary(newBytes)) return { kind: 'binary' };
  const oldText = new TextLines(oldBytes);
  const newText = new TextLines(newBytes);
  const changes = diffLines(oldText, newText);
  return {
    kind: 'text',
    hunks: makeHunks(oldText, newText, changes, options.contextLines ?? CONTEXT_LINES),
    addedCount: changes.reduce((sum, change) => sum + change.newEnd - change.newStart, 0),
    removedCount: changes.reduce((sum, change) => sum + change.oldEnd - change.oldStart, 0),
  };
}

function makeHunks(
  oldText: TextLines,
  newText: TextLines,
  changes: readonly LineChange[],
  contextLines: number,
): Hunk[] {
  const headings = new HeadingSearch(oldText);
  return groupChanges(changes, contextLines).map((group) => makeHunk(oldText, newText, group, contextLines, headings));
}

/** Changes whose contexts touch go into one hunk. */
function groupChanges(changes: readonly LineChange[], contextLines: number): LineChange[][] {
  const groups: LineChange[][] = [];
  for (const change of changes) {
    const group = groups.at(-1);
    const previous = group?.at(-1);
    if (group && previous && change.oldStart - previous.oldEnd <= 2 * contextLines) group.push(change);
    else groups.push([change]);
  }
  return groups;
}

function makeHunk(
  oldText: TextLines,
  newText: TextLines,
  group: readonly LineChange[],
  contextLines: number,
  headings: HeadingSearch,
): Hunk {
  const first = group[0] as LineChange;
  const last = group.at(-1) as LineChange;
  const before = Math.min(contextLines, first.oldStart, first.newStart);
  const after = Math.min(contextLines, oldText.count - last.oldEnd, newText.count - last.newEnd);
  const oldStart = first.oldStart - before;
  const newStart = first.newStart - before;
  const oldCount = last.oldEnd + after - oldStart;
  const newCount = last.newEnd + after - newStart;
  return {
    oldStart: oldCount === 0 ? oldStart : oldStart + 1,
    oldCount,
    newStart: newCount === 0 ? newStart : newStart + 1,
    newCount,
    heading: headings.above(oldStart),
    lines: hunkLines(oldText, newText, group, oldStart, newStart, last.newEnd + after),
  };
}

function hunkLines(
  oldText: TextLines,
  newText: TextLines,
  group: readonly LineChange[],
  oldStart: number,
  newStart: number,
  newEnd: number,
): HunkLine[] {
  const lines: HunkLine[] = [];
  let oldLine = oldStart;
  let newLine = newStart;
  const addContext = (end: number) => {
    while (newLine < end) lines.push(hunkLine('context', newText, newLine, ++oldLine, ++newLine));
  };
  for (const change of group) {
    addContext(change.newStart);
    while (oldLine < change.oldEnd) lines.push(hunkLine('removed', oldText, oldLine, ++oldLine, undefined));
    while (newLine < change.newEnd) lines.push(hunkLine('added', newText, newLine, undefined, ++newLine));
  }
  addContext(newEnd);
  return lines;
}

function hunkLine(
  kind: HunkLine['kind'],
  text: TextLines,
  line: number,
  oldNumber: number | undefined,
  newNumber: number | undefined,
): HunkLine {
  const endsInNewline = text.endsInNewline(line);
  const content = text.bytes.subarray(text.startOf(line), text.endOf(line) - (endsInNewline ? 1 : 0));
  return { kind, oldNumber, newNumber, content, endsInNewline };
}

const LINE_SIGN = { context: ' ', removed: '-', added: '+' } as const;

/** The hunk as `git diff` prints it, from `@@` to the last line. */
export function formatHunk(hunk: Hunk): Uint8Array {
  const parts: Uint8Array[] = [Buffer.from(formatHunkRange(hunk), 'latin1')];
  if (hunk.heading.length > 0) parts.push(Buffer.from(' '), hunk.heading);
  parts.push(Buffer.from('\n'));
  for (const { kind, content, endsInNewline } of hunk.lines) {
    parts.push(Buffer.from(LINE_SIGN[kind]), content, Buffer.from('\n'));
    if (!endsInNewline) parts.push(Buffer.from('\\ No newline at end of file\n'));
  }
  return Buffer.concat(parts);
}

/** `@@ -1,3 +1,4 @@` */
export function formatHunkRange(hunk: Hunk): string {
  return `@@ -${formatRange(hunk.oldStart, hunk.oldCount)} +${formatRange(hunk.newStart, hunk.newCount)} @@`;
}

function formatRange(start: number, count: number): string {
  return count === 1 ? `${start}` : `${start},${count}`;
}
