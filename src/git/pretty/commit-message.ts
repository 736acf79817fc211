/** A commit's text, taken apart as the placeholders of git's formats need it — `pretty.c`. Texts are byte strings of UTF-8. */

export interface CommitMessage {
  /** Of the lines `author` and `committer`, what stands behind the word. */
  readonly author: string;
  readonly committer: string;
  /** As the header names it. */
  readonly encoding: string | undefined;
  /** All of the message. */
  readonly raw: string;
  readonly fromSubject: string;
  readonly subjectLines: readonly string[];
  readonly body: string;
}

export function readCommitMessage(commit: Uint8Array): CommitMessage {
  const bytes = Buffer.from(commit.buffer, commit.byteOffset, commit.length);
  // As in C, the text ends at the first NUL.
  const end = bytes.indexOf(0);
  const stored = bytes.toString('latin1', 0, end < 0 ? bytes.length : end);
  const encoding = /^encoding (.*)$/m.exec(headersOf(stored))?.[1];
  const text = encoding === undefined || isUtf8Name(encoding) ? stored : recodeToUtf8(stored, encoding);
  const headers = headersOf(text);
  const raw = text.slice(headers.length + 1);
  const fromSubject = skipBlankLines(text.slice(headers.length));
  const { lines, rest } = takeParagraph(fromSubject);
  return {
    author: lastHeader(headers, 'author'),
    committer: lastHeader(headers, 'committer'),
    encoding,
    raw,
    fromSubject,
    subjectLines: lines,
    body: skipBlankLines(rest),
  };
}

export function isUtf8Name(encoding: string): boolean {
  return /^utf-?8$/i.test(encoding);
}

/** With the line end of the last one, and without the empty line. */
function headersOf(text: string): string {
  const end = text.startsWith('\n') ? 0 : text.indexOf('\n\n') + 1;
  return end === 0 && !text.startsWith('\n') ? text : text.slice(0, end);
}

function lastHeader(headers: string, name: string): string {
  return [...headers.matchAll(new RegExp(`^${name} (.*)$`, 'gm'))].at(-1)?.[1] ?? '';
}

function skipBlankLines(text: string): string {
  return text.slice(/^(?:[ \t\r]*(?:\n|$))*/.exec(text)?.[0].length ?? 0);
}

function takeParagraph(text: string): { lines: string[]; rest: string } {
  const lines: string[] = [];
  let offset = 0;
  while (offset < text.length) {
    const lineEnd = text.indexOf('\n', offset);
    const end = lineEnd < 0 ? text.length : lineEnd + 1;
    const line = text.slice(offset, end).replace(/[ \t\n\r]+$/, '');
    offset = end;
    if (line === '') break;
    lines.push(line);
  }
  return { lines, rest: text.slice(offset) };
}

/** What cannot be read in its encoding, or by us, stays as it is. */
function recodeToUtf8(text: string, encoding: string): string {
  const bytes = Buffer.from(text, 'latin1');
  // To browsers, and so to TextDecoder, these are windows-1252.
  const isLatin1 = /^(?:iso-?8859-1|latin-?1|l1)$/i.test(encoding);
  try {
    const decoded = isLatin1 ? text : new TextDecoder(encoding, { fatal: true }).decode(bytes);
    return Buffer.from(decoded).toString('latin1');
  } catch {
    return text;
  }
}
