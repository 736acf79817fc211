/**
 * Entries that one tree has and another does not: the inner loop of every history walk. Equal entries are passed over byte by byte without
 * being parsed, since in nearly all pairs nearly all entries are equal.
 */
import { isTreeMode } from '../object/file-mode.ts';
import type { ObjectFormat } from '../object/object-id.ts';
import { TreeReader } from '../object/tree.ts';

const SLASH = 0x2f;

/** Sees an entry of the tree that differs. `other` stands on the entry of the same name in the other tree, or is undefined. */
export type OnChange = (entry: TreeReader, other: TreeReader | undefined) => void;

/**
 * Calls `onChange` for each entry of `tree` that `other` does not have with the same mode and id. Trees whose entries are out of order may
 * yield more entries than differ, never fewer.
 *
 * @throws {CorruptObjectError}
 */
export function forEachChange(tree: Uint8Array, other: Uint8Array, format: ObjectFormat, onChange: OnChange): void {
  const { idBytes } = format;
  let at = 0;
  let otherAt = 0;
  while (at < tree.length) {
    const equalBytes = equalEntryBytes(tree, at, other, otherAt, idBytes);
    if (equalBytes > 0) {
      at += equalBytes;
      otherAt += equalBytes;
      continue;
    }
    const entry = entryAt(tree, at, format);
    const counterpart = otherAt < other.length ? entryAt(other, otherAt, format) : undefined;
    const order = counterpart ? compareNames(entry, counterpart) : -1;
    if (order > 0) {
      otherAt = (counterpart as TreeReader).idStart + idBytes;
      continue;
    }
    at = entry.idStart + idBytes;
    if (order === 0) otherAt = (counterpart as TreeReader).idStart + idBytes;
    onChange(entry, order === 0 ? counterpart : undefined);
  }
}

/** Length of the entry that stands at both positions; 0 when they differ. */
function equalEntryBytes(a: Uint8Array, aStart: number, b: Uint8Array, bStart: number, idBytes: number): number {
  let length = 0;
  for (let byte = -1; byte !== 0; length++) {
    byte = a[aStart + length] ?? 0;
    if (byte !== b[bStart + length]) return 0;
  }
  const end = length + idBytes;
  for (; length < end; length++) {
    if (a[aStart + length] !== b[bStart + length]) return 0;
  }
  return aStart + length <= a.length ? length : 0;
}

function entryAt(tree: Uint8Array, start: number, format: ObjectFormat): TreeReader {
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
