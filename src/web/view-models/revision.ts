/** What a page of files or commits looks at. */
export interface Revision {
  readonly kind: 'branch' | 'tag' | 'commit';
  /** Name of the branch or tag without `refs/…/`; the id of a commit. */
  readonly name: string;
}

/** As the branch menu's button shows it. */
export function revisionLabel(revision: Revision): string {
  return revision.kind === 'commit' ? revision.name.slice(0, 10) : revision.name;
}
