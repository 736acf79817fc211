/**
 * The bytes of an object that arrive through this process: hashed while they are stored, in parts, and taken no faster than the
 * store takes them. Nothing is visible in storage before `complete`, which its caller calls once the hash is right.
 */
import { createHash } from 'node:crypto';
import { limits } from '#limits.ts';
import type { BlobStore, UploadSession } from '#storage/blob-store.ts';

export interface StreamedBytes {
  /** Hexadecimal. */
  readonly sha256: string;
  readonly sizeBytes: number;
}

export interface StreamedUploadOptions {
  readonly blobs: BlobStore;
  readonly key: string;
  readonly signal: AbortSignal;
  /** Awaited before the first part is sent, so that the parts can be found if we die. */
  readonly recordSession: (uploadId: string) => Promise<void>;
}

export class StreamedUpload {
  readonly #options: StreamedUploadOptions;
  readonly #hash = createHash('sha256');
  #sizeBytes = 0;
  /** What arrived and is not under way to the store. */
  #chunks: Uint8Array[] = [];
  #chunksBytes = 0;
  #session: UploadSession | undefined;
  #partCount = 0;
  #partUnderWay: Promise<void> = Promise.resolve();

  constructor(options: StreamedUploadOptions) {
    this.#options = options;
  }

  /** @returns undefined as soon as there are more than `sizeMaxBytes`: the rest is not read */
  async receive(body: AsyncIterable<Uint8Array>, sizeMaxBytes: number): Promise<StreamedBytes | undefined> {
    for await (const chunk of body) {
      this.#sizeBytes += chunk.length;
      if (this.#sizeBytes > sizeMaxBytes) return undefined;
      this.#hash.update(chunk);
      this.#chunks.push(chunk);
      this.#chunksBytes += chunk.length;
      if (this.#chunksBytes >= limits.lfsPartBytes) await this.#sendPart();
    }
    return { sha256: this.#hash.digest('hex'), sizeBytes: this.#sizeBytes };
  }

  /** Makes the object visible in storage. */
  async complete(): Promise<void> {
    const { blobs, key, signal } = this.#options;
    if (this.#session === undefined) return blobs.put(key, this.#takeChunks(), { signal });
    if (this.#chunksBytes > 0) await this.#sendPart();
    await this.#partUnderWay;
    await this.#session.complete({ signal });
  }

  async abort(): Promise<void> {
    this.#chunks = [];
    await this.#session?.abort();
    await this.#partUnderWay.catch(() => {});
  }

  /** Waits for the part before, so that two are in memory at most. */
  async #sendPart(): Promise<void> {
    const { blobs, key, signal, recordSession } = this.#options;
    if (this.#session === undefined) {
      this.#session = await blobs.startUpload(key, { signal });
      await recordSession(this.#session.uploadId);
    }
    await this.#partUnderWay;
    this.#partCount++;
    this.#partUnderWay = this.#session.uploadPart(this.#partCount, this.#takeChunks(), { signal });
    // Awaited with the next part, or at the end.
    this.#partUnderWay.catch(() => {});
  }

  #takeChunks(): Uint8Array {
    const bytes = Buffer.concat(this.#chunks, this.#chunksBytes);
    this.#chunks = [];
    this.#chunksBytes = 0;
    return bytes;
  }
}
