/**
 * Writes text in other encodings than UTF-8 — gitattributes(5), "working-tree-encoding". Node reads them all and writes few, so
 * that those of one byte a character are written by what it reads.
 */
import { decodeStrict } from '#bytes/utf8.ts';

/** Encodings of Unicode: bytes of a unit, their order, and whether a mark stands in front. */
const UNICODE: Readonly<Record<string, { unitBytes: 2 | 4; order: 'little' | 'big'; hasMark: boolean }>> = {
  // Plain UTF-16 and UTF-32 are what glibc makes of them where git runs: little-endian, with a mark.
  'utf-16': { unitBytes: 2, order: 'little', hasMark: true },
  'utf-16le': { unitBytes: 2, order: 'little', hasMark: false },
  'utf-16be': { unitBytes: 2, order: 'big', hasMark: false },
  'utf-16le-bom': { unitBytes: 2, order: 'little', hasMark: true },
  'utf-16be-bom': { unitBytes: 2, order: 'big', hasMark: true },
  'utf-32': { unitBytes: 4, order: 'little', hasMark: true },
  'utf-32le': { unitBytes: 4, order: 'little', hasMark: false },
  'utf-32be': { unitBytes: 4, order: 'big', hasMark: false },
};
const LATIN_1 = /^(?:iso-?8859-1|latin-?1|l1)$/;
/** Those with one byte a character that glibc and the Encoding Standard name and fill alike. */
const SINGLE_BYTE = /^(?:iso-?8859-(?:2|3|4|5|6|7|8|10|13|14|15|16)|(?:cp|windows-)125[0-46-7]|koi8-r|(?:cp|ibm)866)$/;
const MARK = '\ufeff';

/**
 * @param part `rest` of a text whose start went before, so that it has no mark
 * @returns undefined for what is not UTF-8, has no place in the encoding, or an encoding that we do not write
 */
export function encodeText(
  body: Uint8Array,
  encoding: string,
  part: 'start' | 'rest' = 'start',
): Uint8Array | undefined {
  const name = normalize(encoding);
  const text = decodeStrict(body);
  if (text === undefined) return undefined;
  const unicode = UNICODE[name];
  if (unicode !== undefined) return encodeUnicode(unicode.hasMark && part === 'start' ? MARK + text : text, unicode);
  if (LATIN_1.test(name)) return /[^\0-\xff]/.test(text) ? undefined : Buffer.from(text, 'latin1');
  return SINGLE_BYTE.test(name) ? encodeBytes(text, tableOf(name)) : undefined;
}

function normalize(encoding: string): string {
  return encoding.toLowerCase().replace(/^utf(?=16|32)/, 'utf-');
}

function encodeUnicode(text: string, { unitBytes, order }: { unitBytes: 2 | 4; order: 'little' | 'big' }): Uint8Array {
  const bytes = unitBytes === 2 ? Buffer.from(text, 'utf16le') : encodeUtf32(text);
  if (order === 'little') return bytes;
  return unitBytes === 2 ? bytes.swap16() : bytes.swap32();
}

function encodeUtf32(text: string): Buffer {
  const bytes = Buffer.alloc(text.length * 4);
  let length = 0;
  for (const character of text) length = bytes.writeUInt32LE(character.codePointAt(0) as number, length);
  return bytes.subarray(0, length);
}

function encodeBytes(text: string, table: ReadonlyMap<string, number>): Uint8Array | undefined {
  const bytes = Buffer.alloc(text.length);
  for (let index = 0; index < text.length; index++) {
    const byte = table.get(text.charAt(index));
    if (byte === undefined) return undefined;
    bytes[index] = byte;
  }
  return bytes;
}

const tables = new Map<string, ReadonlyMap<string, number>>();

function tableOf(name: string): ReadonlyMap<string, number> {
  const known = tables.get(name);
  if (known !== undefined) return known;
  const decoder = new TextDecoder(name);
  const table = new Map<string, number>();
  for (let byte = 0; byte < 256; byte++) {
    const character = decoder.decode(Buffer.of(byte));
    // Browsers read bytes that stand for nothing as control characters; iconv writes none of them.
    const isFiller = byte >= 0x80 && /[\x80-\x9f\ufffd]/.test(character) && !name.startsWith('iso');
    if (!isFiller && character !== '\ufffd') table.set(character, byte);
  }
  tables.set(name, table);
  return table;
}
