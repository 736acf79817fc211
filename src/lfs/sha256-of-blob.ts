/** Hashes an object in storage, for stores that keep no SHA-256 of what they took. */
import { createHash } from 'node:crypto';
import type { BlobStore } from '#storage/blob-store.ts';

export async function sha256OfBlob(blobs: BlobStore, key: string, signal: AbortSignal): Promise<Uint8Array> {
  const hash = createHash('sha256');
  for await (const chunk of blobs.stream(key, undefined, { signal })) hash.update(chunk);
  return hash.digest();
}
