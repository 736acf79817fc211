/** Reads pkt-lines from bytes that arrive: a loop around `decode.ts`. */
import { ByteReader } from '#bytes/byte-reader.ts';
import { ProtocolError } from '#git/errors.ts';
import { decodePktLine, LENGTH_DIGITS, type PktLine } from './decode.ts';

/** What git says when a peer stops in the middle. */
export const HUNG_UP = 'the remote end hung up unexpectedly';

export class PktLineReader {
  readonly #bytes: ByteReader;

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#bytes = new ByteReader(source);
  }

  /** Bytes read so far. */
  get offset(): number {
    return this.#bytes.offset;
  }

  /**
   * @returns undefined when the source ends where a pkt would begin; the payload holds until the next read
   * @throws {ProtocolError} a bad length, or the source ends inside a pkt
   */
  async read(): Promise<PktLine | undefined> {
    let wanted = LENGTH_DIGITS;
    for (;;) {
      const bytes = await this.#bytes.peek(wanted);
      if (bytes.length < wanted) {
        if (bytes.length === 0) return undefined;
        throw new ProtocolError(HUNG_UP);
      }
      const decoded = decodePktLine(bytes);
      if (decoded.kind === 'decoded') {
        await this.#bytes.read(decoded.lengthBytes);
        return decoded.pkt;
      }
      wanted = decoded.lengthBytes;
    }
  }

  /** The bytes after the last pkt that was read, such as a pack. */
  rest(): AsyncIterable<Uint8Array> {
    return this.#bytes.rest();
  }

  /** Tells the source that no one reads on. */
  close(): Promise<void> {
    return this.#bytes.close();
  }
}

const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** Reads all pkts of a buffered message. @throws {ProtocolError} a bad length, or a pkt that is cut short */
export function* splitPktLines(bytes: Uint8Array): Generator<PktLine> {
  for (let offset = 0; offset < bytes.length; ) {
    const decoded = decodePktLine(bytes, offset);
    if (decoded.kind === 'need-more') throw new ProtocolError(HUNG_UP);
    yield decoded.pkt;
    offset += decoded.lengthBytes;
  }
}

/**
 * A payload as git's readers see it: without the newline that may end it. Bytes that are not UTF-8 become U+FFFD, so a name
 * that must be kept exactly is decoded from the payload instead.
 */
export function lineText(payload: Uint8Array): string {
  return UTF8.decode(withoutNewline(payload));
}

/** A view of the payload. */
export function withoutNewline(payload: Uint8Array): Uint8Array {
  return payload.at(-1) === 0x0a ? payload.subarray(0, -1) : payload;
}
