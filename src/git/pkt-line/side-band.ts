/**
 * The multiplexed answer that carries a pack, progress and errors — gitprotocol-pack(5), "Packfile Data";
 * gitprotocol-capabilities(5), "side-band, side-band-64k".
 *
 * Frames of band 1 are filled to the last byte: half-empty ones double the work of both ends. Bytes are copied into the
 * frame, so a source may reuse its chunk at once, and a few frames may be on their way while the next one fills.
 */
import { limits } from '#limits.ts';
import { writePktLength } from './encode.ts';

/** Takes bytes in order. */
export interface ByteSink {
  /** Resolves when the bytes may be reused; calls need not wait for each other. Rejects when the receiver is gone. */
  write(bytes: Uint8Array): Promise<void>;
}

/** Where an answer's pack goes: with bands, or bare for clients that asked for none. */
export interface PackChannel {
  data(bytes: Uint8Array): Promise<void>;
  /** Text for the user; dropped where there is no band for it. */
  progress(text: string): void;
  /**
   * From now on breaks every silence of `limits.keepaliveIntervalMs`: with the data that is pending, else with an empty
   * frame. Not to be called before the request was read to its end.
   */
  startKeepalive(): void;
  /** For a channel that is left without `end` or `fail`. */
  stopKeepalive(): void;
  /** Ends the channel with an error instead of `end`. */
  fail(message: string): Promise<void>;
  /** Sends what is pending and the flush pkt that ends the bands. */
  end(): Promise<void>;
}

/** Payload of a frame for clients that know `side-band` alone: the pkt of 1,000 bytes less length and band. */
export const SMALL_BAND_PAYLOAD_BYTES = 995;

const HEADER_BYTES = 5;
const FRAMES_IN_FLIGHT = 4;
const BAND_DATA = 1;
const BAND_PROGRESS = 2;
const BAND_ERROR = 3;

export class SideBandChannel implements PackChannel {
  readonly #sink: ByteSink;
  readonly #payloadMaxBytes: number;
  readonly #idleFrames: Buffer[] = [];
  #frameCount = 0;
  #frame: Buffer | undefined;
  #usedBytes = 0;
  /** Frames on their way, oldest first. */
  readonly #inFlight = new Set<Promise<void>>();
  #progressBacklog = 0;
  #keepalive: NodeJS.Timeout | undefined;
  #failure: { readonly cause: unknown } | undefined;

  constructor(sink: ByteSink, payloadMaxBytes: number = limits.sideBandPayloadBytes) {
    this.#sink = sink;
    this.#payloadMaxBytes = payloadMaxBytes;
  }

  startKeepalive(): void {
    this.#keepalive ??= setInterval(() => this.#breakSilence(), limits.keepaliveIntervalMs);
  }

  stopKeepalive(): void {
    clearInterval(this.#keepalive);
  }

  async data(bytes: Uint8Array): Promise<void> {
    for (let offset = 0; offset < bytes.length; ) {
      const frame = this.#frame ?? (await this.#acquireFrame());
      const count = Math.min(bytes.length - offset, this.#payloadMaxBytes - this.#usedBytes);
      frame.set(bytes.subarray(offset, offset + count), HEADER_BYTES + this.#usedBytes);
      this.#usedBytes += count;
      offset += count;
      if (this.#usedBytes === this.#payloadMaxBytes) this.#sendFrame();
    }
    this.#throwFailure();
  }

  progress(text: string): void {
    // A client that does not read must not make us keep all that it could have read.
    if (text === '' || this.#progressBacklog >= limits.progressBacklogMax) return;
    this.#progressBacklog++;
    void this.#send(encodeFrames(BAND_PROGRESS, Buffer.from(text), this.#payloadMaxBytes)).finally(() => {
      this.#progressBacklog--;
    });
  }

  /** Text that is part of the answer: none of it is dropped. Resolves when the client has taken it. */
  async message(text: string): Promise<void> {
    if (text !== '') await this.#send(encodeFrames(BAND_PROGRESS, Buffer.from(text), this.#payloadMaxBytes));
    this.#throwFailure();
  }

  async fail(message: string): Promise<void> {
    this.#throwFailure();
    this.#sendFrame();
    void this.#send(encodeFrames(BAND_ERROR, Buffer.from(message), this.#payloadMaxBytes));
    await this.#finish();
  }

  async end(): Promise<void> {
    this.#throwFailure();
    this.#sendFrame();
    void this.#send(Buffer.from('0000', 'latin1'));
    await this.#finish();
  }

  async #finish(): Promise<void> {
    this.stopKeepalive();
    await Promise.all(this.#inFlight);
    this.#throwFailure();
  }

  #breakSilence(): void {
    // Frames on their way mean that the client is slow, not that we are silent.
    if (this.#inFlight.size > 0) return;
    if (this.#usedBytes > 0) this.#sendFrame();
    else void this.#send(Buffer.from([0x30, 0x30, 0x30, 0x35, BAND_DATA]));
  }

  async #acquireFrame(): Promise<Buffer> {
    while (this.#idleFrames.length === 0 && this.#frameCount >= FRAMES_IN_FLIGHT) {
      await this.#inFlight.values().next().value;
      this.#throwFailure();
    }
    const frame = this.#idleFrames.pop() ?? this.#allocateFrame();
    this.#frame = frame;
    this.#usedBytes = 0;
    return frame;
  }

  #allocateFrame(): Buffer {
    this.#frameCount++;
    return Buffer.allocUnsafeSlow(HEADER_BYTES + this.#payloadMaxBytes);
  }

  #sendFrame(): void {
    const frame = this.#frame;
    if (!frame || this.#usedBytes === 0) return;
    const lengthBytes = HEADER_BYTES + this.#usedBytes;
    this.#frame = undefined;
    this.#usedBytes = 0;
    writePktLength(frame, lengthBytes);
    frame[HEADER_BYTES - 1] = BAND_DATA;
    void this.#send(frame.subarray(0, lengthBytes)).then(() => this.#idleFrames.push(frame));
  }

  /** Never rejects: the first failure is kept, and thrown by whoever writes next. */
  #send(bytes: Uint8Array): Promise<void> {
    this.#keepalive?.refresh();
    const sent: Promise<void> = this.#sink.write(bytes).then(
      () => this.#settle(sent),
      (cause: unknown) => {
        this.#failure ??= { cause };
        this.#settle(sent);
      },
    );
    this.#inFlight.add(sent);
    return sent;
  }

  #settle(sent: Promise<void>): void {
    this.#inFlight.delete(sent);
  }

  #throwFailure(): void {
    if (this.#failure) throw this.#failure.cause;
  }
}

/** The bare pack of clients without side bands: nothing but data can be said. */
export class BareChannel implements PackChannel {
  readonly #sink: ByteSink;

  constructor(sink: ByteSink) {
    this.#sink = sink;
  }

  data(bytes: Uint8Array): Promise<void> {
    return this.#sink.write(bytes);
  }

  progress(): void {}

  startKeepalive(): void {}

  stopKeepalive(): void {}

  /** Breaks off: the pack's missing trailer is all that the client can notice. */
  async fail(): Promise<void> {}

  async end(): Promise<void> {}
}

/** Frames of one band with all of `payload`, in one buffer. */
function encodeFrames(band: number, payload: Uint8Array, payloadMaxBytes: number): Uint8Array {
  const frameCount = Math.ceil(payload.length / payloadMaxBytes);
  const bytes = Buffer.allocUnsafe(payload.length + frameCount * HEADER_BYTES);
  let end = 0;
  for (let offset = 0; offset < payload.length; offset += payloadMaxBytes) {
    const piece = payload.subarray(offset, offset + payloadMaxBytes);
    const frame = bytes.subarray(end, end + HEADER_BYTES + piece.length);
    writePktLength(frame, frame.length);
    frame[HEADER_BYTES - 1] = band;
    frame.set(piece, HEADER_BYTES);
    end += frame.length;
  }
  return bytes;
}
