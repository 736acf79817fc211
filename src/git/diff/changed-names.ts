/** Which names of two trees, without those below them, stand for something else: what a directory's history asks of each commit. */
import { decodeLenient } from '#bytes/utf8.ts';
import { isTreeMode } from '../object/file-mode.ts';
import type { ObjectFormat } from '../object/object-id.ts';
import { TreeReader } from '../object/tree.ts';

const SLASH = 0x2f;

/**
 * Makes no string for the entries that are equal, which are nearly all.
 *
 * @returns names that only one tree has, or that differ in mode or id
 * @throws {CorruptObjectError}
 */
export function changedNames(oldBody: Uint8Array, newBody: Uint8Array, format: ObjectFormat): Set<string> {
  const names = new Set<string>();
  const [a, b] = [new TreeReader(oldBody, format), new TreeReader(newBody, format)];
  let [hasA, hasB] = [a.next(), b.next()];
  while (hasA || hasB) {
    const order = hasA && hasB ? compareNames(a, b) : hasA ? -1 : 1;
    if (order < 0) names.add(nameOf(a));
    else if (order > 0 || !isSameContent(a, b, format)) names.add(nameOf(b));
    if (order <= 0) hasA = a.next();
    if (order >= 0) hasB = b.next();
  }
  return names;
}

function nameOf(reader: TreeReader): string {
  return decodeLenient(reader.body.subarray(reader.nameStart, reader.nameEnd));
}

/** As `compareTreeEntries`, in place. */
function compareNames(a: TreeReader, b: TreeReader): number {
  const lengthA = a.nameEnd - a.nameStart;
  const lengthB = b.nameEnd - b.nameStart;
  const length = Math.min(lengthA, lengthB);
  for (let i = 0; i < length; i++) {
    const difference = (a.body[a.nameStart + i] as number) - (b.body[b.nameStart + i] as number);
    if (difference !== 0) return difference;
  }
  return byteBehind(a, length) - byteBehind(b, length);
}

function byteBehind(reader: TreeReader, length: number): number {
  if (reader.nameStart + length < reader.nameEnd) return reader.body[reader.nameStart + length] as number;
  return isTreeMode(reader.mode) ? SLASH : 0;
}

function isSameContent(a: TreeReader, b: TreeReader, format: ObjectFormat): boolean {
  if (a.mode !== b.mode) return false;
  for (let i = 0; i < format.idBytes; i++) {
    if (a.body[a.idStart + i] !== b.body[b.idStart + i]) return false;
  }
  return true;
}
