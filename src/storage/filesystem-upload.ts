/** A multipart upload into files: a folder of its own with the growing body, and with the parts whose place is not known yet. */
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { limits } from '#limits.ts';
import type { RequestOptions, UploadSession } from './blob-store.ts';
import { errorCode, publishFile } from './durable-file.ts';
import { BlobExistsError, BlobStoreError } from './errors.ts';
import { UploadParts } from './upload-parts.ts';

export class FilesystemUpload implements UploadSession {
  readonly uploadId: string;
  readonly partSizeMinBytes = limits.uploadPartMinBytes;
  readonly #key: string;
  readonly #path: string;
  readonly #folder: string;
  readonly #body: FileHandle;
  readonly #parts: UploadParts;
  /** Parts that came before one ahead of them, each in a file of its own. */
  readonly #aside = new Set<number>();

  private constructor(upload: { uploadId: string; key: string; path: string; folder: string; body: FileHandle }) {
    this.uploadId = upload.uploadId;
    this.#key = upload.key;
    this.#path = upload.path;
    this.#folder = upload.folder;
    this.#body = upload.body;
    this.#parts = new UploadParts(upload.key, this.partSizeMinBytes);
  }

  /**
   * @param upload.path the file that the finished object becomes
   * @param upload.folder an empty folder, this upload's alone
   */
  static async start(upload: {
    uploadId: string;
    key: string;
    path: string;
    folder: string;
  }): Promise<FilesystemUpload> {
    return new FilesystemUpload({ ...upload, body: await open(join(upload.folder, 'body'), 'wx+') });
  }

  async uploadPart(partNumber: number, bytes: Uint8Array, options: RequestOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    await this.#parts.upload(partNumber, bytes.byteLength, async () => {
      try {
        await this.#writePart(partNumber, bytes);
      } catch (error) {
        throw new BlobStoreError(`write part ${partNumber} of`, this.#key, error);
      }
    });
  }

  async complete(options: RequestOptions = {}): Promise<void> {
    options.signal?.throwIfAborted();
    this.#parts.assertWhole();
    try {
      for (const partNumber of this.#aside) await this.#moveIntoBody(partNumber);
      await this.#body.sync();
      options.signal?.throwIfAborted();
      await publishFile(join(this.#folder, 'body'), this.#path);
    } catch (error) {
      options.signal?.throwIfAborted();
      throw errorCode(error) === 'EEXIST'
        ? new BlobExistsError(this.#key, error)
        : new BlobStoreError('complete upload of', this.#key, error);
    }
    await this.#end();
  }

  async abort(): Promise<void> {
    await this.#end();
  }

  async #end(): Promise<void> {
    this.#parts.close();
    await this.#parts.settled();
    await this.#body.close();
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #writePart(partNumber: number, bytes: Uint8Array): Promise<void> {
    const offset = this.#parts.offsetOf(partNumber);
    if (offset !== undefined) {
      await writeFully(this.#body, bytes, offset);
      return;
    }
    const file = await open(this.#asidePath(partNumber), 'w');
    try {
      await writeFully(file, bytes, 0);
    } finally {
      await file.close();
    }
    this.#aside.add(partNumber);
  }

  async #moveIntoBody(partNumber: number): Promise<void> {
    const offset = this.#parts.offsetOf(partNumber) ?? 0;
    const file = await open(this.#asidePath(partNumber), 'r');
    try {
      const buffer = Buffer.allocUnsafe(limits.fileChunkBytes);
      for (let done = 0; ; ) {
        const { bytesRead } = await file.read(buffer, 0, buffer.byteLength, done);
        if (bytesRead === 0) break;
        await writeFully(this.#body, buffer.subarray(0, bytesRead), offset + done);
        done += bytesRead;
      }
    } finally {
      await file.close();
    }
  }

  #asidePath(partNumber: number): string {
    return join(this.#folder, `part-${partNumber}`);
  }
}

/** write(2) may stop early, at a full disk for one, and says why only when called again. */
export async function writeFully(file: FileHandle, bytes: Uint8Array, offset: number): Promise<void> {
  for (let done = 0; done < bytes.byteLength; ) {
    const { bytesWritten } = await file.write(bytes, done, bytes.byteLength - done, offset + done);
    done += bytesWritten;
  }
}
