/**
 * The index of a pack, version 2: finds an object's offset — gitformat-pack(5), "pack-*.idx files have the following format".
 *
 * "\377tOc", version 2; fan-out of 256 counts by first byte; ids in order; CRC-32 of each entry; 31-bit offsets, or with the high bit
 * set a row of the table of 64-bit offsets that follows; checksum of the pack; checksum of the index.
 */
import { hash } from 'node:crypto';
import { CorruptPackError } from '../errors.ts';
import type { ObjectFormat } from '../object/object-id.ts';
import type { EntryTable } from './entry-table.ts';

const SIGNATURE = 0xff744f63;
const VERSION = 2;
const FANOUT_START = 8;
const IDS_START = FANOUT_START + 256 * 4;
const LARGE_OFFSET = 0x80000000;

export class PackIndex {
  readonly format: ObjectFormat;
  readonly count: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #crcStart: number;
  readonly #offsetStart: number;
  readonly #largeOffsetStart: number;
  readonly #largeOffsetCount: number;

  /** @throws {CorruptPackError} not an index, or its sizes do not add up. The checksum is not verified. */
  constructor(bytes: Uint8Array, format: ObjectFormat) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (
      bytes.length < IDS_START + 2 * format.idBytes ||
      view.getUint32(0) !== SIGNATURE ||
      view.getUint32(4) !== VERSION
    ) {
      throw new CorruptPackError('read pack index: it is no index of version 2');
    }
    this.format = format;
    this.#bytes = bytes;
    this.#view = view;
    for (let byte = 1, previous = view.getUint32(FANOUT_START); byte < 256; byte++) {
      const next = view.getUint32(FANOUT_START + byte * 4);
      if (next < previous)
        throw new CorruptPackError(`read pack index: fan-out table decreases at 0x${byte.toString(16)}`);
      previous = next;
    }
    this.count = view.getUint32(IDS_START - 4);
    this.#crcStart = IDS_START + this.count * format.idBytes;
    this.#offsetStart = this.#crcStart + this.count * 4;
    this.#largeOffsetStart = this.#offsetStart + this.count * 4;
    const largeBytes = bytes.length - this.#largeOffsetStart - 2 * format.idBytes;
    if (largeBytes < 0 || largeBytes % 8 !== 0 || largeBytes / 8 > this.count) {
      throw new CorruptPackError(`read pack index: ${bytes.length} bytes do not fit ${this.count} objects`);
    }
    this.#largeOffsetCount = largeBytes / 8;
  }

  /** The checksum that the pack itself ends with. */
  get packTrailer(): Uint8Array {
    const { idBytes } = this.format;
    return this.#bytes.subarray(this.#bytes.length - 2 * idBytes, this.#bytes.length - idBytes);
  }

  get sizeBytes(): number {
    return this.#bytes.length;
  }

  /** @returns the object's position in the index, or -1 */
  find(id: Uint8Array, idStart = 0): number {
    const first = id[idStart] as number;
    let low = first === 0 ? 0 : this.#view.getUint32(FANOUT_START + (first - 1) * 4);
    let high = this.#view.getUint32(FANOUT_START + first * 4) - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const order = this.#compare(middle, id, idStart, this.format.idBytes);
      if (order === 0) return middle;
      if (order < 0) low = middle + 1;
      else high = middle - 1;
    }
    return -1;
  }

  /** @returns position of the first id that is not below `prefix` */
  lowerBound(prefix: Uint8Array): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#compare(middle, prefix, 0, prefix.length) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** @returns a view of the id at a position */
  idAt(position: number): Uint8Array {
    const start = IDS_START + position * this.format.idBytes;
    return this.#bytes.subarray(start, start + this.format.idBytes);
  }

  /** All ids, in order, one slot after another: a view. */
  get ids(): Uint8Array {
    return this.#bytes.subarray(IDS_START, this.#crcStart);
  }

  /** @returns where the object's entry begins in the pack */
  offsetAt(position: number): number {
    const offset = this.#view.getUint32(this.#offsetStart + position * 4);
    if (offset < LARGE_OFFSET) return offset;
    const row = offset - LARGE_OFFSET;
    if (row >= this.#largeOffsetCount) throw new CorruptPackError(`read pack index: no row ${row} of 64-bit offsets`);
    const at = this.#largeOffsetStart + row * 8;
    return this.#view.getUint32(at) * 2 ** 32 + this.#view.getUint32(at + 4);
  }

  #compare(position: number, id: Uint8Array, idStart: number, length: number): number {
    const start = IDS_START + position * this.format.idBytes;
    for (let index = 0; index < length; index++) {
      const difference = (this.#bytes[start + index] as number) - (id[idStart + index] as number);
      if (difference !== 0) return difference;
    }
    return 0;
  }
}

/** Entries of packs as most pushes bring them: setting up buckets would take longer than sorting. */
const SORTED_PLAINLY_MAX = 1_000;

/**
 * Orders the entries of a table by id.
 *
 * @returns entry numbers; duplicates stay side by side in the order of the pack
 */
export function sortEntriesById(table: Pick<EntryTable, 'count' | 'format'> & { readonly id: Uint8Array }): Int32Array {
  const { count, id } = table;
  const { idBytes } = table.format;
  const byId = (a: number, b: number) => compareSlots(id, a * idBytes, b * idBytes, idBytes) || a - b;
  if (count <= SORTED_PLAINLY_MAX) return Int32Array.from({ length: count }, (_, entry) => entry).sort(byId);
  // A bucket for each value of the first two bytes leaves a handful of ids to sort in each, even in large packs.
  const bucketStart = new Int32Array(65_537);
  for (let entry = 0; entry < count; entry++) increment(bucketStart, bucketOf(id, entry * idBytes) + 1);
  for (let bucket = 0; bucket < 65_536; bucket++) increment(bucketStart, bucket + 1, bucketStart[bucket]);
  const next = bucketStart.slice();
  const order = new Int32Array(count);
  for (let entry = 0; entry < count; entry++) order[increment(next, bucketOf(id, entry * idBytes)) - 1] = entry;
  for (let bucket = 0; bucket < 65_536; bucket++) {
    const start = bucketStart[bucket] as number;
    const end = bucketStart[bucket + 1] as number;
    if (end - start > 1) order.subarray(start, end).sort(byId);
  }
  return order;
}

/** Encodes the index of a pack whose entries are all resolved; equal to what `git index-pack` writes. */
export function encodePackIndex(table: EntryTable, order: Int32Array, packTrailer: Uint8Array): Uint8Array {
  const { count, format } = table;
  const { idBytes } = format;
  const largeCount = table.offset.subarray(0, count).reduce((sum, offset) => sum + (offset >= LARGE_OFFSET ? 1 : 0), 0);
  const crcStart = IDS_START + count * idBytes;
  const offsetStart = crcStart + count * 4;
  const largeStart = offsetStart + count * 4;
  const trailerStart = largeStart + largeCount * 8;
  const bytes = new Uint8Array(trailerStart + 2 * idBytes);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, SIGNATURE);
  view.setUint32(4, VERSION);
  const fanout = new Uint32Array(256);
  let largeRow = 0;
  for (let position = 0; position < count; position++) {
    const entry = order[position] as number;
    const idStart = entry * idBytes;
    increment(fanout, table.id[idStart] as number);
    bytes.set(table.id.subarray(idStart, idStart + idBytes), IDS_START + position * idBytes);
    view.setUint32(crcStart + position * 4, table.crc[entry] as number);
    const offset = table.offset[entry] as number;
    if (offset < LARGE_OFFSET) {
      view.setUint32(offsetStart + position * 4, offset);
    } else {
      view.setUint32(offsetStart + position * 4, LARGE_OFFSET + largeRow);
      view.setUint32(largeStart + largeRow * 8, Math.floor(offset / 2 ** 32));
      view.setUint32(largeStart + largeRow * 8 + 4, offset % 2 ** 32);
      largeRow++;
    }
  }
  for (let byte = 0, sum = 0; byte < 256; byte++) {
    sum += fanout[byte] as number;
    view.setUint32(FANOUT_START + byte * 4, sum);
  }
  bytes.set(packTrailer, trailerStart);
  bytes.set(hash(format.name, bytes.subarray(0, trailerStart + idBytes), 'buffer'), trailerStart + idBytes);
  return bytes;
}

/** @returns the value after the addition */
function increment(counts: Int32Array | Uint32Array, index: number, by = 1): number {
  const value = (counts[index] as number) + by;
  counts[index] = value;
  return value;
}

function bucketOf(ids: Uint8Array, start: number): number {
  return ((ids[start] as number) << 8) | (ids[start + 1] as number);
}

function compareSlots(ids: Uint8Array, a: number, b: number, length: number): number {
  for (let index = 0; index < length; index++) {
    const difference = (ids[a + index] as number) - (ids[b + index] as number);
    if (difference !== 0) return difference;
  }
  return 0;
}
