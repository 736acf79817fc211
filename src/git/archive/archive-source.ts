/** What an id leads to that an archive can be made of: `archive.c`, "parse_treeish_arg". */
import { LimitExceededError } from '../errors.ts';
import { CommitSkeleton, scanCommit } from '../object/commit.ts';
import type { ObjectId } from '../object/object-id.ts';
import { parseTag } from '../object/tag.ts';
import type { ObjectStore } from '../object-store.ts';

export interface ArchiveSource {
  readonly treeId: ObjectId;
  /** Undefined for a tree that no commit was named for. */
  readonly commit: { readonly id: ObjectId; readonly body: Uint8Array; readonly timeSeconds: number } | undefined;
}

/** Tags of tags; git itself makes none. */
const TAG_DEPTH_MAX = 32;

/** @returns undefined when the object is no tree, and leads to none */
export async function readArchiveSource(objects: ObjectStore, id: ObjectId): Promise<ArchiveSource | undefined> {
  let targetId = id;
  for (let depth = 0; depth < TAG_DEPTH_MAX; depth++) {
    const header = await objects.header(targetId);
    switch (header?.type) {
      case 'tree':
        return { treeId: targetId, commit: undefined };
      case 'commit':
        return commitSource(objects, targetId);
      case 'tag':
        targetId = parseTag((await objects.read(targetId)).body, objects.format).targetId;
        break;
      default:
        return undefined;
    }
  }
  throw new LimitExceededError(`tag ${id} leads to another, and that to another, more than ${TAG_DEPTH_MAX} times`);
}

async function commitSource(objects: ObjectStore, id: ObjectId): Promise<ArchiveSource> {
  const { body } = await objects.read(id);
  const skeleton = new CommitSkeleton();
  scanCommit(body, objects.format, skeleton);
  const { treeOffset, committerSeconds } = skeleton;
  const treeId = Buffer.from(body).toString('latin1', treeOffset, treeOffset + objects.format.hexDigits);
  return { treeId, commit: { id, body, timeSeconds: committerSeconds } };
}
