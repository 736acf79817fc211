/**
 * Object ids and the two hash functions that make them — gitformat-pack(5), gitrepository-layout(5) "objectFormat".
 *
 * At the edges an id is lower-case hexadecimal text; inside the engine it is a slot of 20 or 32 bytes in a larger buffer.
 */
import { hash } from 'node:crypto';
import type { ObjectType } from './object-type.ts';

/** Lower-case hexadecimal, 40 or 64 digits. */
export type ObjectId = string;

export type ObjectFormatName = 'sha1' | 'sha256';

export interface ObjectFormat {
  readonly name: ObjectFormatName;
  readonly idBytes: 20 | 32;
  readonly hexDigits: 40 | 64;
  /** The id that stands for "no object" in ref updates. */
  readonly zeroId: ObjectId;
}

export const SHA1: ObjectFormat = { name: 'sha1', idBytes: 20, hexDigits: 40, zeroId: '0'.repeat(40) };
export const SHA256: ObjectFormat = { name: 'sha256', idBytes: 32, hexDigits: 64, zeroId: '0'.repeat(64) };

/** What a repository may have; where nobody says which, the first is meant. */
export type ObjectFormats = readonly [ObjectFormat, ...ObjectFormat[]];

export function objectFormatOf(name: ObjectFormatName): ObjectFormat {
  return name === 'sha1' ? SHA1 : SHA256;
}

/** Whether `text` is a whole id of this format: lower-case hexadecimal digits, as many as the format has. */
export function isObjectId(text: string, format: ObjectFormat): boolean {
  return text.length === format.hexDigits && /^[0-9a-f]+$/.test(text);
}

/** Hashes `"<type> <size>\0"` and the body — gitglossary(7), "object name". */
export function hashObject(format: ObjectFormat, type: ObjectType, body: Uint8Array): ObjectId {
  const header = Buffer.from(`${type} ${body.byteLength}\0`, 'latin1');
  return hash(format.name, Buffer.concat([header, body]), 'hex');
}
