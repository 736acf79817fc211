/**
 * Exact reads over a sequence of chunks of any size. Pulls the next chunk only when a read needs it, so that a slow reader
 * slows the writer, and holds no more than the bytes of one read besides the current chunk.
 */
import { UnexpectedEndError } from './byte-cursor.ts';

const NO_BYTES = new Uint8Array(0);

export class ByteReader {
  readonly #source: AsyncIterator<Uint8Array>;
  /** What was pulled and not yet read. */
  #pending: Uint8Array = NO_BYTES;
  #offset = 0;
  #ended = false;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  /** Bytes read so far; peeking does not count. */
  get offset(): number {
    return this.#offset;
  }

  /**
   * @returns exactly `lengthBytes`; a view of the source's chunk where one holds them all
   * @throws {UnexpectedEndError} the source ends before
   */
  async read(lengthBytes: number): Promise<Uint8Array> {
    const bytes = await this.peek(lengthBytes);
    if (bytes.length < lengthBytes) throw new UnexpectedEndError(this.#offset, lengthBytes, bytes.length);
    this.#consume(lengthBytes);
    return bytes;
  }

  /** Whatever comes next, one byte or more and at most `lengthMaxBytes`; undefined at the end. */
  async readSome(lengthMaxBytes = Number.MAX_SAFE_INTEGER): Promise<Uint8Array | undefined> {
    if (lengthMaxBytes < 1) throw new RangeError(`read at most ${lengthMaxBytes} bytes`);
    while (this.#pending.length === 0) {
      if (!(await this.#pull())) return undefined;
    }
    const bytes = this.#pending.subarray(0, lengthMaxBytes);
    this.#consume(bytes.length);
    return bytes;
  }

  /** The next `lengthBytes` without reading them; fewer when the source ends before. */
  async peek(lengthBytes: number): Promise<Uint8Array> {
    if (this.#pending.length < lengthBytes) await this.#gather(lengthBytes);
    return this.#pending.subarray(0, lengthBytes);
  }

  /** What was pulled from the source and not read. Afterwards the reader holds nothing. */
  takeLeftover(): Uint8Array {
    const leftover = this.#pending;
    this.#consume(leftover.length);
    return leftover;
  }

  /** Everything that was not read yet, as a sequence. */
  async *rest(): AsyncGenerator<Uint8Array> {
    try {
      for (let chunk = await this.readSome(); chunk; chunk = await this.readSome()) yield chunk;
    } finally {
      await this.close();
    }
  }

  /** Tells the source that no one reads on. */
  async close(): Promise<void> {
    if (this.#ended) return;
    this.#ended = true;
    await this.#source.return?.();
  }

  async #gather(lengthBytes: number): Promise<void> {
    const chunks = [this.#pending];
    let total = this.#pending.length;
    while (total < lengthBytes) {
      this.#pending = NO_BYTES;
      if (!(await this.#pull())) break;
      chunks.push(this.#pending);
      total += this.#pending.length;
    }
    const [first, second] = chunks.filter((chunk) => chunk.length > 0);
    this.#pending = second === undefined ? (first ?? NO_BYTES) : Buffer.concat(chunks, total);
  }

  async #pull(): Promise<boolean> {
    if (this.#ended) return false;
    const next = await this.#source.next();
    if (next.done) {
      this.#ended = true;
      return false;
    }
    this.#pending = next.value;
    return true;
  }

  #consume(lengthBytes: number): void {
    this.#pending = this.#pending.subarray(lengthBytes);
    this.#offset += lengthBytes;
  }
}
