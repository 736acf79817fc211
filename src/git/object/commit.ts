/** Commits: their headers and message for people, and their skeleton for graphs — gitdatamodel(7), "commit". */
import { isLowerHex } from '#bytes/hex.ts';
import { CorruptObjectError } from '../errors.ts';
import { type HeaderLine, parseIdHeader, splitHeaders } from './header-lines.ts';
import { type Identity, parseIdentity } from './identity.ts';
import { messageDecoder } from './message-text.ts';
import type { ObjectFormat, ObjectId } from './object-id.ts';

export interface Commit {
  readonly treeId: ObjectId;
  readonly parentIds: readonly ObjectId[];
  readonly author: Identity;
  readonly committer: Identity;
  /** As the header names it; the texts here are decoded already. */
  readonly encoding: string | undefined;
  /** Armoured signature of the commit without this header, from `gpgsig` (`gpgsig-sha256` in SHA-256 repositories). */
  readonly signature: string | undefined;
  /** Bodies of the annotated tags that were merged, as `git merge <tag>` embeds them. */
  readonly mergeTags: readonly string[];
  readonly message: string;
}

/** @throws {CorruptObjectError} no tree, or an id that is none */
export function parseCommit(body: Uint8Array, format: ObjectFormat): Commit {
  const { headers, message } = splitHeaders(body);
  const treeId = parseIdHeader(headers[0], 'tree', format);
  const parents = headers.filter((header) => header.name === 'parent');
  const encoding = textOf(headers, 'encoding', messageDecoder(undefined));
  const decode = messageDecoder(encoding);
  return {
    treeId,
    parentIds: parents.map((header) => parseIdHeader(header, 'parent', format)),
    author: parseIdentity(textOf(headers, 'author', decode) ?? ''),
    committer: parseIdentity(textOf(headers, 'committer', decode) ?? ''),
    encoding,
    signature: textOf(headers, format.name === 'sha256' ? 'gpgsig-sha256' : 'gpgsig', decode),
    mergeTags: headers.filter((header) => header.name === 'mergetag').map((header) => decode(header.value)),
    message: decode(message),
  };
}

function textOf(
  headers: readonly HeaderLine[],
  name: string,
  decode: (bytes: Uint8Array) => string,
): string | undefined {
  const header = headers.find((candidate) => candidate.name === name);
  return header && decode(header.value);
}

/** The message's first paragraph on one line — git-commit(1), "DISCUSSION". */
export function subjectOf(message: string): string {
  const lines = message.replace(/^\s*\n/, '').split('\n');
  const end = lines.findIndex((line) => line.trim() === '');
  return lines
    .slice(0, end < 0 ? lines.length : end)
    .map((line) => line.trim())
    .join(' ');
}

/** What stands behind the subject, without the blank lines between. */
export function messageBodyOf(message: string): string {
  const start = /\n[^\S\n]*\n/.exec(message.trimStart());
  return start
    ? message
        .trimStart()
        .slice(start.index)
        .replace(/^\s*\n/, '')
        .trimEnd()
    : '';
}

const TREE_PREFIX = Buffer.from('tree ');
const PARENT_PREFIX = Buffer.from('parent ');
const AUTHOR_PREFIX = Buffer.from('author ');
const COMMITTER_PREFIX = Buffer.from('committer ');
const LF = 0x0a;
const GREATER_THAN = 0x3e;

/** Where a commit's ids stand in its body. One object serves many commits. */
export class CommitSkeleton {
  /** Of the tree id's first hexadecimal digit. */
  treeOffset = 0;
  /** Of the first parent id's first digit. */
  parentsOffset = 0;
  parentCount = 0;
  /** From one parent id to the next: `parent `, the id, LF. */
  parentStride = 0;
  /** Since 1970; 0 when the line holds no date, as git has it. */
  committerSeconds = 0;

  parentOffset(index: number): number {
    return this.parentsOffset + index * this.parentStride;
  }
}

/**
 * Finds ids and date without making a string: histories have hundreds of thousands of commits.
 *
 * @param skeleton overwritten
 * @throws {CorruptObjectError} no tree line, or an id that is none
 */
export function scanCommit(body: Uint8Array, format: ObjectFormat, skeleton: CommitSkeleton): void {
  const { hexDigits } = format;
  let offset = idLine(body, 0, TREE_PREFIX, hexDigits);
  if (offset < 0) throw new CorruptObjectError('scan commit: no "tree" line');
  skeleton.treeOffset = TREE_PREFIX.length;
  skeleton.parentsOffset = offset + PARENT_PREFIX.length;
  skeleton.parentStride = PARENT_PREFIX.length + hexDigits + 1;
  skeleton.parentCount = 0;
  while (startsWith(body, offset, PARENT_PREFIX)) {
    offset = idLine(body, offset, PARENT_PREFIX, hexDigits);
    if (offset < 0) throw new CorruptObjectError(`scan commit: parent ${skeleton.parentCount} is no ${format.name} id`);
    skeleton.parentCount++;
  }
  skeleton.committerSeconds = committerSeconds(body, offset);
}

/** @returns the offset behind the line, or -1 when it is not `prefix`, an id and LF */
function idLine(body: Uint8Array, start: number, prefix: Uint8Array, hexDigits: number): number {
  if (!startsWith(body, start, prefix)) return -1;
  const idStart = start + prefix.length;
  const idEnd = idStart + hexDigits;
  return isLowerHex(body, idStart, idEnd) && body[idEnd] === LF ? idEnd + 1 : -1;
}

function committerSeconds(body: Uint8Array, authorStart: number): number {
  if (!startsWith(body, authorStart, AUTHOR_PREFIX)) return 0;
  const authorEnd = body.indexOf(LF, authorStart);
  const start = authorEnd + 1;
  if (authorEnd < 0 || !startsWith(body, start, COMMITTER_PREFIX)) return 0;
  const end = body.indexOf(LF, start);
  return end < 0 ? 0 : lastDateSeconds(body, start, end);
}

/** The number behind the last `>` of a line. */
function lastDateSeconds(body: Uint8Array, start: number, end: number): number {
  let offset = end;
  while (offset > start && body[offset - 1] !== GREATER_THAN) offset--;
  while (isBlank(body[offset])) offset++;
  let seconds = 0;
  for (let digit = digitAt(body, offset); digit >= 0; digit = digitAt(body, ++offset)) seconds = seconds * 10 + digit;
  return Number.isSafeInteger(seconds) ? seconds : 0;
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x09;
}

function digitAt(body: Uint8Array, offset: number): number {
  const byte = body[offset] ?? 0;
  return byte >= 0x30 && byte <= 0x39 ? byte - 0x30 : -1;
}

function startsWith(body: Uint8Array, start: number, prefix: Uint8Array): boolean {
  for (let i = 0; i < prefix.length; i++) {
    if (body[start + i] !== prefix[i]) return false;
  }
  return true;
}
