/** Modes of tree entries: the type bits of stat(2) and, for files, whether they may be run — gitdatamodel(7), "tree". */

export const FILE_MODE = {
  tree: 0o040000,
  file: 0o100644,
  executable: 0o100755,
  symlink: 0o120000,
  /** The commit of a submodule; the object is not in this repository. */
  gitlink: 0o160000,
} as const;

export type EntryKind = keyof typeof FILE_MODE;

const TYPE_BITS = 0o170000;
const REGULAR_FILE_BITS = 0o100000;
const OWNER_EXECUTE_BIT = 0o100;

export function isTreeMode(mode: number): boolean {
  return (mode & TYPE_BITS) === FILE_MODE.tree;
}

export function isSymlinkMode(mode: number): boolean {
  return (mode & TYPE_BITS) === FILE_MODE.symlink;
}

export function isGitlinkMode(mode: number): boolean {
  return (mode & TYPE_BITS) === FILE_MODE.gitlink;
}

/** What git takes an entry for. Old trees hold modes such as 100664; a type git does not know counts as a gitlink. */
export function entryKindOf(mode: number): EntryKind {
  switch (mode & TYPE_BITS) {
    case REGULAR_FILE_BITS:
      return mode & OWNER_EXECUTE_BIT ? 'executable' : 'file';
    case FILE_MODE.symlink:
      return 'symlink';
    case FILE_MODE.tree:
      return 'tree';
    default:
      return 'gitlink';
  }
}

/** Six octal digits, as `git diff` and `git ls-tree` print a mode. */
export function formatMode(mode: number): string {
  return mode.toString(8).padStart(6, '0');
}
