/**
 * Converts files that are too large to be held in memory, piece by piece. Some of it depends on all of a file (what looks like a text,
 * what has a place in an encoding), and tar wants to know the size first, so that each is read twice.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { limits } from '#limits.ts';
import type { ObjectId } from '../object/object-id.ts';
import { encodeText } from '../object/text-encoding.ts';
import {
  type Conversion,
  expandIdent,
  gatherStats,
  type TextStats,
  toCrlf,
  turnsToCrlf,
} from './checkout-conversion.ts';

/** How all of a file is converted, and what comes out. */
export interface StreamedConversion {
  readonly conversion: Conversion;
  readonly isTurned: boolean;
  readonly isEncoded: boolean;
  readonly sizeBytes: number;
}

const LF = 0x0a;
const CR = 0x0d;
const DOLLAR = 0x24;

/** Reads a file and decides. */
export async function measureConversion(
  source: AsyncIterable<Uint8Array>,
  conversion: Conversion,
  id: ObjectId,
): Promise<StreamedConversion> {
  const { encoding, crlf } = conversion;
  const stats: TextStats = { loneCr: 0, loneLf: 0, crlf: 0, nul: 0, printable: 0, nonPrintable: 0 };
  /** With and without a CR before each lone LF. */
  const plain = new EncodedSize(encoding);
  const turned = new EncodedSize(encoding);
  for await (const { bytes, isLast } of expandedPieces(source, conversion, id)) {
    addStats(stats, gatherStats(bytes, isLast));
    plain.add(bytes);
    turned.add(crlf === 'none' ? bytes : toCrlf(bytes));
  }
  const isTurned = crlf !== 'none' && turnsToCrlf(stats, crlf);
  const { sizeBytes, isEncoded } = isTurned ? turned : plain;
  return { conversion, isTurned, isEncoded, sizeBytes };
}

/** Reads it again. @returns pieces that are the consumer's own */
export async function* convertStream(
  source: AsyncIterable<Uint8Array>,
  { conversion, isTurned, isEncoded }: StreamedConversion,
  id: ObjectId,
): AsyncGenerator<Uint8Array> {
  let part: 'start' | 'rest' = 'start';
  for await (const { bytes } of expandedPieces(source, conversion, id)) {
    const turned = isTurned ? toCrlf(bytes) : bytes;
    yield conversion.encoding !== undefined && isEncoded
      ? (encodeText(turned, conversion.encoding, part) as Uint8Array)
      : turned;
    part = 'rest';
  }
}

/** The size of a text in an encoding, or as it is if it has no place in it. */
class EncodedSize {
  readonly #encoding: string | undefined;
  #plainBytes = 0;
  #encodedBytes = 0;
  isEncoded = true;

  constructor(encoding: string | undefined) {
    this.#encoding = encoding;
  }

  add(bytes: Uint8Array): void {
    if (this.#encoding !== undefined && this.isEncoded) {
      const encoded = encodeText(bytes, this.#encoding, this.#plainBytes === 0 ? 'start' : 'rest');
      this.isEncoded = encoded !== undefined;
      this.#encodedBytes += encoded?.length ?? 0;
    }
    this.#plainBytes += bytes.length;
  }

  get sizeBytes(): number {
    return this.#encoding !== undefined && this.isEncoded ? this.#encodedBytes : this.#plainBytes;
  }
}

interface Piece {
  readonly bytes: Uint8Array;
  readonly isLast: boolean;
}

async function* expandedPieces(
  source: AsyncIterable<Uint8Array>,
  { expandsIdent }: Conversion,
  id: ObjectId,
): AsyncGenerator<Piece> {
  let turnBeganAt = performance.now();
  for await (const { bytes, isLast } of wholeLines(source)) {
    yield { bytes: expandsIdent ? expandIdent(bytes, id) : bytes, isLast };
    if (performance.now() - turnBeganAt < limits.walkSliceMs) continue;
    await nextTurn();
    turnBeganAt = performance.now();
  }
}

/** Pieces of whole lines: no keyword, line end or character is cut in two. Longer lines are cut where none of them is. */
async function* wholeLines(source: AsyncIterable<Uint8Array>): AsyncGenerator<Piece> {
  let pending = Buffer.alloc(0);
  /** Stays until something comes behind it, for the last piece is known as such. */
  let held = Buffer.alloc(0);
  for await (const chunk of source) {
    const bytes = Buffer.concat([pending, chunk]);
    const end = findCut(bytes);
    pending = bytes.subarray(end);
    if (end === 0) continue;
    if (held.length > 0) yield { bytes: held, isLast: false };
    held = bytes.subarray(0, end);
  }
  if (held.length > 0) yield { bytes: held, isLast: pending.length === 0 };
  if (pending.length > 0) yield { bytes: pending, isLast: true };
}

/** @returns 0 when there is none yet */
function findCut(bytes: Buffer): number {
  const lineEnd = bytes.lastIndexOf(LF) + 1;
  if (lineEnd > 0 || bytes.length < limits.archiveLineMaxBytes) return lineEnd;
  const dollar = bytes.lastIndexOf(DOLLAR);
  const end = dollar > bytes.length / 2 ? dollar : characterStart(bytes, bytes.length - 1);
  return bytes[end - 1] === CR ? end - 1 : end;
}

/** Of UTF-8; where the bytes are none, it does not matter. */
function characterStart(bytes: Buffer, offset: number): number {
  for (let start = offset; start > offset - 4; start--) {
    if (((bytes[start] as number) & 0xc0) !== 0x80) return start;
  }
  return offset;
}

function addStats(sum: TextStats, stats: TextStats): void {
  for (const key of Object.keys(sum) as (keyof TextStats)[]) sum[key] += stats[key];
}
