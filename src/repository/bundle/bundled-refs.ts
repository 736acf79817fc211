/** Which refs a bundle holds: branches and tags that everybody may see who may read the repository. */
import type { Ref, RefSnapshot } from '#git/ref-store.ts';

/** @param hiddenRefs the patterns of `transfer.hideRefs` and `uploadpack.hideRefs` */
export function bundledRefs(refs: RefSnapshot, hiddenRefs: readonly string[]): Ref[] {
  // Where some are hidden, it is not worth finding out which: such a repository has no bundle.
  if (hiddenRefs.length > 0) return [];
  return refs.refs.filter(({ name }) => name.startsWith('refs/heads/') || name.startsWith('refs/tags/'));
}
