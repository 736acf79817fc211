/**
 * Copies a large thin pack to a new object with the missing bases appended: the count in its first bytes changes, and parts of an upload
 * cannot be changed once it is complete. Rare (thin pushes are small), so it may cost a copy; in exchange every stored pack is whole by itself.
 */
import { createHash } from 'node:crypto';
import type { ObjectFormat } from '#git/object/object-id.ts';
import { encodePackHeader, PACK_HEADER_BYTES } from '#git/pack/pack-format.ts';
import { limits } from '#limits.ts';
import type { BlobStore } from '#storage/blob-store.ts';

export interface PackRewrite {
  readonly fromKey: string;
  /** Where the entries of the thin pack end and its trailer begins. */
  readonly entriesEnd: number;
  readonly toKey: string;
  readonly appended: Uint8Array;
  readonly objectCount: number;
  readonly format: ObjectFormat;
  readonly signal: AbortSignal;
  readonly onUploadStarted: (uploadId: string) => Promise<void>;
}

export async function rewritePack(
  blobs: BlobStore,
  rewrite: PackRewrite,
): Promise<{ sizeBytes: number; trailer: Uint8Array }> {
  const { signal } = rewrite;
  const upload = await blobs.startUpload(rewrite.toKey, { signal });
  try {
    await rewrite.onUploadStarted(upload.uploadId);
    const hash = createHash(rewrite.format.name);
    let part = Buffer.alloc(0);
    let partNumber = 1;
    let sizeBytes = 0;
    const send = async (bytes: Uint8Array) => {
      part = Buffer.concat([part, bytes]);
      sizeBytes += bytes.length;
      while (part.length >= limits.uploadPartBytes) {
        await upload.uploadPart(partNumber++, part.subarray(0, limits.uploadPartBytes), { signal });
        part = part.subarray(limits.uploadPartBytes);
      }
    };
    for await (const bytes of piecesOf(blobs, rewrite)) {
      hash.update(bytes);
      await send(bytes);
    }
    const trailer = hash.digest();
    await send(trailer);
    if (part.length > 0) await upload.uploadPart(partNumber, part, { signal });
    await upload.complete({ signal });
    return { sizeBytes, trailer };
  } catch (error) {
    await upload.abort();
    throw error;
  }
}

async function* piecesOf(blobs: BlobStore, rewrite: PackRewrite): AsyncIterable<Uint8Array> {
  yield encodePackHeader(rewrite.objectCount);
  const range = { offset: PACK_HEADER_BYTES, lengthBytes: rewrite.entriesEnd - PACK_HEADER_BYTES };
  yield* blobs.stream(rewrite.fromKey, range, { signal: rewrite.signal });
  yield rewrite.appended;
}
