/**
 * The picture of an account that has none of its own: five by five squares, alike on both sides, in the tint of its mark.
 * Made from the login alone, so every node makes the same — PNG specification, third edition, sections 5.3 and 11.2.
 */
import { createHash } from 'node:crypto';
import { crc32, deflateSync } from 'node:zlib';
import { markOf } from './view-models/mark.ts';

const SQUARES = 5;
const SQUARE_PIXELS = 48;
/** Half a square on each side. */
const SIDE_PIXELS = SQUARES * SQUARE_PIXELS + SQUARE_PIXELS;

/** Ground and ink of each tint, as in `styles/controls.css` in its light form: a picture does not know what it lies on. */
const PALETTES: readonly string[] = [
  'f8e3ef8a1f5f',
  'e0ebf91f4f8f',
  'dff1e51c5f3b',
  'faecce7a4b00',
  'ece4f85b3596',
  'daf0f20f5e66',
];

const SIGNATURE = Buffer.from('89504e470d0a1a0a', 'hex');

/** @returns a PNG of 288 by 288 pixels, in some 200 bytes */
export function avatarPng(login: string): Uint8Array<ArrayBuffer> {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(SIDE_PIXELS, 0);
  header.writeUInt32BE(SIDE_PIXELS, 4);
  // One bit a pixel, by a palette.
  header.set([1, 3, 0, 0, 0], 8);
  const palette = Buffer.from(PALETTES[markOf(login).tint] ?? '', 'hex');
  return Uint8Array.from(
    Buffer.concat([
      SIGNATURE,
      chunk('IHDR', header),
      chunk('PLTE', palette),
      chunk('IDAT', deflateSync(scanLines(squaresOf(login)))),
      chunk('IEND', Buffer.alloc(0)),
    ]),
  );
}

/** Whether each square is filled, row by row. */
function squaresOf(login: string): boolean[][] {
  const hash = createHash('sha256').update(login.toLowerCase()).digest();
  return Array.from({ length: SQUARES }, (_, row) =>
    Array.from({ length: SQUARES }, (_, column) => {
      const mirrored = Math.min(column, SQUARES - 1 - column);
      return (hash.readUInt8(row * SQUARES + mirrored) & 1) === 1;
    }),
  );
}

/** Each line of pixels begins with the number of its filter, which is none. */
function scanLines(squares: readonly boolean[][]): Buffer {
  const lineBytes = 1 + SIDE_PIXELS / 8;
  const lines = Buffer.alloc(lineBytes * SIDE_PIXELS);
  for (const [row, columns] of squares.entries()) {
    const line = Buffer.alloc(lineBytes);
    for (const [column, isFilled] of columns.entries()) {
      const start = 1 + (SQUARE_PIXELS / 2 + column * SQUARE_PIXELS) / 8;
      if (isFilled) line.fill(0xff, start, start + SQUARE_PIXELS / 8);
    }
    const top = SQUARE_PIXELS / 2 + row * SQUARE_PIXELS;
    for (let y = top; y < top + SQUARE_PIXELS; y++) line.copy(lines, y * lineBytes);
  }
  return lines;
}

/** Length, type, data and checksum. */
function chunk(type: string, data: Uint8Array): Buffer {
  const bytes = Buffer.alloc(data.length + 12);
  bytes.writeUInt32BE(data.length, 0);
  bytes.write(type, 4, 'latin1');
  bytes.set(data, 8);
  bytes.writeUInt32BE(crc32(bytes.subarray(4, 8 + data.length)), 8 + data.length);
  return bytes;
}
