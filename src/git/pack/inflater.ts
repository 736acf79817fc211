/**
 * Inflates the zlib data of pack entries, one after another, with one native handle.
 *
 * `zlib.inflateSync` makes a stream object, a window and a 16 KiB chunk for each call: 6.7 us for an object of 300 bytes, against
 * 1.5 us for a reset handle. The handle is not public API, so it is used here alone, and `assertInflaterWorks` tries it out when
 * a process starts: the project ships its own Node, and a Node that behaves otherwise must not serve.
 */
import { constants, createInflate, inflateSync } from 'node:zlib';
import { CorruptPackError } from '../errors.ts';

/** The part of Node's binding that is used: `lib/zlib.js`, "processChunkSync". */
interface NativeHandle {
  reset(): void;
  writeSync(
    flush: number,
    input: Uint8Array,
    inputStart: number,
    inputLength: number,
    output: Uint8Array,
    outputStart: number,
    outputLength: number,
  ): void;
  onerror: (message: string, errno: number, code: string) => void;
}

interface NativeInflate {
  _handle: NativeHandle;
  /** After a write: [output bytes left, input bytes left]. */
  _writeState: Uint32Array;
}

export class Inflater {
  readonly #native: NativeInflate;
  #error: string | undefined;
  /** Bytes of input that the last call used. */
  consumedBytes = 0;
  /** Bytes of output that the last call made. */
  producedBytes = 0;

  constructor() {
    this.#native = createInflate() as unknown as NativeInflate;
    this.#native._handle.onerror = (message) => {
      this.#error = message;
    };
  }

  /** Forgets the stream under way; the next `write` begins another. */
  reset(): void {
    this.#native._handle.reset();
  }

  /**
   * Inflates as much as fits; sets `consumedBytes` and `producedBytes`. The stream has ended when input is left over although
   * output space is too: give one byte of space more than the size that is expected.
   *
   * @throws {CorruptPackError} the bytes are not zlib data
   */
  write(
    input: Uint8Array,
    inputStart: number,
    inputEnd: number,
    output: Uint8Array,
    outputStart: number,
    outputEnd: number,
    mode: 'whole' | 'partial' = 'partial',
  ): void {
    const inputLength = inputEnd - inputStart;
    const outputLength = outputEnd - outputStart;
    this.#error = undefined;
    const flush = mode === 'whole' ? constants.Z_FINISH : constants.Z_SYNC_FLUSH;
    this.#native._handle.writeSync(flush, input, inputStart, inputLength, output, outputStart, outputLength);
    if (this.#error !== undefined) throw new CorruptPackError(`inflate pack entry: ${this.#error}`);
    this.producedBytes = outputLength - (this.#native._writeState[0] as number);
    this.consumedBytes = inputLength - (this.#native._writeState[1] as number);
  }
}

/**
 * Inflates a stream that lies whole in the window.
 *
 * @param output has at least `outputStart + sizeBytes + 1` bytes; the last one is scratch space
 * @returns bytes of input that the stream took
 * @throws {CorruptPackError} bad zlib data, cut short, or of another size
 */
export function inflateWhole(
  inflater: Inflater,
  input: Uint8Array,
  inputStart: number,
  inputEnd: number,
  output: Uint8Array,
  outputStart: number,
  sizeBytes: number,
): number {
  inflater.reset();
  inflater.write(input, inputStart, inputEnd, output, outputStart, outputStart + sizeBytes + 1, 'whole');
  if (inflater.producedBytes !== sizeBytes) {
    throw new CorruptPackError(
      `inflate pack entry: ${inflater.producedBytes} bytes where the header announces ${sizeBytes}`,
    );
  }
  return inflater.consumedBytes;
}

/** @throws when this Node's zlib handle does not behave as `Inflater` expects: the build must not ship with it */
export function assertInflaterWorks(): void {
  const stream = Buffer.from('789ccb4fce0000027e013bdeadbeef', 'hex');
  const output = new Uint8Array(8);
  const consumed = inflateWhole(new Inflater(), stream, 0, stream.length, output, 0, 3);
  const expected = inflateSync(stream.subarray(0, 11));
  if (consumed !== 11 || Buffer.compare(output.subarray(0, 3), expected) !== 0) {
    throw new Error(
      `zlib handle of Node ${process.version} does not behave as expected: consumed ${consumed} of 11 bytes`,
    );
  }
}
