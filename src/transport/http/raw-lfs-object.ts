/** A raw file that is a pointer of Git LFS: whoever may read the repository gets what it points to, where that was uploaded. */
import type { ListedEntry } from '#browse/tree-listing.ts';
import { BINARY_PROBE_BYTES } from '#git/diff/text-lines.ts';
import type { ObjectStore } from '#git/object-store.ts';
import type { LfsObject } from '#lfs/lfs-object-rows.ts';
import type { LfsObjects } from '#lfs/lfs-objects.ts';
import { POINTER_MAX_BYTES, parsePointer } from '#lfs/lfs-pointer.ts';

/** @returns undefined for a file that is no pointer, or one to nothing that is here */
export async function findPointedObject(
  lfsObjects: Pick<LfsObjects, 'find'>,
  repositoryId: number,
  objects: ObjectStore,
  file: ListedEntry,
): Promise<LfsObject | undefined> {
  if (file.kind === 'symlink') return undefined;
  const header = await objects.header(file.id);
  if (header?.type !== 'blob' || header.sizeBytes >= POINTER_MAX_BYTES) return undefined;
  const pointer = parsePointer((await objects.read(file.id)).body);
  return pointer && lfsObjects.find(repositoryId, pointer.oid);
}

/** What tells text from binary, for the type that the file is sent as. */
export async function readBeginning(
  lfsObjects: Pick<LfsObjects, 'read'>,
  object: LfsObject,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const lengthBytes = Math.min(BINARY_PROBE_BYTES, object.sizeBytes);
  if (lengthBytes === 0) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  for await (const chunk of lfsObjects.read(object, { offset: 0, lengthBytes }, { signal })) chunks.push(chunk);
  return Buffer.concat(chunks);
}
