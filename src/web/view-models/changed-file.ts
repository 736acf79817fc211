/** One file of a commit's diff. */
import type * as browse from '#browse/commit-detail.ts';
import type { Hunk } from '#git/diff/patch.ts';
import { formatMode } from '#git/object/file-mode.ts';
import { diffAnchor } from '../text/diff-table.ts';
import { displayName } from './file-name.ts';
import { type RepositoryName, viewUrl } from './repository-links.ts';

export interface ChangedFile {
  readonly kind: browse.ChangedFile['kind'];
  readonly path: string;
  /** Where it was before a rename. */
  readonly oldPath: string | undefined;
  /** File modes, when they differ: `100644 → 100755`. */
  readonly modeChange: string | undefined;
  /** From `diffAnchor`. */
  readonly anchor: string;
  /** The file after the change; before it, when it was removed. Undefined for submodules. */
  readonly href: string | undefined;
  readonly addedCount: number;
  readonly removedCount: number;
  readonly content: ChangedContent;
}

export type ChangedContent =
  | { readonly kind: 'hunks'; readonly hunks: readonly Hunk[] }
  /** A sentence in place of the lines. */
  | { readonly kind: 'notice'; readonly text: string };

export const CHANGE_LETTER: Readonly<Record<ChangedFile['kind'], string>> = {
  added: 'A',
  removed: 'D',
  modified: 'M',
  renamed: 'R',
};

export interface ComparedCommits {
  readonly commitId: string;
  /** Undefined for a root commit. */
  readonly parentId: string | undefined;
}

export function changedFile(
  file: browse.ChangedFile,
  repository: RepositoryName,
  commits: ComparedCommits,
): ChangedFile {
  const { kind, path, oldPath, content } = file;
  const shownIn = kind === 'removed' ? commits.parentId : commits.commitId;
  const isSubmodule = content.kind === 'submodule';
  return {
    kind,
    path: displayName(path),
    oldPath: oldPath === undefined ? undefined : displayName(oldPath),
    modeChange: modeChange(file),
    anchor: diffAnchor(path),
    href: shownIn === undefined || isSubmodule ? undefined : viewUrl(repository, 'blob', shownIn, path),
    addedCount: content.kind === 'text' ? content.addedCount : 0,
    removedCount: content.kind === 'text' ? content.removedCount : 0,
    content: changedContent(content),
  };
}

function modeChange({ old, new: fresh }: browse.ChangedFile): string | undefined {
  if (old === undefined || fresh === undefined || old.mode === fresh.mode) return undefined;
  return `${formatMode(old.mode)} → ${formatMode(fresh.mode)}`;
}

function changedContent(content: browse.ChangedContent): ChangedContent {
  switch (content.kind) {
    case 'text':
      return content.hunks.length > 0 ? { kind: 'hunks', hunks: content.hunks } : notice('The file is empty.');
    case 'binary':
      return notice('A binary file: its content is not shown.');
    case 'unchanged':
      return notice('The content is unchanged.');
    case 'too-large':
      return notice('The file is too large to compare here.');
    case 'not-shown':
      return notice('Not shown: the files above fill the page.');
    case 'submodule':
      return notice(
        `A submodule: ${content.oldId?.slice(0, 10) ?? 'nothing'} → ${content.newId?.slice(0, 10) ?? 'nothing'}`,
      );
  }
}

function notice(text: string): ChangedContent {
  return { kind: 'notice', text };
}
