/** The arithmetic of a multipart upload, the same for every adapter: which parts there are, and whether they make an object. */
import { limits } from '#limits.ts';
import { BlobStoreError } from './errors.ts';

/**
 * Keeps the sizes of an upload's parts and holds callers to S3's rules, so that what works on files works on S3 too: parts
 * are numbered 1 to 10,000 without a gap, and all but the last have a least size.
 */
export class UploadParts {
  readonly #key: string;
  readonly #partSizeMinBytes: number;
  readonly #parts = new Map<number, UploadPart>();
  /** Where part 1, 2, ... starts, as far as the sizes before it are known. */
  readonly #offsets = [0];
  readonly #underWay = new Set<Promise<void>>();
  #closed = false;

  constructor(key: string, partSizeMinBytes: number) {
    this.#key = key;
    this.#partSizeMinBytes = partSizeMinBytes;
  }

  /**
   * Runs the upload of one part and notes how it went. A part that failed may be uploaded again, with the same size.
   *
   * @throws {BlobStoreError} a part number out of bounds or used before; and whatever `upload` throws
   */
  async upload(partNumber: number, sizeBytes: number, upload: () => Promise<void>): Promise<void> {
    this.#begin(partNumber, sizeBytes);
    const underWay = upload();
    this.#underWay.add(underWay);
    try {
      await underWay;
      this.#settle(partNumber, 'arrived');
    } catch (error) {
      this.#settle(partNumber, 'failed');
      throw error;
    } finally {
      this.#underWay.delete(underWay);
    }
  }

  /** Resolves when no part is under way. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#underWay);
  }

  /** Where a part starts in the object, or undefined while the size of a part before it is unknown. */
  offsetOf(partNumber: number): number | undefined {
    return this.#offsets[partNumber - 1];
  }

  /**
   * Checks that the parts make an object.
   *
   * @returns how many there are
   * @throws {BlobStoreError} none at all, a gap, a part that failed or is under way, or one too small
   */
  assertWhole(): number {
    if (this.#closed) throw this.#refusal('the upload has ended before');
    if (this.#parts.size === 0) throw this.#refusal('the upload has no parts');
    for (let partNumber = 1; partNumber <= this.#parts.size; partNumber++) this.#assertPart(partNumber);
    return this.#parts.size;
  }

  /** Notes that the upload has ended: it takes no more parts. */
  close(): void {
    this.#closed = true;
  }

  #begin(partNumber: number, sizeBytes: number): void {
    if (this.#closed) throw this.#refusal(`part ${partNumber} came after the upload had ended`);
    if (!Number.isInteger(partNumber) || partNumber < 1 || partNumber > limits.uploadPartsMax) {
      throw this.#refusal(`part number ${partNumber} is not within 1 and ${limits.uploadPartsMax}`);
    }
    const known = this.#parts.get(partNumber);
    if (known && known.state !== 'failed') throw this.#refusal(`part ${partNumber} came twice`);
    if (known && known.sizeBytes !== sizeBytes) {
      throw this.#refusal(`part ${partNumber} had ${known.sizeBytes} bytes and has ${sizeBytes} on the second try`);
    }
    this.#parts.set(partNumber, { sizeBytes, state: 'under way' });
    this.#extendOffsets();
  }

  #settle(partNumber: number, state: 'arrived' | 'failed'): void {
    const part = this.#parts.get(partNumber);
    if (part) part.state = state;
  }

  #assertPart(partNumber: number): void {
    const part = this.#parts.get(partNumber);
    if (!part) throw this.#refusal(`part ${partNumber} is missing`);
    if (part.state !== 'arrived') throw this.#refusal(`part ${partNumber} is ${part.state}`);
    if (part.sizeBytes < this.#partSizeMinBytes && partNumber < this.#parts.size) {
      throw this.#refusal(
        `part ${partNumber} has ${part.sizeBytes} bytes; all but the last need ${this.#partSizeMinBytes}`,
      );
    }
  }

  #extendOffsets(): void {
    for (;;) {
      const part = this.#parts.get(this.#offsets.length);
      if (!part) return;
      this.#offsets.push((this.#offsets.at(-1) ?? 0) + part.sizeBytes);
    }
  }

  #refusal(reason: string): BlobStoreError {
    return new BlobStoreError('upload', this.#key, reason);
  }
}

interface UploadPart {
  readonly sizeBytes: number;
  state: 'under way' | 'arrived' | 'failed';
}
