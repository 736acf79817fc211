/** What opens and closes a pack — gitformat-pack(5), "pack-*.pack files have the following format". */
import { CorruptPackError } from '../errors.ts';

/** "PACK", version (4), number of objects (4), big-endian. */
export const PACK_HEADER_BYTES = 12;

const SIGNATURE = 0x5041434b;

/** @returns the number of objects that the header announces @throws {CorruptPackError} in the words of git's `parse_pack_header` */
export function readPackHeader(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0) !== SIGNATURE) {
    throw new CorruptPackError('protocol error (pack signature mismatch detected)');
  }
  const version = view.getUint32(4);
  if (version !== 2 && version !== 3) throw new CorruptPackError('protocol error (pack version unsupported)');
  return view.getUint32(8);
}

export function encodePackHeader(objectCount: number): Uint8Array {
  const bytes = new Uint8Array(PACK_HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, SIGNATURE);
  view.setUint32(4, 2);
  view.setUint32(8, objectCount);
  return bytes;
}
