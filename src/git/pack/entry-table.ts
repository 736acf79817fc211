/**
 * What is known of each entry of a pack while it is indexed, as parallel arrays in shared memory: 42 bytes an entry with SHA-1
 * and no JavaScript object, so that threads can fill in different entries of one table.
 */
import type { ObjectFormat } from '../object/object-id.ts';

/** Marks in `base`. */
export const NO_BASE = -1;
/** The base is named by id and was not found in this pack, so far. */
export const BASE_BY_ID = -2;

export interface EntryTable {
  readonly format: ObjectFormat;
  readonly count: number;
  /** Where each entry begins; one more, for where the last one ends. */
  readonly offset: Float64Array<SharedArrayBuffer>;
  /** Type of the object; 0 while it is an unresolved delta. */
  readonly type: Uint8Array<SharedArrayBuffer>;
  /** Size of the object; of the delta while it is unresolved. Objects stay below 2^32 bytes (`limits.objectMaxBytes`). */
  readonly size: Uint32Array<SharedArrayBuffer>;
  /** CRC-32 of the entry as stored. */
  readonly crc: Uint32Array<SharedArrayBuffer>;
  /** Entry number of the delta's base, NO_BASE or BASE_BY_ID. */
  readonly base: Int32Array<SharedArrayBuffer>;
  /** Object ids, one slot an entry; zero while unresolved. */
  readonly id: Uint8Array<SharedArrayBuffer>;
}

/** An EntryTable that grows with the pack, never with what the pack's header claims. */
export class EntryTableBuilder {
  readonly #format: ObjectFormat;
  #capacity = 0;
  #table: EntryTable;
  count = 0;

  constructor(format: ObjectFormat) {
    this.#format = format;
    this.#table = allocate(format, 0);
    this.#grow(256);
  }

  /** A builder that goes on where a finished table ends. */
  static from(table: EntryTable): EntryTableBuilder {
    const builder = new EntryTableBuilder(table.format);
    builder.#table = table;
    builder.count = table.count;
    builder.#grow(table.count + 16);
    return builder;
  }

  /** The arrays as they are now; another set after the next `add`. */
  get arrays(): EntryTable {
    return this.#table;
  }

  /** Makes room for one more entry. @returns its number */
  add(): number {
    if (this.count === this.#capacity) this.#grow(this.#capacity * 2);
    return this.count++;
  }

  /** Entry number of the one that begins at `offset`, or -1. */
  find(offset: number): number {
    return findEntry(this.#table.offset, this.count, offset);
  }

  /** @param endOffset where the last entry ends */
  finish(endOffset: number): EntryTable {
    if (this.count === this.#capacity) this.#grow(this.#capacity + 1);
    this.#table.offset[this.count] = endOffset;
    return { ...this.#table, count: this.count };
  }

  #grow(capacity: number): void {
    const grown = allocate(this.#format, capacity);
    const { count } = this;
    grown.offset.set(this.#table.offset.subarray(0, count));
    grown.type.set(this.#table.type.subarray(0, count));
    grown.size.set(this.#table.size.subarray(0, count));
    grown.crc.set(this.#table.crc.subarray(0, count));
    grown.base.set(this.#table.base.subarray(0, count));
    grown.id.set(this.#table.id.subarray(0, count * this.#format.idBytes));
    this.#table = grown;
    this.#capacity = capacity;
  }
}

/** Entry number of the one that begins at `offset`, by binary search; -1 when none does. */
export function findEntry(offsets: Float64Array, count: number, offset: number): number {
  let low = 0;
  let high = count - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const value = offsets[middle] as number;
    if (value === offset) return middle;
    if (value < offset) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}

function allocate(format: ObjectFormat, capacity: number): EntryTable {
  return {
    format,
    count: 0,
    offset: new Float64Array(new SharedArrayBuffer((capacity + 1) * 8)),
    type: new Uint8Array(new SharedArrayBuffer(capacity)),
    size: new Uint32Array(new SharedArrayBuffer(capacity * 4)),
    crc: new Uint32Array(new SharedArrayBuffer(capacity * 4)),
    base: new Int32Array(new SharedArrayBuffer(capacity * 4)),
    id: new Uint8Array(new SharedArrayBuffer(capacity * format.idBytes)),
  };
}
