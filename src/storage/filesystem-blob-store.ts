/**
 * Blobs as files of one folder: `objects/<key>` for what is visible, `tmp/` for what is not finished. This is the store of a
 * forge without settings; it serves the processes of one machine.
 */
import { randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rm, rmdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { limits } from '#limits.ts';
import type { BlobStore, ByteRange, RequestOptions, UploadSession } from './blob-store.ts';
import { errorCode, makeFolder, publishFile, removeFile } from './durable-file.ts';
import { BlobExistsError, BlobNotFoundError, BlobStoreError } from './errors.ts';
import { FilesystemUpload, writeFully } from './filesystem-upload.ts';
import { type FileLease, OpenFiles } from './open-files.ts';
import { readAhead } from './read-ahead.ts';
import { assertStorageKey } from './storage-key.ts';

export interface FilesystemBlobStoreOptions {
  /** Unfinished uploads not written to for that long are removed when the store opens. */
  staleUploadMs?: number;
}

export class FilesystemBlobStore implements BlobStore {
  readonly #objects: string;
  readonly #temporary: string;
  readonly #openFiles = new OpenFiles(limits.openFilesMax);

  private constructor(folder: string) {
    this.#objects = join(folder, 'objects');
    this.#temporary = join(folder, 'tmp');
  }

  /** Opens the store in `folder`, creates what is missing of it, and sweeps out what dead processes left unfinished. */
  static async open(folder: string, options: FilesystemBlobStoreOptions = {}): Promise<FilesystemBlobStore> {
    const store = new FilesystemBlobStore(folder);
    await makeFolder(store.#objects);
    await makeFolder(store.#temporary);
    await store.#sweep(options.staleUploadMs ?? limits.staleUploadMs);
    return store;
  }

  async put(key: string, bytes: Uint8Array, options: RequestOptions = {}): Promise<void> {
    const path = this.#path(key);
    options.signal?.throwIfAborted();
    const temporaryPath = join(this.#temporary, randomUUID());
    try {
      await writeNewFile(temporaryPath, bytes);
      options.signal?.throwIfAborted();
      await publishFile(temporaryPath, path);
    } catch (error) {
      await rm(temporaryPath, { force: true });
      options.signal?.throwIfAborted();
      throw errorCode(error) === 'EEXIST' ? new BlobExistsError(key, error) : new BlobStoreError('write', key, error);
    }
  }

  async startUpload(key: string, options: RequestOptions = {}): Promise<UploadSession> {
    const path = this.#path(key);
    options.signal?.throwIfAborted();
    const uploadId = randomUUID();
    const folder = join(this.#temporary, uploadId);
    try {
      await mkdir(folder);
      return await FilesystemUpload.start({ uploadId, key, path, folder });
    } catch (error) {
      throw new BlobStoreError('start upload of', key, error);
    }
  }

  async abortUpload(key: string, uploadId: string): Promise<void> {
    if (!UPLOAD_ID.test(uploadId)) return;
    try {
      await rm(join(this.#temporary, uploadId), { recursive: true, force: true });
    } catch (error) {
      throw new BlobStoreError('abort upload of', key, error);
    }
  }

  async read(key: string, range: ByteRange, options: RequestOptions = {}): Promise<Uint8Array> {
    const file = await this.#lease(key);
    try {
      options.signal?.throwIfAborted();
      return await readRange(file, range.offset, range.lengthBytes);
    } catch (error) {
      options.signal?.throwIfAborted();
      throw new BlobStoreError('read', key, error);
    } finally {
      await file.release();
    }
  }

  async *stream(
    key: string,
    range?: ByteRange,
    options: RequestOptions = {},
  ): AsyncGenerator<Uint8Array, void, undefined> {
    const { signal } = options;
    signal?.throwIfAborted();
    const file = await this.#lease(key);
    const release = once(() => file.release());
    // A consumer that aborts may never pull again, and its file would stay open.
    const releaseOnAbort = () => void release();
    signal?.addEventListener('abort', releaseOnAbort);
    try {
      const { sizeBytes } = file;
      const startOffset = range?.offset ?? 0;
      yield* readAhead({
        startOffset,
        endOffset: Math.min(sizeBytes, startOffset + (range?.lengthBytes ?? sizeBytes)),
        pieceBytes: limits.fileChunkBytes,
        piecesInFlight: limits.fileChunksInFlight,
        signal,
        readPiece: (offset, lengthBytes) => readRange(file, offset, lengthBytes),
      });
    } catch (error) {
      signal?.throwIfAborted();
      throw new BlobStoreError('read', key, error);
    } finally {
      signal?.removeEventListener('abort', releaseOnAbort);
      await release();
    }
  }

  async size(key: string, options: RequestOptions = {}): Promise<number | undefined> {
    options.signal?.throwIfAborted();
    try {
      const { size: sizeBytes } = await stat(this.#path(key));
      return sizeBytes;
    } catch (error) {
      if (errorCode(error) === 'ENOENT') return undefined;
      throw new BlobStoreError('look up', key, error);
    }
  }

  /** No client reaches this store but through us. */
  async presignRead(): Promise<undefined> {}

  async presignWrite(): Promise<undefined> {}

  async checksum(): Promise<undefined> {}

  async delete(key: string): Promise<void> {
    const path = this.#path(key);
    try {
      await removeFile(path);
    } catch (error) {
      if (errorCode(error) !== 'ENOENT') throw new BlobStoreError('delete', key, error);
    }
    await this.#openFiles.evict(path);
    await this.#removeEmptyFolders(dirname(path));
  }

  /** Resolves when the disk takes a write, so that a full or read-only one shows in the readiness check. */
  async check(): Promise<void> {
    const path = join(this.#temporary, randomUUID());
    try {
      await writeNewFile(path, CHECK_BYTES);
    } catch (error) {
      throw new BlobStoreError('check', path, error);
    } finally {
      await rm(path, { force: true });
    }
  }

  async close(): Promise<void> {
    await this.#openFiles.close();
  }

  #path(key: string): string {
    assertStorageKey(key);
    return join(this.#objects, key);
  }

  async #lease(key: string): Promise<FileLease> {
    try {
      return await this.#openFiles.lease(this.#path(key));
    } catch (error) {
      throw errorCode(error) === 'ENOENT' ? new BlobNotFoundError(key, error) : new BlobStoreError('open', key, error);
    }
  }

  async #removeEmptyFolders(folder: string): Promise<void> {
    try {
      for (let empty = folder; empty !== this.#objects; empty = dirname(empty)) await rmdir(empty);
    } catch (error) {
      // Another file of the pack is still there, or another deletion was quicker.
      if (!['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes(errorCode(error) ?? '')) throw error;
    }
  }

  async #sweep(staleUploadMs: number): Promise<void> {
    const staleBefore = Date.now() - staleUploadMs;
    for (const name of await readdir(this.#temporary)) {
      const path = join(this.#temporary, name);
      if ((await lastWritten(path)) <= staleBefore) await rm(path, { recursive: true, force: true });
    }
  }
}

const UPLOAD_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const CHECK_BYTES = Buffer.from('check');

async function writeNewFile(path: string, bytes: Uint8Array): Promise<void> {
  const file = await open(path, 'wx');
  try {
    await writeFully(file, bytes, 0);
    await file.sync();
  } finally {
    await file.close();
  }
}

async function readRange(file: FileLease, offset: number, lengthBytes: number): Promise<Uint8Array> {
  // The length comes from a caller who may not know the size: allocate what is there, not what was asked for.
  const bytes = Buffer.allocUnsafeSlow(Math.max(0, Math.min(lengthBytes, file.sizeBytes - offset)));
  for (let done = 0; done < bytes.byteLength; ) {
    const { bytesRead } = await file.handle.read(bytes, done, bytes.byteLength - done, offset + done);
    if (bytesRead === 0) return bytes.subarray(0, done);
    done += bytesRead;
  }
  return bytes;
}

/** When the file, or the newest one in the folder, was last written; 0 for one that is gone. */
async function lastWritten(path: string): Promise<number> {
  try {
    const own = await stat(path);
    if (!own.isDirectory()) return own.mtimeMs;
    const inside = await Promise.all((await readdir(path)).map((name) => lastWritten(join(path, name))));
    return Math.max(own.mtimeMs, ...inside);
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return 0;
    throw error;
  }
}

function once(action: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => {
    done ??= action();
    return done;
  };
}
