/**
 * Makes a thin pack whole: appends the objects outside the pack that its deltas stand on, and corrects count and checksum —
 * gitprotocol-capabilities(5), "thin-pack"; git-index-pack(1), `--fix-thin`.
 */
import { promisify } from 'node:util';
import { crc32, deflate } from 'node:zlib';
import { IdTable } from '../walk/id-table.ts';
import { writeTypeAndSize } from './entry-header.ts';
import { deltaChain } from './entry-reader.ts';
import { type EntryTable, EntryTableBuilder, NO_BASE } from './entry-table.ts';

export interface AppendedObject {
  readonly id: Uint8Array;
  readonly typeNumber: number;
  readonly body: Uint8Array;
}

export interface Completion {
  readonly table: EntryTable;
  /** Entry numbers of the appended objects, in the order given. */
  readonly entries: readonly number[];
  /** The appended entries, to stand where the trailer stood. */
  readonly bytes: Uint8Array;
}

/** Appends whole objects to a table whose pack ends at `table.offset[table.count]`. */
export async function appendObjects(table: EntryTable, objects: readonly AppendedObject[]): Promise<Completion> {
  const builder = EntryTableBuilder.from(table);
  const pieces: Uint8Array[] = [];
  const entries: number[] = [];
  let offset = table.offset[table.count] as number;
  for (const object of objects) {
    const bytes = await encodeEntry(object);
    const entry = builder.add();
    const { arrays } = builder;
    arrays.offset[entry] = offset;
    arrays.type[entry] = object.typeNumber;
    arrays.size[entry] = object.body.length;
    arrays.crc[entry] = crc32(bytes);
    arrays.base[entry] = NO_BASE;
    arrays.id.set(object.id, entry * table.format.idBytes);
    entries.push(entry);
    pieces.push(bytes);
    offset += bytes.length;
  }
  return { table: builder.finish(offset), entries, bytes: Buffer.concat(pieces) };
}

/**
 * Numbers of appended objects that the pack turned out to hold itself, as deltas that were nameless until their own bases were there;
 * not of those that the pack's own stands on, for that would be a circle.
 *
 * @param count entries that came with the pack
 */
export function findSuperfluous(table: EntryTable, count: number): ReadonlySet<number> {
  const { idBytes } = table.format;
  const appended = new IdTable(table.format, Math.max(16, table.count - count));
  for (let entry = count; entry < table.count; entry++) appended.add(table.id, entry * idBytes);
  const superfluous = new Set<number>();
  for (let entry = 0; entry < count; entry++) {
    const number = appended.find(table.id, entry * idBytes);
    if (number >= 0 && !deltaChain(table, entry).includes(count + number)) superfluous.add(number);
  }
  return superfluous;
}

const deflateAside = promisify(deflate);

/** An object stored whole, as a pack entry. Compressing is the slow direction (58 MB/s), so a thread of the pool does it. */
export async function encodeEntry({
  typeNumber,
  body,
}: Pick<AppendedObject, 'typeNumber' | 'body'>): Promise<Uint8Array> {
  const header = new Uint8Array(16);
  const headerBytes = writeTypeAndSize(header, 0, typeNumber, body.length);
  return Buffer.concat([header.subarray(0, headerBytes), await deflateAside(body)]);
}
