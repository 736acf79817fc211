/** A tag in the list of tags. */
import type { TagRow } from '#browse/branches.ts';
import { subjectOf } from '#git/object/commit.ts';
import { type CommitRow, commitRow } from './commit-row.ts';
import type { RepositoryName } from './repository-links.ts';

export interface TagItem {
  readonly name: string;
  /** Of the tag's own message; of the commit's, for a lightweight tag. */
  readonly subject: string;
  readonly commit: CommitRow | undefined;
  readonly date: Date | undefined;
}

export function tagItem({ name, tag, commit }: TagRow, repository: RepositoryName): TagItem {
  const row = commit && commitRow(commit, repository);
  const taggedSeconds = tag?.tagger?.dateSeconds;
  return {
    name,
    subject: tag === undefined ? (row?.subject ?? '') : subjectOf(tag.message),
    commit: row,
    date: taggedSeconds === undefined ? row?.date : new Date(taggedSeconds * 1000),
  };
}
