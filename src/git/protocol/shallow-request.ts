/**
 * The lines by which a client says how much history it has and wants, the same in every version — gitprotocol-pack(5), "shallow-line" and "depth-request";
 * gitprotocol-v2(5), "fetch". Messages are those of git's `upload-pack.c`.
 */
import { ProtocolError } from '#git/errors.ts';
import { isObjectId, type ObjectFormat, type ObjectId } from '#git/object/object-id.ts';

export interface ShallowRequest {
  /** Commits whose parents the client lacks. */
  readonly clientShallow: readonly ObjectId[];
  /** 0: all of history, unless `byRevisions` says otherwise. */
  readonly depth: number;
  /** `depth` counts from the client's boundary instead of the tips. */
  readonly relative: boolean;
  /** Of commits since a time, or not reached by some refs. */
  readonly byRevisions: boolean;
  readonly sinceSeconds: number | undefined;
  /** Lines `deepen-not <ref>` as they were sent: whether their refs exist is not known here. */
  readonly notLines: readonly string[];
}

const INT_BITS = 32;
const LONG_MAX = 2n ** 63n - 1n;
/** The last of them stands for "no time" in git. */
const TIMESTAMP_MAX = 2n ** 64n - 2n;
const DEEPEN_NOT = 'deepen-not ';

/** Collects the lines of one request. */
export class ShallowLines {
  readonly #format: ObjectFormat;
  readonly #clientShallow = new Set<ObjectId>();
  readonly #notLines: string[] = [];
  #depth = 0;
  #sinceSeconds: number | undefined;
  #byRevisions = false;

  constructor(format: ObjectFormat) {
    this.#format = format;
  }

  get count(): number {
    return this.#clientShallow.size + this.#notLines.length;
  }

  /** @returns whether the line was one of these @throws {ProtocolError} */
  take(line: string): boolean {
    if (line.startsWith('shallow ')) this.#addShallow(line);
    else if (line.startsWith('deepen ')) this.#setDepth(line);
    else if (line.startsWith('deepen-since ')) this.#setSince(line);
    else if (line.startsWith(DEEPEN_NOT)) this.#addNot(line);
    else return false;
    return true;
  }

  finish(relative: boolean): ShallowRequest {
    return {
      clientShallow: [...this.#clientShallow],
      depth: this.#depth,
      relative,
      byRevisions: this.#byRevisions,
      sinceSeconds: this.#sinceSeconds,
      notLines: this.#notLines,
    };
  }

  #addShallow(line: string): void {
    const id = line.slice('shallow '.length, 'shallow '.length + this.#format.hexDigits).toLowerCase();
    if (!isObjectId(id, this.#format)) throw new ProtocolError(`invalid shallow line: ${line}`);
    this.#clientShallow.add(id);
  }

  #setDepth(line: string): void {
    const depth = Number(BigInt.asIntN(INT_BITS, parseLong(line.slice('deepen '.length)) ?? 0n));
    if (depth <= 0) throw new ProtocolError(`Invalid deepen: ${line}`);
    this.#depth = depth;
  }

  #setSince(line: string): void {
    const text = line.slice('deepen-since '.length);
    const seconds = text === '' ? 0n : parseCInteger(text);
    if (seconds === undefined || seconds < 0n || seconds > TIMESTAMP_MAX)
      throw new ProtocolError(`Invalid deepen-since: ${line}`);
    this.#byRevisions = true;
    this.#sinceSeconds = seconds === 0n ? undefined : Number(seconds);
  }

  #addNot(line: string): void {
    this.#byRevisions = true;
    this.#notLines.push(line);
  }
}

/** The name in a line `deepen-not <ref>`. */
export function deepenNotName(line: string): string {
  return line.slice(DEEPEN_NOT.length);
}

/** Whether the client asks to be told where its history will end. */
export function asksForDepth({ depth, byRevisions }: ShallowRequest): boolean {
  return depth > 0 || byRevisions;
}

/** As C's `strtol`, which stops at the largest number there is. */
function parseLong(text: string): bigint | undefined {
  const number = parseCInteger(text);
  if (number === undefined) return undefined;
  if (number > LONG_MAX) return LONG_MAX;
  return number < -LONG_MAX ? -LONG_MAX : number;
}

/** A number as C reads it with base 0: decimal, `0x…` or `0…`. @returns undefined when something else is there */
function parseCInteger(text: string): bigint | undefined {
  const [, sign, digits = ''] = /^[ \t\n\v\f\r]*([+-]?)(0x[0-9a-f]+|0[0-7]*|[1-9][0-9]*)$/i.exec(text) ?? [];
  if (digits === '') return undefined;
  const isOctal = /^0[0-7]/.test(digits);
  const magnitude = BigInt(isOctal ? `0o${digits.slice(1)}` : digits);
  return sign === '-' ? -magnitude : magnitude;
}
