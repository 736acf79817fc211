/**
 * Delta instructions — gitformat-pack(5), "Deltified representation".
 *
 * A delta is the size of its base, the size of its result, then instructions: copy a range of the base, or insert bytes
 * that follow.
 */
import { CorruptPackError } from '../errors.ts';

export interface DeltaHeader {
  baseSizeBytes: number;
  resultSizeBytes: number;
  /** Where the instructions begin. */
  instructionsStart: number;
}

/**
 * Reads the two sizes that open a delta.
 *
 * @throws {CorruptPackError} cut short, or a size beyond 2^53 - 1
 */
export function readDeltaHeader(delta: Uint8Array, start: number, end: number, into: DeltaHeader): void {
  let at = start;
  for (let field = 0; field < 2; field++) {
    let size = 0;
    let scale = 1;
    let byte: number;
    do {
      if (at >= end || scale > 2 ** 49) throw new CorruptPackError('read delta: its header does not end');
      byte = delta[at++] as number;
      size += (byte & 0x7f) * scale;
      scale *= 128;
    } while (byte & 0x80);
    if (field === 0) into.baseSizeBytes = size;
    else into.resultSizeBytes = size;
  }
  into.instructionsStart = at;
}

/**
 * Applies the instructions `delta[start, end)` to a base and writes the result.
 *
 * Copy: 1 and seven flags for the offset bytes (4) and size bytes (3) that follow, low bytes first; size 0 means 0x10000.
 * Insert: 0 and a seven-bit count; count 0 is reserved.
 *
 * @param result the result is written from `resultStart`; `resultSizeBytes` bytes must fit
 * @throws {CorruptPackError} a range outside the base, a reserved instruction, or a result of another size
 */
export function applyDelta(
  base: Uint8Array,
  baseStart: number,
  baseSizeBytes: number,
  delta: Uint8Array,
  start: number,
  end: number,
  result: Uint8Array,
  resultStart: number,
  resultSizeBytes: number,
): void {
  let at = start;
  let to = resultStart;
  const resultEnd = resultStart + resultSizeBytes;
  while (at < end) {
    const instruction = delta[at++] as number;
    if (instruction & 0x80) {
      let offset = 0;
      let size = 0;
      if (instruction & 0x01) offset = delta[at++] as number;
      if (instruction & 0x02) offset |= (delta[at++] as number) << 8;
      if (instruction & 0x04) offset |= (delta[at++] as number) << 16;
      if (instruction & 0x08) offset += (delta[at++] as number) * 0x1000000;
      if (instruction & 0x10) size = delta[at++] as number;
      if (instruction & 0x20) size |= (delta[at++] as number) << 8;
      if (instruction & 0x40) size |= (delta[at++] as number) << 16;
      if (size === 0) size = 0x10000;
      if (at > end || offset + size > baseSizeBytes || to + size > resultEnd) throw badInstruction(at, end);
      copyBytes(base, baseStart + offset, size, result, to);
      to += size;
    } else {
      if (instruction === 0 || at + instruction > end || to + instruction > resultEnd) throw badInstruction(at, end);
      copyBytes(delta, at, instruction, result, to);
      at += instruction;
      to += instruction;
    }
  }
  if (to !== resultEnd) {
    throw new CorruptPackError(`apply delta: ${to - resultStart} bytes where its header announces ${resultSizeBytes}`);
  }
}

/** A typed-array copy costs about 50 ns before its first byte, which a loop over a few bytes does not. */
const LOOP_COPY_MAX_BYTES = 40;

function copyBytes(from: Uint8Array, fromStart: number, count: number, to: Uint8Array, toStart: number): void {
  if (count <= LOOP_COPY_MAX_BYTES) {
    for (let index = 0; index < count; index++) to[toStart + index] = from[fromStart + index] as number;
  } else {
    to.set(from.subarray(fromStart, fromStart + count), toStart);
  }
}

function badInstruction(at: number, end: number): CorruptPackError {
  return new CorruptPackError(
    at > end ? 'apply delta: instruction cut short' : 'apply delta: instruction outside base, result or delta',
  );
}

/** Walks the instructions of a delta that was applied before, and so is known to be sound. */
export class DeltaInstructions {
  readonly #delta: Uint8Array;
  readonly #end: number;
  #at: number;
  baseOffset = -1;
  sizeBytes = 0;

  constructor(delta: Uint8Array, start: number, end: number) {
    this.#delta = delta;
    this.#at = start;
    this.#end = end;
  }

  /** Moves on to the next instruction and sets `baseOffset` (-1: insertion) and `sizeBytes`. @returns false at the end */
  next(): boolean {
    if (this.#at >= this.#end) return false;
    const delta = this.#delta;
    let at = this.#at;
    const instruction = delta[at++] as number;
    if (instruction & 0x80) {
      let offset = 0;
      let size = 0;
      if (instruction & 0x01) offset = delta[at++] as number;
      if (instruction & 0x02) offset |= (delta[at++] as number) << 8;
      if (instruction & 0x04) offset |= (delta[at++] as number) << 16;
      if (instruction & 0x08) offset += (delta[at++] as number) * 0x1000000;
      if (instruction & 0x10) size = delta[at++] as number;
      if (instruction & 0x20) size |= (delta[at++] as number) << 8;
      if (instruction & 0x40) size |= (delta[at++] as number) << 16;
      this.baseOffset = offset;
      this.sizeBytes = size === 0 ? 0x10000 : size;
      this.#at = at;
    } else {
      this.baseOffset = -1;
      this.sizeBytes = instruction;
      this.#at = at + instruction;
    }
    return true;
  }
}
