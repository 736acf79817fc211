/** Buffers that are used again: resolving a pack would otherwise allocate several gigabytes for the collector to find. */

const CLASS_MIN_BITS = 12;

export class BufferPool {
  readonly #keepMaxBytes: number;
  readonly #free: Uint8Array[][] = [];
  #keptBytes = 0;

  constructor(keepMaxBytes: number) {
    this.#keepMaxBytes = keepMaxBytes;
  }

  /** @returns a buffer of `sizeBytes` or more, with any content */
  take(sizeBytes: number): Uint8Array {
    const bits = Math.max(CLASS_MIN_BITS, Math.ceil(Math.log2(sizeBytes)));
    const buffer = this.#free[bits]?.pop();
    if (!buffer) return new Uint8Array(2 ** bits);
    this.#keptBytes -= buffer.length;
    return buffer;
  }

  /** Gives a buffer back that `take` returned; nobody may use it any more. */
  release(buffer: Uint8Array): void {
    if (this.#keptBytes + buffer.length > this.#keepMaxBytes) return;
    const bits = Math.log2(buffer.length);
    this.#free[bits] ??= [];
    (this.#free[bits] as Uint8Array[]).push(buffer);
    this.#keptBytes += buffer.length;
  }
}
