/** One line of a folder's listing. */
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
