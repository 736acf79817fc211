/** Pkts of a peer that may say so much and no more before it is answered, and that may give up in words of its own. */
import { LimitExceededError, ProtocolError } from '#git/errors.ts';
import type { PktLine } from './decode.ts';
import { lineText } from './pkt-line-reader.ts';

/** gitprotocol-pack(5), "error-line" */
const ERROR_PREFIX = Buffer.from('ERR ');

export class BoundedPktSource {
  readonly #source: { read(): Promise<PktLine | undefined> };
  readonly #bytesMax: number;
  #bytesLeft: number;

  constructor(source: { read(): Promise<PktLine | undefined> }, bytesMax: number) {
    this.#source = source;
    this.#bytesMax = bytesMax;
    this.#bytesLeft = bytesMax;
  }

  /** @throws {LimitExceededError} @throws {ProtocolError} the peer says that something is wrong */
  async read(): Promise<PktLine | undefined> {
    const pkt = await this.#source.read();
    if (pkt?.kind !== 'data') return pkt;
    this.#bytesLeft -= pkt.payload.length;
    if (this.#bytesLeft < 0) throw new LimitExceededError(`request of more than ${this.#bytesMax} bytes`);
    if (ERROR_PREFIX.equals(pkt.payload.subarray(0, ERROR_PREFIX.length))) {
      throw new ProtocolError(`remote error: ${lineText(pkt.payload.subarray(ERROR_PREFIX.length))}`);
    }
    return pkt;
  }

  /** For the next request of the same peer. */
  reset(): void {
    this.#bytesLeft = this.#bytesMax;
  }
}
