/**
 * A position in a byte array, with every read checked against the end. What decoders of bounded pieces stand on.
 */

/** A read past the end. Decoders turn it into the error of their format, or into "need more". */
export class UnexpectedEndError extends Error {
  override readonly name = 'UnexpectedEndError';
  readonly code = 'UNEXPECTED_END';
  readonly offset: number;
  readonly wantedBytes: number;

  constructor(offset: number, wantedBytes: number, availableBytes: number) {
    super(`read ${wantedBytes} bytes at offset ${offset}: only ${availableBytes} left`);
    this.offset = offset;
    this.wantedBytes = wantedBytes;
  }
}

export class ByteCursor {
  readonly bytes: Uint8Array;
  #offset: number;

  constructor(bytes: Uint8Array, offset = 0) {
    if (!Number.isInteger(offset) || offset < 0 || offset > bytes.length) {
      throw new RangeError(`start a cursor at ${offset}: outside of ${bytes.length} bytes`);
    }
    this.bytes = bytes;
    this.#offset = offset;
  }

  get offset(): number {
    return this.#offset;
  }

  get remainingBytes(): number {
    return this.bytes.length - this.#offset;
  }

  get atEnd(): boolean {
    return this.#offset === this.bytes.length;
  }

  /** @throws {UnexpectedEndError} */
  readUint8(): number {
    const byte = this.bytes[this.#offset];
    if (byte === undefined) throw new UnexpectedEndError(this.#offset, 1, 0);
    this.#offset += 1;
    return byte;
  }

  /** Big-endian. @throws {UnexpectedEndError} */
  readUint32(): number {
    const start = this.#advance(4);
    const { bytes } = this;
    const high = bytes[start] as number;
    const low =
      ((bytes[start + 1] as number) << 16) | ((bytes[start + 2] as number) << 8) | (bytes[start + 3] as number);
    return high * 0x1000000 + low;
  }

  /** @returns a view, valid as long as the bytes are @throws {UnexpectedEndError} */
  read(lengthBytes: number): Uint8Array {
    const start = this.#advance(lengthBytes);
    return this.bytes.subarray(start, this.#offset);
  }

  /** @throws {UnexpectedEndError} */
  skip(lengthBytes: number): void {
    this.#advance(lengthBytes);
  }

  /**
   * Reads up to `delimiter` and steps over it.
   *
   * @returns a view without the delimiter; undefined, with the cursor where it was, when there is none
   */
  readUntil(delimiter: number): Uint8Array | undefined {
    const end = this.bytes.indexOf(delimiter, this.#offset);
    if (end < 0) return undefined;
    const view = this.bytes.subarray(this.#offset, end);
    this.#offset = end + 1;
    return view;
  }

  #advance(lengthBytes: number): number {
    if (!Number.isInteger(lengthBytes) || lengthBytes < 0) throw new RangeError(`read ${lengthBytes} bytes`);
    const start = this.#offset;
    if (lengthBytes > this.remainingBytes) throw new UnexpectedEndError(start, lengthBytes, this.remainingBytes);
    this.#offset = start + lengthBytes;
    return start;
  }
}
