/** Files as pages show them. Raw downloads stream the object instead. */
import { decodeLenient, isUtf8 } from '#bytes/utf8.ts';
import { isBinary } from '#git/diff/text-lines.ts';
import { MissingObjectError } from '#git/errors.ts';
import type { ObjectId } from '#git/object/object-id.ts';
import type { ObjectStore } from '#git/object-store.ts';
import { limits } from '#limits.ts';

export type BlobContent =
  | {
      readonly kind: 'text';
      readonly sizeBytes: number;
      readonly text: string;
      /** Without line ends, CR LF included; an empty file has none. */
      readonly lines: readonly string[];
      /** `latin1` when the bytes are not UTF-8. */
      readonly encoding: 'utf-8' | 'latin1';
    }
  | { readonly kind: 'binary'; readonly sizeBytes: number; readonly bytes: Uint8Array }
  | { readonly kind: 'too-large'; readonly sizeBytes: number }
  /** The id names a commit, a tree or a tag. */
  | { readonly kind: 'not-a-blob' };

/** @throws {MissingObjectError} */
export async function readBlob(
  objects: ObjectStore,
  id: ObjectId,
  sizeMaxBytes: number = limits.blobPageMaxBytes,
): Promise<BlobContent> {
  const header = await objects.header(id);
  if (!header) throw new MissingObjectError(id, 'read file');
  if (header.type !== 'blob') return { kind: 'not-a-blob' };
  const { sizeBytes } = header;
  if (sizeBytes > sizeMaxBytes) return { kind: 'too-large', sizeBytes };
  const { body } = await objects.read(id);
  if (isBinary(body)) return { kind: 'binary', sizeBytes, bytes: body };
  const text = decodeLenient(body);
  return { kind: 'text', sizeBytes, text, lines: splitLines(text), encoding: isUtf8(body) ? 'utf-8' : 'latin1' };
}

function splitLines(text: string): string[] {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  return lines;
}
