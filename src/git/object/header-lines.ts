/**
 * The header lines that open commits and tags: `name SP value LF`, where a line that begins with a space continues the value;
 * an empty line ends them, and the message follows — gitformat-signature(5).
 */
import { toHex } from '#bytes/hex.ts';
import { CorruptObjectError } from '../errors.ts';
import type { ObjectFormat, ObjectId } from './object-id.ts';
import { isObjectId } from './object-id.ts';

const LF = 0x0a;
const SPACE = 0x20;

export interface HeaderLine {
  readonly name: string;
  /** Without the final LF; continuation lines are joined by LF, without the space that opens them. */
  readonly value: Uint8Array;
}

export interface HeadersAndMessage {
  readonly headers: readonly HeaderLine[];
  readonly message: Uint8Array;
}

export function splitHeaders(body: Uint8Array): HeadersAndMessage {
  const headers: HeaderLine[] = [];
  let offset = 0;
  while (offset < body.length && body[offset] !== LF) {
    const end = endOfHeader(body, offset);
    headers.push(headerLine(body.subarray(offset, end)));
    offset = end + 1;
  }
  return { headers, message: body.subarray(Math.min(offset + 1, body.length)) };
}

/** @returns the LF that ends the header which begins at `start`, continuation lines included, or the end of the body */
function endOfHeader(body: Uint8Array, start: number): number {
  let end = endOfLine(body, start);
  while (end < body.length && body[end + 1] === SPACE) end = endOfLine(body, end + 1);
  return end;
}

function endOfLine(body: Uint8Array, start: number): number {
  const end = body.indexOf(LF, start);
  return end < 0 ? body.length : end;
}

function headerLine(line: Uint8Array): HeaderLine {
  const space = line.indexOf(SPACE);
  const nameEnd = space < 0 ? line.length : space;
  const name = Buffer.from(line.subarray(0, nameEnd)).toString('latin1');
  return { name, value: unfold(line.subarray(nameEnd + 1)) };
}

function unfold(value: Uint8Array): Uint8Array {
  if (!value.includes(LF)) return value;
  const unfolded = new Uint8Array(value.length);
  let length = 0;
  for (let i = 0; i < value.length; i++) {
    const byte = value[i] as number;
    unfolded[length++] = byte;
    if (byte === LF) i++;
  }
  return unfolded.subarray(0, length);
}

/** @throws {CorruptObjectError} the value is no id of this format */
export function parseIdHeader(header: HeaderLine | undefined, name: string, format: ObjectFormat): ObjectId {
  if (header?.name !== name) throw new CorruptObjectError(`parse header "${name}": it is missing`);
  const id = Buffer.from(header.value.subarray(0, format.hexDigits + 1)).toString('latin1');
  if (!isObjectId(id, format)) {
    throw new CorruptObjectError(
      `parse header "${name}": 0x${toHex(header.value.subarray(0, 80))} is no ${format.name} id`,
    );
  }
  return id;
}
