/** What lists show of a commit. */
import { messageBodyOf, parseCommit, subjectOf } from '#git/object/commit.ts';
import type { Identity } from '#git/object/identity.ts';
import type { ObjectId } from '#git/object/object-id.ts';
import type { ObjectStore } from '#git/object-store.ts';

export interface CommitSummary {
  readonly id: ObjectId;
  readonly treeId: ObjectId;
  readonly parentIds: readonly ObjectId[];
  readonly author: Identity;
  readonly committer: Identity;
  /** One line. */
  readonly subject: string;
  /** The message without its subject; often empty. */
  readonly body: string;
  /** Armoured, not verified. */
  readonly signature: string | undefined;
}

/** @returns the commits in the order asked */
export async function readCommitSummaries(objects: ObjectStore, ids: readonly ObjectId[]): Promise<CommitSummary[]> {
  const bodies = await objects.readMany(ids);
  return bodies.map(({ body }, index) => {
    const { treeId, parentIds, author, committer, message, signature } = parseCommit(body, objects.format);
    const id = ids[index] as ObjectId;
    const [subject, rest] = [subjectOf(message), messageBodyOf(message)];
    return { id, treeId, parentIds, author, committer, subject, body: rest, signature };
  });
}
