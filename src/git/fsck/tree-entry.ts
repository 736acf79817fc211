/**
 * The rules that concern one entry of a tree alone. Separate from the order between neighbours, so that a tree which is a
 * delta of a checked one needs a check of the inserted entries only.
 *
 * Runs for every entry of every push: the common name takes one pass over its bytes and allocates nothing.
 */
import { isSymlinkMode, isTreeMode } from '../object/file-mode.ts';
import { type DotFile, isDotFile, isDotGit, isNtfsDotFile, isNtfsDotGit } from './dot-names.ts';
import type { FsckMessageId, FsckReport } from './finding.ts';

/** Facts about an entry, or about all entries of a tree when or-ed: one bit each. */
export const TREE_FACT = {
  nullSha1: 1 << 0,
  fullPathname: 1 << 1,
  hasDot: 1 << 2,
  hasDotdot: 1 << 3,
  hasDotgit: 1 << 4,
  zeroPaddedFilemode: 1 << 5,
  badFilemode: 1 << 6,
  /** 100664, which early git wrote: bad in strict mode alone. */
  groupWritableFilemode: 1 << 7,
  largePathname: 1 << 8,
  gitmodulesSymlink: 1 << 9,
  gitattributesSymlink: 1 << 10,
  gitignoreSymlink: 1 << 11,
  mailmapSymlink: 1 << 12,
  /** Not findings: the blob has rules of its own, `checkGitmodules` and `checkGitattributes`. */
  namesGitmodules: 1 << 13,
  namesGitattributes: 1 << 14,
  /** A folder of that name. */
  gitmodulesBlob: 1 << 15,
  gitattributesBlob: 1 << 16,
} as const;

const FINDINGS: readonly [fact: number, id: FsckMessageId, detail: string][] = [
  [TREE_FACT.gitmodulesSymlink, 'gitmodulesSymlink', '.gitmodules is a symbolic link'],
  [TREE_FACT.gitattributesSymlink, 'gitattributesSymlink', '.gitattributes is a symlink'],
  [TREE_FACT.gitignoreSymlink, 'gitignoreSymlink', '.gitignore is a symlink'],
  [TREE_FACT.mailmapSymlink, 'mailmapSymlink', '.mailmap is a symlink'],
  [TREE_FACT.nullSha1, 'nullSha1', 'contains entries pointing to null sha1'],
  [TREE_FACT.fullPathname, 'fullPathname', 'contains full pathnames'],
  [TREE_FACT.hasDot, 'hasDot', "contains '.'"],
  [TREE_FACT.hasDotdot, 'hasDotdot', "contains '..'"],
  [TREE_FACT.hasDotgit, 'hasDotgit', "contains '.git'"],
  [TREE_FACT.zeroPaddedFilemode, 'zeroPaddedFilemode', 'contains zero-padded file modes'],
  [TREE_FACT.badFilemode, 'badFilemode', 'contains bad file modes'],
  [TREE_FACT.largePathname, 'largePathname', 'contains excessively large pathname'],
  [TREE_FACT.gitmodulesBlob, 'gitmodulesBlob', 'non-blob found at .gitmodules'],
  [TREE_FACT.gitattributesBlob, 'gitattributesBlob', 'non-blob found at .gitattributes'],
];

/** Adds the findings that the facts amount to. */
export function reportTreeFacts(facts: number, report: FsckReport): void {
  if (facts === 0) return;
  const isBadMode = facts & TREE_FACT.groupWritableFilemode && report.options.mode === 'strict';
  const judged = isBadMode ? facts | TREE_FACT.badFilemode : facts;
  for (const [fact, id, detail] of FINDINGS) {
    if (judged & fact) report.add(id, detail);
  }
}

/** git's own bound for one name, in bytes. */
const NAME_MAX_BYTES = 4096;

const DOT = 0x2e;
const SLASH = 0x2f;
const BACKSLASH = 0x5c;
const DIGIT_ZERO = 0x30;

/** Kinds of bytes that make a name worth a closer look. */
const HAS_SLASH = 1;
const HAS_BACKSLASH = 2;
const HAS_TILDE = 4;
const BYTE_KINDS = new Uint8Array(256);
BYTE_KINDS[SLASH] = HAS_SLASH;
BYTE_KINDS[BACKSLASH] = HAS_BACKSLASH;
BYTE_KINDS[0x7e] = HAS_TILDE;

/** Every alias of a dot name begins with a dot or a code point that HFS+ ignores, or has a tilde. */
const ALIAS_FIRST_BYTES = new Uint8Array(256);
for (const byte of [DOT, 0xe2, 0xef]) ALIAS_FIRST_BYTES[byte] = 1;

/**
 * Checks one entry, which stands whole in `bytes`: mode, SP, name, NUL, id.
 *
 * @param entryStart of the mode's first digit
 * @param nameEnd of the NUL; the id begins behind it
 * @returns bits of `TREE_FACT`; 0 for nearly every entry there is
 */
export function checkTreeEntry(
  bytes: Uint8Array,
  entryStart: number,
  nameStart: number,
  nameEnd: number,
  mode: number,
  idBytes: number,
): number {
  let kinds = 0;
  for (let i = nameStart; i < nameEnd; i++) kinds |= BYTE_KINDS[bytes[i] as number] as number;
  let facts = modeFacts(mode);
  if (bytes[entryStart] === DIGIT_ZERO) facts |= TREE_FACT.zeroPaddedFilemode;
  if (nameEnd - nameStart > NAME_MAX_BYTES) facts |= TREE_FACT.largePathname;
  if (bytes[nameEnd + 1] === 0 && isZero(bytes, nameEnd + 1, idBytes)) facts |= TREE_FACT.nullSha1;
  if (kinds === 0 && ALIAS_FIRST_BYTES[bytes[nameStart] as number] === 0) return facts;
  return facts | nameFacts(bytes, nameStart, nameEnd, mode, kinds);
}

function modeFacts(mode: number): number {
  switch (mode) {
    case 0o100644:
    case 0o040000:
    case 0o100755:
    case 0o120000:
    case 0o160000:
      return 0;
    case 0o100664:
      return TREE_FACT.groupWritableFilemode;
    default:
      return TREE_FACT.badFilemode;
  }
}

function isZero(bytes: Uint8Array, start: number, length: number): boolean {
  for (let i = start; i < start + length; i++) {
    if (bytes[i] !== 0) return false;
  }
  return true;
}

function nameFacts(bytes: Uint8Array, start: number, end: number, mode: number, kinds: number): number {
  let facts = kinds & HAS_SLASH ? TREE_FACT.fullPathname : 0;
  if (bytes[start] === DOT && end === start + 1) facts |= TREE_FACT.hasDot;
  if (bytes[start] === DOT && bytes[start + 1] === DOT && end === start + 2) facts |= TREE_FACT.hasDotdot;
  if (isDotGit(bytes, start, end)) facts |= TREE_FACT.hasDotgit;
  if (isDotFile(bytes, start, end, 'gitmodules')) facts |= gitmodulesFact(mode);
  if (isDotFile(bytes, start, end, 'gitattributes')) {
    facts |= gitattributesFact(mode);
  }
  if (isSymlinkMode(mode)) facts |= symlinkFacts(bytes, start, end);
  return kinds & HAS_BACKSLASH ? facts | backslashFacts(bytes, start, end, mode) : facts;
}

const LINK_FILES: readonly [file: DotFile, fact: number][] = [
  ['gitignore', TREE_FACT.gitignoreSymlink],
  ['mailmap', TREE_FACT.mailmapSymlink],
];

function symlinkFacts(bytes: Uint8Array, start: number, end: number): number {
  let facts = 0;
  for (const [file, fact] of LINK_FILES) {
    if (isDotFile(bytes, start, end, file)) facts |= fact;
  }
  return facts;
}

/** Windows takes a backslash for a separator: what stands behind one counts as a name. */
function backslashFacts(bytes: Uint8Array, start: number, end: number, mode: number): number {
  let facts = 0;
  for (let i = start; i < end; i++) {
    if (bytes[i] !== BACKSLASH) continue;
    if (isNtfsDotGit(bytes, i + 1, end)) facts |= TREE_FACT.hasDotgit;
    if (isNtfsDotFile(bytes, i + 1, end, 'gitmodules')) facts |= gitmodulesFact(mode);
  }
  return facts;
}

function gitmodulesFact(mode: number): number {
  if (isTreeMode(mode)) return TREE_FACT.gitmodulesBlob;
  return isSymlinkMode(mode) ? TREE_FACT.gitmodulesSymlink : TREE_FACT.namesGitmodules;
}

function gitattributesFact(mode: number): number {
  if (isTreeMode(mode)) return TREE_FACT.gitattributesBlob;
  return isSymlinkMode(mode) ? TREE_FACT.gitattributesSymlink : TREE_FACT.namesGitattributes;
}
