/** The reading functions in one object: the pages get it from the composition root, so that their bundle holds no copy of them. */
import { readBlob } from './blob.ts';
import { listBranches, listTags } from './branches.ts';
import { readCommitDetail } from './commit-detail.ts';
import { listHistory } from './history.ts';
import { LastCommitFinder } from './last-commit.ts';
import { resolveRevision } from './revision.ts';
import { findPath, listTree } from './tree-listing.ts';

export type PageReader = ReturnType<typeof createPageReader>;

export function createPageReader() {
  const lastCommits = new LastCommitFinder();
  return {
    resolveRevision,
    findPath,
    listTree,
    findLastCommits: lastCommits.find.bind(lastCommits),
    findLastCommit: lastCommits.findOne.bind(lastCommits),
    readBlob,
    listHistory,
    readCommitDetail,
    listBranches,
    listTags,
  } as const;
}
