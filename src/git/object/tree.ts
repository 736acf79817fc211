/**
 * Trees: entries of `mode SP name NUL id`, where the id is 20 or 32 bytes and the mode is octal without leading zeros —
 * gitdatamodel(7), "tree".
 */
import { fromHex, toHex } from '#bytes/hex.ts';
import { decodeLenient } from '#bytes/utf8.ts';
import { CorruptObjectError } from '../errors.ts';
import { isTreeMode } from './file-mode.ts';
import type { ObjectFormat, ObjectId } from './object-id.ts';

export interface TreeEntry {
  readonly mode: number;
  /** What the name is. A view of the tree's body. */
  readonly nameBytes: Uint8Array;
  /** The name for people; two names that are not UTF-8 may read alike. */
  readonly name: string;
  readonly id: ObjectId;
}

const SPACE = 0x20;
const SLASH = 0x2f;
const DIGIT_ZERO = 0x30;
const DIGIT_SEVEN = 0x37;
/** git keeps a mode in 16 bits; what is beyond falls off. */
const MODE_MASK = 0xffff;

/**
 * Walks the entries of a tree without making an object or a string.
 *
 * ```ts
 * const tree = new TreeReader(body, format);
 * while (tree.next()) use(tree.mode, tree.nameStart, tree.nameEnd, tree.idStart);
 * ```
 */
export class TreeReader {
  readonly body: Uint8Array;
  readonly #idBytes: number;
  readonly #end: number;
  #offset: number;

  mode = 0;
  /** Offset of the entry's first byte, a digit of its mode. */
  entryStart = 0;
  nameStart = 0;
  /** Of the NUL behind the name. */
  nameEnd = 0;
  idStart = 0;

  constructor(body: Uint8Array, format: ObjectFormat, start = 0, end = body.length) {
    this.body = body;
    this.#idBytes = format.idBytes;
    this.#offset = start;
    this.#end = end;
  }

  /**
   * @returns false at the end
   * @throws {CorruptObjectError} an entry that is cut short, has an empty name, or a mode that is not octal
   */
  next(): boolean {
    if (this.#offset >= this.#end) return false;
    this.entryStart = this.#offset;
    this.nameStart = this.#readMode(this.#offset);
    this.nameEnd = this.#findNul(this.nameStart);
    this.idStart = this.nameEnd + 1;
    this.#offset = this.idStart + this.#idBytes;
    if (this.#offset > this.#end) throw new CorruptObjectError(this.#complaint('is cut short'));
    if (this.nameEnd === this.nameStart) throw new CorruptObjectError(this.#complaint('has an empty name'));
    return true;
  }

  /** Reads the entry that begins at `start`. @throws {CorruptObjectError} */
  moveTo(start: number): this {
    this.#offset = start;
    this.next();
    return this;
  }

  /** @returns the offset behind the space */
  #readMode(start: number): number {
    const { body } = this;
    let mode = 0;
    let offset = start;
    for (; offset < this.#end && body[offset] !== SPACE; offset++) {
      const digit = body[offset] as number;
      if (digit < DIGIT_ZERO || digit > DIGIT_SEVEN)
        throw new CorruptObjectError(this.#complaint('has a malformed mode'));
      mode = ((mode << 3) | (digit - DIGIT_ZERO)) & MODE_MASK;
    }
    if (offset === start || offset >= this.#end) throw new CorruptObjectError(this.#complaint('has a malformed mode'));
    this.mode = mode;
    return offset + 1;
  }

  /** Names are short: a loop finds their end sooner than a call of `indexOf`. @returns the end when there is none */
  #findNul(start: number): number {
    let offset = start;
    while (offset < this.#end && this.body[offset] !== 0) offset++;
    return offset;
  }

  #complaint(what: string): string {
    return `read tree: the entry at offset ${this.entryStart} ${what}`;
  }
}

/** @throws {CorruptObjectError} */
export function parseTree(body: Uint8Array, format: ObjectFormat): TreeEntry[] {
  const entries: TreeEntry[] = [];
  const reader = new TreeReader(body, format);
  while (reader.next()) entries.push(currentEntry(reader, format));
  return entries;
}

function currentEntry(reader: TreeReader, format: ObjectFormat): TreeEntry {
  const nameBytes = reader.body.subarray(reader.nameStart, reader.nameEnd);
  const id = toHex(reader.body, reader.idStart, reader.idStart + format.idBytes);
  return { mode: reader.mode, nameBytes, name: decodeLenient(nameBytes), id };
}

/** @returns undefined when the tree has no entry of that name @throws {CorruptObjectError} */
export function findTreeEntry(body: Uint8Array, name: Uint8Array, format: ObjectFormat): TreeEntry | undefined {
  const reader = new TreeReader(body, format);
  while (reader.next()) {
    if (reader.nameEnd - reader.nameStart !== name.length) continue;
    if (Buffer.compare(body.subarray(reader.nameStart, reader.nameEnd), name) === 0)
      return currentEntry(reader, format);
  }
  return undefined;
}

/** @param entries in the order of `compareTreeEntries` */
export function encodeTree(entries: readonly Pick<TreeEntry, 'mode' | 'nameBytes' | 'id'>[]): Uint8Array {
  return Buffer.concat(
    entries.flatMap(({ mode, nameBytes, id }) => [
      Buffer.from(`${mode.toString(8)} `, 'latin1'),
      nameBytes,
      Buffer.of(0),
      fromHex(id),
    ]),
  );
}

/**
 * The order of a tree's entries: by name, byte by byte, where a directory's name ends in a slash. So `a.c` comes before the
 * directory `a`, and behind the file `a`.
 */
export function compareTreeEntries(
  a: Pick<TreeEntry, 'mode' | 'nameBytes'>,
  b: Pick<TreeEntry, 'mode' | 'nameBytes'>,
): number {
  const length = Math.min(a.nameBytes.length, b.nameBytes.length);
  const order = Buffer.compare(a.nameBytes.subarray(0, length), b.nameBytes.subarray(0, length));
  return order === 0 ? byteBehind(a, length) - byteBehind(b, length) : order;
}

function byteBehind(entry: Pick<TreeEntry, 'mode' | 'nameBytes'>, offset: number): number {
  return entry.nameBytes[offset] ?? (isTreeMode(entry.mode) ? SLASH : 0);
}
