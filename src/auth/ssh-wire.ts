/** Reads the data types of SSH: a length of four bytes and that many bytes — RFC 4251, section 5. */

/** Every read answers undefined where the bytes end too early, and so does every read after that. */
export class SshWireReader {
  readonly #bytes: Buffer;
  #offset = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Whether everything was read, and nothing was missing. */
  get isAtEnd(): boolean {
    return this.#offset === this.#bytes.length;
  }

  /** A view of the bytes given. */
  string(): Buffer | undefined {
    const length = this.uint32();
    return length === undefined ? undefined : this.bytes(length);
  }

  /** A string of printable ASCII, as names are. */
  name(): string | undefined {
    const text = this.string()?.toString('latin1');
    return text !== undefined && /^[\x21-\x7e]*$/.test(text) ? text : undefined;
  }

  /** A positive number without needless zeros in front; its sign byte is not part of the answer. */
  positiveInteger(): Buffer | undefined {
    const bytes = this.string();
    const [first, second = 0] = bytes ?? [];
    if (bytes === undefined || first === undefined || first >= 0x80) return undefined;
    if (first !== 0) return bytes;
    return second >= 0x80 ? bytes.subarray(1) : undefined;
  }

  uint64(): bigint | undefined {
    return this.bytes(8)?.readBigUInt64BE(0);
  }

  /** What was not read yet. */
  rest(): Buffer {
    return this.bytes(Math.max(0, this.#bytes.length - this.#offset)) ?? Buffer.alloc(0);
  }

  /** How many bytes were read. */
  get offset(): number {
    return this.#offset;
  }

  uint32(): number | undefined {
    return this.bytes(4)?.readUInt32BE(0);
  }

  bytes(length: number): Buffer | undefined {
    const end = this.#offset + length;
    if (end > this.#bytes.length) {
      this.#offset = Number.POSITIVE_INFINITY;
      return undefined;
    }
    const piece = this.#bytes.subarray(this.#offset, end);
    this.#offset = end;
    return piece;
  }
}
