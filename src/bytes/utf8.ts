/**
 * Text out of bytes whose encoding nobody promised: file contents, names in trees, commit messages.
 */
import { isUtf8 as isValidUtf8 } from 'node:buffer';

const STRICT_UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function isUtf8(bytes: Uint8Array): boolean {
  return isValidUtf8(bytes);
}

/**
 * Decodes UTF-8; bytes that are not UTF-8 are read as ISO 8859-1, one character a byte. Never fails, and shows accented
 * letters of old western files where U+FFFD would hide them.
 */
export function decodeLenient(bytes: Uint8Array): string {
  return isValidUtf8(bytes) ? STRICT_UTF8.decode(bytes) : decodeLatin1(bytes);
}

/** @returns undefined when the bytes are not UTF-8 */
export function decodeStrict(bytes: Uint8Array): string | undefined {
  return isValidUtf8(bytes) ? STRICT_UTF8.decode(bytes) : undefined;
}

/** How many bytes from the start on are whole UTF-8 characters. */
export function utf8PrefixLength(bytes: Uint8Array): number {
  if (isValidUtf8(bytes)) return bytes.length;
  let length = 0;
  for (;;) {
    const first = bytes[length] as number;
    const end = length + (first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4);
    if (end > bytes.length || !isValidUtf8(bytes.subarray(length, end))) return length;
    length = end;
  }
}

/** One character a byte, U+0000 to U+00FF. */
export function decodeLatin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

/** A byte string, which has a character for each byte, for people. */
export function textOfBytes(byteString: string): string {
  return decodeLenient(Buffer.from(byteString, 'latin1'));
}
