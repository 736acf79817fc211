/**
 * Entries that one tree has and others do not: the inner loop of every history walk. Equal entries are passed over byte by byte without
 * being parsed, since in nearly all pairs nearly all entries are equal.
 */
import { isTreeMode } from '../object/file-mode.ts';
import type { ObjectFormat } from '../object/object-id.ts';
import { TreeReader } from '../object/tree.ts';

const SLASH = 0x2f;

/**
 * Sees an entry that no other tree has alike.
 *
 * @param counterparts for each other tree where in it the entry of the same name and kind begins, or -1; valid during the call.
 *   Of a file and a folder of one name it may be either.
 */
export type OnNewEntry = (entry: TreeReader, counterparts: Int32Array) => void;

/** Entries of a tree that differ from one other tree. */
interface Changes {
  /** Where they begin, ascending. */
  starts: Int32Array;
  /** Where the entry of the same name begins in the other tree, or -1. */
  counterparts: Int32Array;
  count: number;
}

export class TreeComparer {
  readonly #format: ObjectFormat;
  /** For each of the other trees; kept for the next comparison. */
  readonly #changes: Changes[] = [];

  constructor(format: ObjectFormat) {
    this.#format = format;
  }

  /**
   * Calls `onNew` for each entry of `tree` that none of `others` has with the same name, mode and id. Trees whose entries are out of order may
   * yield more entries than differ, never fewer.
   *
   * @throws {CorruptObjectError}
   */
  compare(tree: Uint8Array, others: readonly Uint8Array[], onNew: OnNewEntry): void {
    const counterparts = new Int32Array(others.length);
    if (others.length === 0) {
      const entry = new TreeReader(tree, this.#format);
      while (entry.next()) onNew(entry, counterparts);
      return;
    }
    others.forEach((other, index) => {
      this.#findChanges(tree, other, this.#changesOf(index));
    });
    const [first, ...rest] = this.#changes.slice(0, others.length) as [Changes, ...Changes[]];
    const next = rest.map(() => 0);
    for (let index = 0; index < first.count; index++) {
      const start = first.starts[index] as number;
      counterparts[0] = first.counterparts[index] as number;
      const isNew = rest.every((changes, number) => {
        let at = next[number] as number;
        while (at < changes.count && (changes.starts[at] as number) < start) at++;
        next[number] = at;
        counterparts[number + 1] = changes.counterparts[at] as number;
        return at < changes.count && changes.starts[at] === start;
      });
      if (isNew) onNew(entryAt(tree, start, this.#format), counterparts);
    }
  }

  #changesOf(index: number): Changes {
    this.#changes[index] ??= { starts: new Int32Array(64), counterparts: new Int32Array(64), count: 0 };
    return this.#changes[index] as Changes;
  }

  #findChanges(tree: Uint8Array, other: Uint8Array, changes: Changes): void {
    const { idBytes } = this.#format;
    changes.count = 0;
    let at = 0;
    let otherAt = 0;
    while (at < tree.length) {
      const equalBytes = equalEntriesBytes(tree, at, other, otherAt, idBytes);
      at += equalBytes;
      otherAt += equalBytes;
      if (at >= tree.length) break;
      const entry = entryAt(tree, at, this.#format);
      const counterpart = otherAt < other.length ? entryAt(other, otherAt, this.#format) : undefined;
      const order = counterpart ? compareNames(entry, counterpart) : -1;
      if (order > 0) {
        otherAt = (counterpart as TreeReader).idStart + idBytes;
        continue;
      }
      add(changes, at, order === 0 ? otherAt : -1);
      at = entry.idStart + idBytes;
      if (order === 0) otherAt = (counterpart as TreeReader).idStart + idBytes;
    }
  }
}

function add(changes: Changes, start: number, counterpart: number): void {
  if (changes.count === changes.starts.length) {
    changes.starts = doubled(changes.starts);
    changes.counterparts = doubled(changes.counterparts);
  }
  changes.starts[changes.count] = start;
  changes.counterparts[changes.count++] = counterpart;
}

function doubled(numbers: Int32Array): Int32Array {
  const grown = new Int32Array(numbers.length * 2);
  grown.set(numbers);
  return grown;
}

/** Length of the entries that stand at both positions, as many as are equal. */
function equalEntriesBytes(a: Uint8Array, aStart: number, b: Uint8Array, bStart: number, idBytes: number): number {
  const equalBytes = commonBytes(a, aStart, b, bStart);
  if (aStart + equalBytes === a.length && bStart + equalBytes === b.length) return equalBytes;
  let end = 0;
  for (let at = 0; ; at = end) {
    while (at < equalBytes && a[aStart + at] !== 0) at++;
    if (at + 1 + idBytes > equalBytes) return end;
    end = at + 1 + idBytes;
  }
}

/** Trees that differ at once need no more than a loop. */
const LOOP_BYTES = 64;
/** Native comparison says whether, not where: so it is asked piece by piece. */
const PIECE_BYTES = 1024;

function commonBytes(a: Uint8Array, aStart: number, b: Uint8Array, bStart: number): number {
  const length = Math.min(a.length - aStart, b.length - bStart);
  const first = loopCommonBytes(a, aStart, b, bStart, 0, Math.min(length, LOOP_BYTES));
  if (first < LOOP_BYTES) return first;
  const native = bufferOf(a);
  let at = LOOP_BYTES;
  for (; at < length; at += PIECE_BYTES) {
    const end = Math.min(at + PIECE_BYTES, length);
    if (native.compare(b, bStart + at, bStart + end, aStart + at, aStart + end) !== 0) break;
  }
  return loopCommonBytes(a, aStart, b, bStart, Math.min(at, length), length);
}

function loopCommonBytes(
  a: Uint8Array,
  aStart: number,
  b: Uint8Array,
  bStart: number,
  from: number,
  length: number,
): number {
  let at = from;
  while (at < length && a[aStart + at] === b[bStart + at]) at++;
  return at;
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** @returns a reader that stands on the entry which begins at `start` */
export function entryAt(tree: Uint8Array, start: number, format: ObjectFormat): TreeReader {
  const reader = new TreeReader(tree, format, start);
  reader.next();
  return reader;
}

/** Names in the order of trees, where a directory's ends in a slash; a file and a directory of one name count as the same. */
function compareNames(a: TreeReader, b: TreeReader): number {
  const aLength = a.nameEnd - a.nameStart;
  const bLength = b.nameEnd - b.nameStart;
  const length = Math.min(aLength, bLength);
  for (let index = 0; index < length; index++) {
    const difference = (a.body[a.nameStart + index] as number) - (b.body[b.nameStart + index] as number);
    if (difference !== 0) return difference;
  }
  if (aLength === bLength) return 0;
  return byteBehind(a, length) - byteBehind(b, length);
}

function byteBehind(entry: TreeReader, length: number): number {
  if (entry.nameStart + length < entry.nameEnd) return entry.body[entry.nameStart + length] as number;
  return isTreeMode(entry.mode) ? SLASH : 0;
}
