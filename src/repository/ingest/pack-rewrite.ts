/**
 * Copies a large thin pack to a new object with the missing bases appended: the count in its first bytes changes, and parts of an upload
 * cannot be changed once it is complete. Rare (thin pushes are small), so it may cost a copy; in exchange every stored pack is whole by itself.
 */
import { createHash } from 'node:crypto';
import type { ObjectFormat } from '#git/object/object-id.ts';
import { encodePackHeader, PACK_HEADER_BYTES } from '#git/pack/pack-format.ts';
import type { BlobStore } from '#storage/blob-store.ts';
import { writeStream } from '#storage/write-stream.ts';

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
  const { toKey: key, signal, onUploadStarted } = rewrite;
  const hash = createHash(rewrite.format.name);
  let trailer: Uint8Array = new Uint8Array(0);
  async function* chunks(): AsyncGenerator<Uint8Array> {
    for await (const bytes of piecesOf(blobs, rewrite)) {
      hash.update(bytes);
      yield bytes;
    }
    trailer = hash.digest();
    yield trailer;
  }
  const sizeBytes = await writeStream(blobs, { key, chunks: chunks(), signal, onUploadStarted });
  return { sizeBytes, trailer };
}

async function* piecesOf(blobs: BlobStore, rewrite: PackRewrite): AsyncIterable<Uint8Array> {
  yield encodePackHeader(rewrite.objectCount);
  const range = { offset: PACK_HEADER_BYTES, lengthBytes: rewrite.entriesEnd - PACK_HEADER_BYTES };
  yield* blobs.stream(rewrite.fromKey, range, { signal: rewrite.signal });
  yield rewrite.appended;
}
