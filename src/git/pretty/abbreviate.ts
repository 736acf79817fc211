/** Ids as short as they can be — git-rev-parse(1), "--short"; git's `repo_find_unique_abbrev_r`. */
import type { ObjectId } from '../object/object-id.ts';
import type { ObjectStore } from '../object-store.ts';

const DIGITS_DEFAULT = 7;

/** @param digitsMin undefined: as many as a repository of its size needs; 0: all */
export async function abbreviate(objects: ObjectStore, id: ObjectId, digitsMin?: number): Promise<string> {
  const { hexDigits } = objects.format;
  const digits = digitsMin ?? defaultDigits(objects.objectCount);
  if (digits === 0 || digits >= hexDigits) return id;
  const others = await objects.findByPrefix(id.slice(0, digits), NEIGHBOURS_MAX);
  if (others.length === NEIGHBOURS_MAX) return id;
  const shared = others.filter((other) => other !== id).map((other) => sharedDigits(id, other));
  return id.slice(0, Math.max(digits, ...shared.map((count) => count + 1)));
}

/** So many other ids with the same beginning would not be chance. */
const NEIGHBOURS_MAX = 256;

/** Half of the bits that count the objects: a collision among them is unlikely then. */
function defaultDigits(objectCount: number): number {
  const bits = objectCount === 0 ? 0 : Math.floor(Math.log2(objectCount)) + 1;
  return Math.max(DIGITS_DEFAULT, Math.ceil(bits / 2));
}

function sharedDigits(a: string, b: string): number {
  let count = 0;
  while (count < a.length && a[count] === b[count]) count++;
  return count;
}
