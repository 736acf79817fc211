/** One line of a folder's listing. */
import type { CommitSummary } from '#browse/commit-summary.ts';
import type { ListedEntry } from '#browse/tree-listing.ts';
import { displayName } from './file-name.ts';
import { joinPath } from './path-part.ts';
import { commitUrl, type RepositoryName, viewUrl } from './repository-links.ts';

export interface TreeRow {
  readonly kind: 'folder' | 'file' | 'symlink' | 'submodule';
  readonly name: string;
  /** Undefined for submodules, whose commits are not here. */
  readonly href: string | undefined;
  /** The newest commit that changed it, where that is known. */
  readonly change: TreeRowChange | undefined;
}

export interface TreeRowChange {
  readonly subject: string;
  readonly href: string;
  readonly date: Date;
}

export interface TreeRowPlace {
  readonly repository: RepositoryName;
  readonly revision: string;
  /** Path of the folder; empty for the root. */
  readonly folder: string;
}

const ROW_KIND = {
  tree: 'folder',
  file: 'file',
  executable: 'file',
  symlink: 'symlink',
  gitlink: 'submodule',
} as const satisfies Record<ListedEntry['kind'], TreeRow['kind']>;

/** @param change the last one of the entry, where it is known */
export function treeRow(entry: ListedEntry, change: TreeRowChange | undefined, place: TreeRowPlace): TreeRow {
  const { repository, revision, folder } = place;
  const kind = ROW_KIND[entry.kind];
  const path = joinPath(folder, entry.name);
  const view = kind === 'folder' ? 'tree' : 'blob';
  return {
    kind,
    name: displayName(entry.name),
    href: kind === 'submodule' ? undefined : viewUrl(repository, view, revision, path),
    change,
  };
}

export function treeRowChange(commit: CommitSummary, repository: RepositoryName): TreeRowChange {
  const date = new Date(commit.committer.dateSeconds * 1000);
  return { subject: commit.subject, href: commitUrl(repository, commit.id), date };
}
