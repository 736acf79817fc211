/** Stores a stream of any length with the memory of one part. */
import { limits } from '#limits.ts';
import type { BlobStore } from './blob-store.ts';

export interface StreamWrite {
  readonly key: string;
  readonly chunks: AsyncIterable<Uint8Array>;
  readonly signal: AbortSignal;
  /** Notes the id, so that another process can abort the upload if this one dies. Nothing is written before it resolves. */
  readonly onUploadStarted: (uploadId: string) => Promise<void>;
}

/** @returns the size in bytes; the object is durable by then @throws whatever the stream or the store throws, with nothing left behind */
export async function writeStream(blobs: BlobStore, write: StreamWrite): Promise<number> {
  const { key, chunks, signal, onUploadStarted } = write;
  const upload = await blobs.startUpload(key, { signal });
  try {
    await onUploadStarted(upload.uploadId);
    let partNumber = 0;
    let sizeBytes = 0;
    for await (const part of inParts(chunks, limits.uploadPartBytes)) {
      await upload.uploadPart(++partNumber, part, { signal });
      sizeBytes += part.length;
    }
    await upload.complete({ signal });
    return sizeBytes;
  } catch (error) {
    await upload.abort();
    throw error;
  }
}

/** Cuts a stream into parts of one size; only the last is shorter. A part holds until the next is asked for. */
async function* inParts(chunks: AsyncIterable<Uint8Array>, partBytes: number): AsyncIterable<Uint8Array> {
  const part = Buffer.allocUnsafeSlow(partBytes);
  let filled = 0;
  let isFirst = true;
  for await (const chunk of chunks) {
    for (let offset = 0; offset < chunk.length; ) {
      const count = Math.min(chunk.length - offset, partBytes - filled);
      part.set(chunk.subarray(offset, offset + count), filled);
      filled += count;
      offset += count;
      if (filled < partBytes) continue;
      yield part;
      isFirst = false;
      filled = 0;
    }
  }
  if (filled > 0 || isFirst) yield part.subarray(0, filled);
}
