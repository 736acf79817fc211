/** One file of a commit's diff. */
import type { DiffHunk } from '../text/diff-table.ts';

export interface ChangedFile {
  readonly kind: 'added' | 'deleted' | 'modified' | 'renamed' | 'copied' | 'type-changed';
  readonly path: string;
  /** Where it was before a rename or a copy. */
  readonly oldPath: string | undefined;
  /** File modes, when they differ: `100644 → 100755`. */
  readonly modeChange: string | undefined;
  /** From `diffAnchor`. */
  readonly anchor: string;
  /** The file after the change; before it, when it was deleted. */
  readonly href: string;
  readonly addedLines: number;
  readonly deletedLines: number;
  readonly content: ChangedContent;
}

export type ChangedContent =
  | { readonly kind: 'text'; readonly hunks: readonly DiffHunk[] }
  | { readonly kind: 'binary' }
  /** Beyond what a page shows. */
  | { readonly kind: 'too-large' }
  /** Renamed or made executable, nothing else. */
  | { readonly kind: 'unchanged' };

export const CHANGE_LETTER: Record<ChangedFile['kind'], string> = {
  added: 'A',
  deleted: 'D',
  modified: 'M',
  renamed: 'R',
  copied: 'C',
  'type-changed': 'T',
};
