/** Bytes as lower-case hexadecimal text and back. */

/** Renders `bytes[start, end)`. */
export function toHex(bytes: Uint8Array, start = 0, end = bytes.length): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex', start, end);
}

/**
 * Parses lower- or upper-case hexadecimal text.
 *
 * @throws {TypeError} an odd number of digits, or a character that is no digit
 */
export function fromHex(text: string): Uint8Array {
  // Buffer.from stops at the first bad digit instead of complaining.
  const bytes = Buffer.from(text, 'hex');
  if (bytes.length * 2 !== text.length)
    throw new TypeError(`parse hexadecimal "${text.slice(0, 80)}": not hexadecimal`);
  return bytes;
}

/** @returns 0 to 15, or -1 when `byte` is no lower-case hexadecimal digit */
export function lowerHexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  if (byte >= 0x61 && byte <= 0x66) return byte - 0x57;
  return -1;
}

/** Whether every byte of `bytes[start, end)` is a lower-case hexadecimal digit. A range beyond the bytes is not. */
export function isLowerHex(bytes: Uint8Array, start: number, end: number): boolean {
  if (end > bytes.length) return false;
  for (let i = start; i < end; i++) {
    if (lowerHexDigit(bytes[i] as number) < 0) return false;
  }
  return true;
}
