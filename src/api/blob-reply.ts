/** A blob's own bytes as a reply: never sniffed, never rendered, read as fast as the caller takes them. */
import type { ObjectId } from '#git/object/object-id.ts';
import type { ObjectStore } from '#git/object-store.ts';
import type { Reply } from './route.ts';

export function blobReply(objects: ObjectStore, id: ObjectId, sizeBytes: number, signal: AbortSignal): Reply<never> {
  return {
    kind: 'bytes',
    contentType: 'application/vnd.github.raw; charset=utf-8',
    sizeBytes,
    etag: id,
    async *stream() {
      const { body } = await objects.stream(id, signal);
      yield* body;
    },
  };
}
