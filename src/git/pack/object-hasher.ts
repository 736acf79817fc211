/**
 * Names objects: hashes "type size\0" and the body without copying the body.
 *
 * A body is kept with HEADROOM bytes free in front of it; the header is written into the end of that room, so header and body
 * lie in one piece and one call hashes them.
 */
import { createHash, hash } from 'node:crypto';
import type { ObjectFormat } from '../object/object-id.ts';
import { objectTypeOf } from '../object/object-type.ts';
import type { AttackDetector } from '../sha1/attack-detector.ts';

/** Room in front of a body: "commit ", 16 digits of a size below 2^53, and NUL. */
export const HEADROOM = 24;

const DIGIT_ZERO = 0x30;
const TYPE_PREFIX = [1, 2, 3, 4].map((typeNumber) => Buffer.from(`${objectTypeOf(typeNumber)} `, 'latin1'));

/**
 * @param buffer the body lies at `[bodyStart, bodyStart + sizeBytes)`; the HEADROOM bytes before it are overwritten
 * @param ids the id is written at `idStart`
 * @param detector is shown the object; its verdict may come later
 */
export function hashInPlace(
  format: ObjectFormat,
  typeNumber: number,
  buffer: Uint8Array,
  bodyStart: number,
  sizeBytes: number,
  ids: Uint8Array,
  idStart: number,
  detector?: AttackDetector,
): void {
  const headerStart = writeObjectHeader(buffer, bodyStart, typeNumber, sizeBytes);
  const message = buffer.subarray(headerStart, bodyStart + sizeBytes);
  ids.set(hash(format.name, message, 'buffer'), idStart);
  detector?.check(message);
}

/** Names an object like `hashInPlace`, but its id may be there only once the detector has settled: one hashing serves both. */
export function hashLater(
  typeNumber: number,
  buffer: Uint8Array,
  bodyStart: number,
  sizeBytes: number,
  ids: Uint8Array,
  idStart: number,
  detector: AttackDetector,
): void {
  const headerStart = writeObjectHeader(buffer, bodyStart, typeNumber, sizeBytes);
  detector.check(buffer.subarray(headerStart, bodyStart + sizeBytes), ids, idStart);
}

/** Hashes an object that arrives in pieces. */
export class ObjectHasher {
  readonly #hash;
  readonly #detector: AttackDetector | undefined;

  constructor(format: ObjectFormat, typeNumber: number, sizeBytes: number, detector: AttackDetector | undefined) {
    const header = new Uint8Array(HEADROOM);
    const start = writeObjectHeader(header, HEADROOM, typeNumber, sizeBytes);
    this.#hash = createHash(format.name).update(header.subarray(start));
    this.#detector = detector;
    detector?.update(header.subarray(start));
  }

  update(bytes: Uint8Array): void {
    this.#hash.update(bytes);
    this.#detector?.update(bytes);
  }

  finish(ids: Uint8Array, idStart: number): void {
    ids.set(this.#hash.digest(), idStart);
    this.#detector?.endObject();
  }
}

/** @returns where the header begins */
function writeObjectHeader(buffer: Uint8Array, bodyStart: number, typeNumber: number, sizeBytes: number): number {
  let at = bodyStart - 1;
  buffer[at] = 0;
  let rest = sizeBytes;
  do {
    buffer[--at] = DIGIT_ZERO + (rest % 10);
    rest = Math.floor(rest / 10);
  } while (rest > 0);
  const prefix = TYPE_PREFIX[typeNumber - 1] as Buffer;
  at -= prefix.length;
  for (let index = 0; index < prefix.length; index++) buffer[at + index] = prefix[index] as number;
  return at;
}
