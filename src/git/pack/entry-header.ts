/**
 * The variable-length numbers that open a pack entry — gitformat-pack(5), "pack-*.pack files have the following format".
 *
 * Readers work on a window that may end in mid-number, so that a stream can be parsed as it arrives.
 */
import { CorruptPackError } from '../errors.ts';

export const OFS_DELTA = 6;
export const REF_DELTA = 7;

/** The longest header: 9 bytes hold a size below 2^53, and the longest distance takes as many. */
export const ENTRY_HEADER_MAX_BYTES = 9 + 32;

export interface EntryHeader {
  /** 1 to 4: an object of that type; 6: OFS_DELTA; 7: REF_DELTA. */
  typeNumber: number;
  /** Inflated size of the entry's data: of the object, or of the delta's instructions. */
  sizeBytes: number;
  /** OFS_DELTA: how far before this entry's first byte its base begins; 0 otherwise. */
  baseDistance: number;
  /** REF_DELTA: where in the window the base's id begins; -1 otherwise. */
  baseIdStart: number;
  /** Bytes from the entry's first byte to its zlib data. */
  headerBytes: number;
}

export function emptyEntryHeader(): EntryHeader {
  return { typeNumber: 0, sizeBytes: 0, baseDistance: 0, baseIdStart: -1, headerBytes: 0 };
}

/**
 * Reads the header of the entry at `start`.
 *
 * First byte: more(1) type(3) size(4); then more(1) size(7) groups, low bits first ("Size encoding"). An OFS_DELTA goes on with
 * its distance in more(1) bits(7) groups, high bits first, each continuation adding one ("Deltified representation"); a
 * REF_DELTA with the id of its base.
 *
 * @param into filled in; its content is undefined when the result is false
 * @returns false when the window ends before the header does
 * @throws {CorruptPackError} type 0 or 5, or a number beyond 2^53 - 1
 */
export function readEntryHeader(
  window: Uint8Array,
  start: number,
  end: number,
  idBytes: number,
  into: EntryHeader,
): boolean {
  let at = start;
  if (at >= end) return false;
  let byte = window[at++] as number;
  const typeNumber = (byte >> 4) & 7;
  let sizeBytes = byte & 15;
  let scale = 16;
  while (byte & 0x80) {
    if (at >= end) return false;
    byte = window[at++] as number;
    sizeBytes += (byte & 0x7f) * scale;
    scale *= 128;
    if (scale > 2 ** 60 || sizeBytes > Number.MAX_SAFE_INTEGER) {
      throw new CorruptPackError('read pack entry: size beyond 2^53 - 1');
    }
  }
  into.typeNumber = typeNumber;
  into.sizeBytes = sizeBytes;
  into.baseDistance = 0;
  into.baseIdStart = -1;
  if (typeNumber === OFS_DELTA) {
    if (at >= end) return false;
    byte = window[at++] as number;
    let distance = byte & 0x7f;
    while (byte & 0x80) {
      if (at >= end) return false;
      byte = window[at++] as number;
      distance = (distance + 1) * 128 + (byte & 0x7f);
      if (distance > Number.MAX_SAFE_INTEGER / 256) {
        throw new CorruptPackError('read pack entry: distance to the delta base beyond 2^45');
      }
    }
    into.baseDistance = distance;
  } else if (typeNumber === REF_DELTA) {
    if (at + idBytes > end) return false;
    into.baseIdStart = at;
    at += idBytes;
  } else if (typeNumber === 0 || typeNumber === 5) {
    throw new CorruptPackError(`read pack entry: unknown object type ${typeNumber}`);
  }
  into.headerBytes = at - start;
  return true;
}

/** Writes type and size at `at`. @returns the position after them */
export function writeTypeAndSize(into: Uint8Array, at: number, typeNumber: number, sizeBytes: number): number {
  let rest = Math.floor(sizeBytes / 16);
  let position = at;
  into[position++] = (typeNumber << 4) | (sizeBytes % 16) | (rest > 0 ? 0x80 : 0);
  while (rest > 0) {
    const low = rest % 128;
    rest = Math.floor(rest / 128);
    into[position++] = low | (rest > 0 ? 0x80 : 0);
  }
  return position;
}

/** Writes the distance of an OFS_DELTA at `at`. @returns the position after it */
export function writeBaseDistance(into: Uint8Array, at: number, distance: number): number {
  const groups = [distance % 128];
  let rest = Math.floor(distance / 128);
  while (rest > 0) {
    rest -= 1;
    groups.push((rest % 128) | 0x80);
    rest = Math.floor(rest / 128);
  }
  let position = at;
  for (let index = groups.length - 1; index >= 0; index--) into[position++] = groups[index] as number;
  return position;
}
