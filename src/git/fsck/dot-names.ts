/**
 * Names that a file system takes for `.git`, `.gitmodules` and their like, although their bytes differ: HFS+ folds case and
 * ignores some code points, NTFS folds case, ignores trailing dots and spaces, opens streams behind a colon and knows short
 * names such as `GIT~1` — git-config(1), "core.protectHFS" and "core.protectNTFS"; CVE-2014-9390, CVE-2019-1352.
 *
 * All functions look at `bytes[start, end)`, which holds no NUL.
 */
import { isUtf8 } from '#bytes/utf8.ts';

interface DotName {
  /** Without the dot, in lower case. */
  readonly name: Uint8Array;
  /** The first six characters of the NTFS short name that holds a hash, which files get from the fifth of a name on. */
  readonly ntfsHashedPrefix: Uint8Array;
}

function dotName(name: string, ntfsHashedPrefix: string): DotName {
  return { name: Buffer.from(name), ntfsHashedPrefix: Buffer.from(ntfsHashedPrefix) };
}

const GIT = Buffer.from('git');
const DOT_FILES = {
  gitmodules: dotName('gitmodules', 'gi7eba'),
  gitattributes: dotName('gitattributes', 'gi7d29'),
  gitignore: dotName('gitignore', 'gi250a'),
  mailmap: dotName('mailmap', 'maba30'),
};

export type DotFile = keyof typeof DOT_FILES;

const DOT = 0x2e;
const SLASH = 0x2f;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const SPACE = 0x20;
const TILDE = 0x7e;
const DIGIT_ZERO = 0x30;
const DIGIT_ONE = 0x31;
const DIGIT_FOUR = 0x34;
const DIGIT_NINE = 0x39;

export function isDotGit(bytes: Uint8Array, start: number, end: number): boolean {
  return isHfsDotName(bytes, start, end, GIT) || isNtfsDotGit(bytes, start, end);
}

export function isDotFile(bytes: Uint8Array, start: number, end: number, file: DotFile): boolean {
  return isHfsDotName(bytes, start, end, DOT_FILES[file].name) || isNtfsDotFile(bytes, start, end, file);
}

/** `.git` or `git~1`, then dots and spaces up to the end, a separator or a colon. */
export function isNtfsDotGit(bytes: Uint8Array, start: number, end: number): boolean {
  if (matchesFolded(bytes, start + 1, end, GIT) && bytes[start] === DOT) {
    return isIgnoredTail(bytes, start + 4, end, isSeparator);
  }
  if (!matchesFolded(bytes, start, end, GIT) || end < start + 5) return false;
  if (bytes[start + 3] !== TILDE || bytes[start + 4] !== DIGIT_ONE) return false;
  return isIgnoredTail(bytes, start + 5, end, isSeparator);
}

/** The name itself, its short name with a number from 1 to 4, or the short name with a hash. */
export function isNtfsDotFile(bytes: Uint8Array, start: number, end: number, file: DotFile): boolean {
  const { name, ntfsHashedPrefix } = DOT_FILES[file];
  if (bytes[start] === DOT && matchesFolded(bytes, start + 1, end, name)) {
    return isIgnoredTail(bytes, start + 1 + name.length, end, isNeverSeparator);
  }
  if (end - start < 8) return false;
  if (matchesFolded(bytes, start, end, name.subarray(0, 6)) && bytes[start + 6] === TILDE) {
    const number = bytes[start + 7] as number;
    if (number >= DIGIT_ONE && number <= DIGIT_FOUR) return isIgnoredTail(bytes, start + 8, end, isNeverSeparator);
  }
  return isHashedShortName(bytes, start, ntfsHashedPrefix) && isIgnoredTail(bytes, start + 8, end, isNeverSeparator);
}

/** Eight characters: some of the prefix, a tilde, a digit from 1 to 9, then digits. */
function isHashedShortName(bytes: Uint8Array, start: number, prefix: Uint8Array): boolean {
  let length = 0;
  while (length < prefix.length && foldCase(bytes[start + length] as number) === prefix[length]) length++;
  const digit = bytes[start + length + 1] as number;
  if (bytes[start + length] !== TILDE || digit < DIGIT_ONE || digit > DIGIT_NINE) return false;
  for (let i = length + 2; i < 8; i++) {
    const next = bytes[start + i] as number;
    if (next < DIGIT_ZERO || next > DIGIT_NINE) return false;
  }
  return true;
}

function isIgnoredTail(bytes: Uint8Array, start: number, end: number, endsName: (byte: number) => boolean): boolean {
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number;
    if (byte === COLON || endsName(byte)) return true;
    if (byte !== DOT && byte !== SPACE) return false;
  }
  return true;
}

function isSeparator(byte: number): boolean {
  return byte === SLASH || byte === BACKSLASH;
}

function isNeverSeparator(): boolean {
  return false;
}

function matchesFolded(bytes: Uint8Array, start: number, end: number, lowerCase: Uint8Array): boolean {
  if (end - start < lowerCase.length) return false;
  for (let i = 0; i < lowerCase.length; i++) {
    if (foldCase(bytes[start + i] as number) !== lowerCase[i]) return false;
  }
  return true;
}

function foldCase(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
}

function isHfsDotName(bytes: Uint8Array, start: number, end: number, name: Uint8Array): boolean {
  const reader = new HfsNameReader(bytes, start, end);
  if (reader.next() !== DOT) return false;
  for (let i = 0; i < name.length; i++) {
    if (foldCase(reader.next()) !== name[i]) return false;
  }
  const last = reader.next();
  return last === HfsNameReader.END || last === SLASH;
}

/** Reads a name as HFS+ compares it: without the code points that it ignores. */
class HfsNameReader {
  /** The end of the name; git takes bytes that are not UTF-8 for it too. */
  static readonly END = 0;
  static readonly #NOT_ASCII = 0x80;

  readonly #bytes: Uint8Array;
  readonly #end: number;
  #offset: number;

  constructor(bytes: Uint8Array, start: number, end: number) {
    this.#bytes = bytes;
    this.#offset = start;
    this.#end = end;
  }

  /** The next ASCII character; `#NOT_ASCII` for any other. */
  next(): number {
    while (this.#atIgnorable()) this.#offset += 3;
    if (this.#offset >= this.#end) return HfsNameReader.END;
    const byte = this.#bytes[this.#offset] as number;
    if (byte < 0x80) {
      this.#offset++;
      return byte;
    }
    return this.#atCharacter(byte) ? HfsNameReader.#NOT_ASCII : HfsNameReader.END;
  }

  /** U+200C to U+200F, U+202A to U+202E, U+206A to U+206F and U+FEFF, each of three bytes. */
  #atIgnorable(): boolean {
    if (this.#offset + 3 > this.#end) return false;
    const first = this.#bytes[this.#offset];
    const second = this.#bytes[this.#offset + 1];
    const third = this.#bytes[this.#offset + 2] as number;
    if (first === 0xef) return second === 0xbb && third === 0xbf;
    if (first !== 0xe2) return false;
    if (second === 0x80) return (third >= 0x8c && third <= 0x8f) || (third >= 0xaa && third <= 0xae);
    return second === 0x81 && third >= 0xaa && third <= 0xaf;
  }

  #atCharacter(first: number): boolean {
    const length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    const end = this.#offset + length;
    const isNoncharacter =
      first === 0xef && this.#bytes[this.#offset + 1] === 0xbf && (this.#bytes[this.#offset + 2] ?? 0) >= 0xbe;
    return end <= this.#end && !isNoncharacter && isUtf8(this.#bytes.subarray(this.#offset, end));
  }
}
