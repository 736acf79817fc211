/** Pkts of a peer that may say so much and no more before it is answered. */
import { LimitExceededError } from '#git/errors.ts';
import type { PktLine } from './decode.ts';

export class BoundedPktSource {
  readonly #source: { read(): Promise<PktLine | undefined> };
  readonly #bytesMax: number;
  #bytesLeft: number;

  constructor(source: { read(): Promise<PktLine | undefined> }, bytesMax: number) {
    this.#source = source;
    this.#bytesMax = bytesMax;
    this.#bytesLeft = bytesMax;
  }

  /** @throws {LimitExceededError} */
  async read(): Promise<PktLine | undefined> {
    const pkt = await this.#source.read();
    this.#bytesLeft -= pkt?.kind === 'data' ? pkt.payload.length : 0;
    if (this.#bytesLeft < 0) throw new LimitExceededError(`request of more than ${this.#bytesMax} bytes`);
    return pkt;
  }

  /** For the next request of the same peer. */
  reset(): void {
    this.#bytesLeft = this.#bytesMax;
  }
}
