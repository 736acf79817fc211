/** What the objects of a pack refer to: an IdTable whose notes say of what type each id is expected to be. */
import { TYPE_NUMBER } from '../object/object-type.ts';
import type { IdTable } from '../walk/id-table.ts';

/** A bit for each type, `1 << TYPE_NUMBER`. */
export const EXPECT_COMMIT = 1 << TYPE_NUMBER.commit;
export const EXPECT_TREE = 1 << TYPE_NUMBER.tree;
export const EXPECT_BLOB = 1 << TYPE_NUMBER.blob;
export const EXPECT_TAG = 1 << TYPE_NUMBER.tag;
/** A blob that some tree calls `.gitmodules` or `.gitattributes`: its content is checked too. */
export const IS_GITMODULES = 1 << 6;
export const IS_GITATTRIBUTES = 1 << 7;
export const EXPECT_ANY = EXPECT_COMMIT | EXPECT_TREE | EXPECT_BLOB | EXPECT_TAG;

export type ReferenceTable = IdTable;

/** @returns whether an object of this type is what all its references expect */
export function meetsExpectation(typeNumber: number, note: number): boolean {
  return (note & EXPECT_ANY & ~(1 << typeNumber)) === 0;
}
