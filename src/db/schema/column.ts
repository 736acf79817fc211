/** Column types that drizzle lacks, and the columns that most tables repeat. */
import { customType, timestamp } from 'drizzle-orm/pg-core';

/** `bytea`, read and written as bytes. */
export const bytea = customType<{ data: Uint8Array; driverData: Uint8Array }>({
  dataType: () => 'bytea',
});

/** `text` compared byte by byte: the order in which Git advertises refs, and one that a prefix scan can use. */
export const cText = customType<{ data: string; driverData: string }>({
  dataType: () => 'text COLLATE "C"',
});

/** `timestamptz`, read as a `Date`. */
export const instant = (name: string) => timestamp(name, { withTimezone: true, mode: 'date' });
