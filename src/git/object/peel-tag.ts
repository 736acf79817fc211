/** Follows a tag, and tags that it points at, to what they stand for — gitglossary(7), "peel". */
import type { ObjectStore } from '#git/object-store.ts';
import type { ObjectId } from './object-id.ts';
import { parseTag } from './tag.ts';

/** @returns the id itself for what is no tag */
export async function peelTag(
  objects: Pick<ObjectStore, 'format' | 'header' | 'read'>,
  id: ObjectId,
): Promise<ObjectId> {
  let target = id;
  while ((await objects.header(target))?.type === 'tag') {
    target = parseTag((await objects.read(target)).body, objects.format).targetId;
  }
  return target;
}
