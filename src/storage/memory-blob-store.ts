/** Blobs in memory, for tests. */
import { randomUUID } from 'node:crypto';
import { limits } from '#limits.ts';
import type { BlobStore, ByteRange, RequestOptions, UploadSession } from './blob-store.ts';
import { BlobExistsError, BlobNotFoundError } from './errors.ts';
import { readAhead } from './read-ahead.ts';
import { assertStorageKey } from './storage-key.ts';
import { UploadParts } from './upload-parts.ts';

export class MemoryBlobStore implements BlobStore {
  readonly #objects = new Map<string, Uint8Array>();
  readonly #uploads = new Map<string, MemoryUpload>();

  async put(key: string, bytes: Uint8Array, options: RequestOptions = {}): Promise<void> {
    assertStorageKey(key);
    options.signal?.throwIfAborted();
    if (this.#objects.has(key)) throw new BlobExistsError(key);
    this.#objects.set(key, Uint8Array.from(bytes));
  }

  async startUpload(key: string, options: RequestOptions = {}): Promise<UploadSession> {
    assertStorageKey(key);
    options.signal?.throwIfAborted();
    const upload = new MemoryUpload(key, this.#objects, () => this.#uploads.delete(upload.uploadId));
    this.#uploads.set(upload.uploadId, upload);
    return upload;
  }

  async abortUpload(_key: string, uploadId: string): Promise<void> {
    await this.#uploads.get(uploadId)?.abort();
  }

  async read(key: string, range: ByteRange, options: RequestOptions = {}): Promise<Uint8Array> {
    options.signal?.throwIfAborted();
    // Not `slice`: that of a Buffer makes no copy.
    return new Uint8Array(this.#object(key).subarray(range.offset, range.offset + range.lengthBytes));
  }

  async *stream(
    key: string,
    range?: ByteRange,
    options: RequestOptions = {},
  ): AsyncGenerator<Uint8Array, void, undefined> {
    options.signal?.throwIfAborted();
    const object = this.#object(key);
    const startOffset = range?.offset ?? 0;
    yield* readAhead({
      startOffset,
      endOffset: Math.min(object.byteLength, startOffset + (range?.lengthBytes ?? object.byteLength)),
      pieceBytes: limits.fileChunkBytes,
      piecesInFlight: 1,
      signal: options.signal,
      readPiece: async (offset, lengthBytes) => object.slice(offset, offset + lengthBytes),
    });
  }

  async size(key: string, options: RequestOptions = {}): Promise<number | undefined> {
    assertStorageKey(key);
    options.signal?.throwIfAborted();
    return this.#objects.get(key)?.byteLength;
  }

  /** No client reaches this store but through us. */
  async presignRead(): Promise<undefined> {}

  async presignWrite(): Promise<undefined> {}

  async checksum(): Promise<undefined> {}

  async delete(key: string): Promise<void> {
    assertStorageKey(key);
    this.#objects.delete(key);
  }

  async check(): Promise<void> {}

  async close(): Promise<void> {}

  #object(key: string): Uint8Array {
    assertStorageKey(key);
    const object = this.#objects.get(key);
    if (!object) throw new BlobNotFoundError(key);
    return object;
  }
}

class MemoryUpload implements UploadSession {
  readonly uploadId = randomUUID();
  readonly partSizeMinBytes = limits.uploadPartMinBytes;
  readonly #key: string;
  readonly #objects: Map<string, Uint8Array>;
  readonly #onEnd: () => void;
  readonly #parts: UploadParts;
  readonly #bytes = new Map<number, Uint8Array>();

  constructor(key: string, objects: Map<string, Uint8Array>, onEnd: () => void) {
    this.#key = key;
    this.#objects = objects;
    this.#onEnd = onEnd;
    this.#parts = new UploadParts(key, this.partSizeMinBytes);
  }

  async uploadPart(partNumber: number, bytes: Uint8Array, options: RequestOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    await this.#parts.upload(partNumber, bytes.byteLength, async () => {
      this.#bytes.set(partNumber, Uint8Array.from(bytes));
    });
  }

  async complete(options: RequestOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    const partCount = this.#parts.assertWhole();
    if (this.#objects.has(this.#key)) throw new BlobExistsError(this.#key);
    const parts = Array.from({ length: partCount }, (_, index) => this.#bytes.get(index + 1) ?? new Uint8Array());
    // Copied out of the Buffer, whose `slice` would hand out views.
    this.#objects.set(this.#key, new Uint8Array(Buffer.concat(parts)));
    this.#end();
  }

  async abort(): Promise<void> {
    this.#end();
  }

  #end(): void {
    this.#parts.close();
    this.#bytes.clear();
    this.#onEnd();
  }
}
