/**
 * The bytes of a pack on their way in: cut into segments of shared memory, which the parsing thread reads in place and a multipart upload
 * sends as its parts. The first segments stay in memory for the second pass, as many as the budget grants; later ones
 * are let go once they are parsed and stored.
 *
 * A pack that ends within `smallPackMaxBytes` is not uploaded here: `PackIngest` stores it in one request when it is complete.
 */
import type { PackSegment } from '#git/pack/entry-source.ts';
import { limits } from '#limits.ts';
import type { BlobStore, UploadSession } from '#storage/blob-store.ts';
import type { RetainBudget } from './retain-budget.ts';

const FIRST_SEGMENT_BYTES = Math.min(limits.packFirstSegmentBytes, limits.uploadPartBytes);

export interface IncomingPackOptions {
  readonly blobs: BlobStore;
  readonly key: string;
  readonly budget: RetainBudget;
  readonly signal: AbortSignal;
  /** Hands bytes to the parser; they lie in shared memory and do not change. Resolves with whether the pack is whole now. */
  readonly parse: (bytes: Uint8Array) => Promise<boolean>;
  /** Told of the upload's id before the first part is sent, so that a sweeper can find it. */
  readonly onUploadStarted: (uploadId: string) => Promise<void>;
}

export class IncomingPack {
  readonly #options: IncomingPackOptions;
  readonly #retained: PackSegment[] = [];
  #segment: Uint8Array<SharedArrayBuffer> | undefined;
  #segmentOffset = 0;
  #filledBytes = 0;
  #parsedBytes = 0;
  #grantedBytes = 0;
  #isRetaining = true;
  #isWhole = false;
  #upload: UploadSession | undefined;
  #nextPart = 1;
  readonly #underWay = new Set<Promise<unknown>>();
  #failure: { error: unknown } | undefined;

  constructor(options: IncomingPackOptions) {
    this.#options = options;
  }

  get sizeBytes(): number {
    return this.#segmentOffset + this.#filledBytes;
  }

  /** Whether its bytes are in storage, or on their way there, rather than all in memory. */
  get isUploaded(): boolean {
    return this.#upload !== undefined;
  }

  /** Pieces in memory, from the beginning of the pack on, without a gap. */
  get retained(): readonly PackSegment[] {
    return this.#retained;
  }

  get retainedBytes(): number {
    const last = this.#retained.at(-1);
    return last ? last.offset + last.bytes.length : 0;
  }

  /** Takes bytes; resolves when the next may come. @throws what parsing or storing threw */
  async write(bytes: Uint8Array): Promise<void> {
    let at = 0;
    while (at < bytes.length) {
      const segment = this.#segmentWithRoom();
      const count = Math.min(bytes.length - at, segment.length - this.#filledBytes);
      segment.set(bytes.subarray(at, at + count), this.#filledBytes);
      this.#filledBytes += count;
      at += count;
      if (this.#filledBytes - this.#parsedBytes >= PARSE_BYTES) this.#parseMore();
      if (this.#filledBytes === limits.uploadPartBytes) await this.#closeSegment('more follows');
    }
    this.#throwFailure();
  }

  /** Has everything parsed that was written. @returns whether the pack is whole: its trailer was read */
  async flush(): Promise<boolean> {
    if (this.#filledBytes > this.#parsedBytes) this.#parseMore();
    await Promise.all(this.#underWay);
    this.#throwFailure();
    return this.#isWhole;
  }

  /** Takes the end; resolves when everything is parsed and sent. Makes nothing visible in storage. */
  async end(): Promise<void> {
    if (this.#filledBytes > 0) await this.#closeSegment('last');
    await Promise.all(this.#underWay);
    this.#throwFailure();
  }

  /** Makes an uploaded pack visible in storage. */
  async complete(): Promise<void> {
    await this.#upload?.complete({ signal: this.#options.signal });
  }

  /** Gives memory back, and removes an upload that was not completed. */
  async discard(): Promise<void> {
    this.release();
    await Promise.allSettled(this.#underWay);
    await this.#upload?.abort();
  }

  /** Gives memory back. */
  release(): void {
    this.#retained.length = 0;
    this.#options.budget.release(this.#grantedBytes);
    this.#grantedBytes = 0;
    this.#isRetaining = false;
  }

  /** Most pushes are small, and so is the memory that a pack begins with: that of a whole part takes its place when it is full. */
  #segmentWithRoom(): Uint8Array<SharedArrayBuffer> {
    const full = this.#segment;
    if (full && this.#filledBytes < full.length) return full;
    const isFirst = !full && this.#segmentOffset === 0;
    const segment = new Uint8Array(new SharedArrayBuffer(isFirst ? FIRST_SEGMENT_BYTES : limits.uploadPartBytes));
    if (full) segment.set(full);
    this.#segment = segment;
    return segment;
  }

  #parseMore(): void {
    const bytes = (this.#segment as Uint8Array).subarray(this.#parsedBytes, this.#filledBytes);
    this.#parsedBytes = this.#filledBytes;
    this.#track(
      this.#options.parse(bytes).then((isWhole) => {
        this.#isWhole = isWhole;
      }),
    );
  }

  async #closeSegment(place: 'more follows' | 'last'): Promise<void> {
    if (this.#filledBytes > this.#parsedBytes) this.#parseMore();
    const segment = (this.#segment as Uint8Array<SharedArrayBuffer>).subarray(0, this.#filledBytes);
    const offset = this.#segmentOffset;
    this.#segment = undefined;
    this.#segmentOffset += segment.length;
    this.#filledBytes = 0;
    this.#parsedBytes = 0;
    const isKept = this.#retain(offset, segment, place);
    if (this.#upload) {
      this.#sendPart(segment);
    } else if (place === 'more follows' && (!isKept || this.#segmentOffset >= limits.smallPackMaxBytes)) {
      await this.#startUpload(isKept ? this.#retained : [...this.#retained, { offset, bytes: segment }]);
    }
    while (this.#underWay.size > limits.ingestWorkAheadMax) await Promise.race(this.#underWay);
    this.#throwFailure();
  }

  /** @returns whether the segment stays in memory */
  #retain(offset: number, bytes: Uint8Array, place: 'more follows' | 'last'): boolean {
    const isWithin = this.#isRetaining && offset + bytes.length <= limits.packRetainMaxBytes;
    const isGranted = isWithin && this.#options.budget.take(bytes.length);
    if (isGranted) this.#grantedBytes += bytes.length;
    // A pack that was not uploaded is in memory alone.
    this.#isRetaining = isGranted || (place === 'last' && !this.#upload);
    if (this.#isRetaining) this.#retained.push({ offset, bytes });
    return this.#isRetaining;
  }

  async #startUpload(segments: readonly PackSegment[]): Promise<void> {
    const { blobs, key, signal } = this.#options;
    this.#upload = await blobs.startUpload(key, { signal });
    await this.#options.onUploadStarted(this.#upload.uploadId);
    for (const { bytes } of segments) this.#sendPart(bytes);
  }

  #sendPart(bytes: Uint8Array): void {
    const upload = this.#upload as UploadSession;
    this.#track(upload.uploadPart(this.#nextPart++, bytes, { signal: this.#options.signal }));
  }

  #track(work: Promise<unknown>): void {
    const tracked = work
      .catch((error: unknown) => {
        this.#failure ??= { error };
      })
      .finally(() => this.#underWay.delete(tracked));
    this.#underWay.add(tracked);
  }

  #throwFailure(): void {
    if (this.#failure) throw this.#failure.error;
  }
}

/** Bytes after which the parser gets what there is: often enough to keep it busy, seldom enough to cost nothing. */
const PARSE_BYTES = 1024 * 1024;
