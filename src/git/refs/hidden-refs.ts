/** Which refs a repository hides — git-config(1), `transfer.hideRefs`; git's `ref_is_hidden`. */

/**
 * Whether the last pattern that matches hides the ref. A pattern is a ref or a prefix of whole components; `!` in front shows
 * again what an earlier one hides, and `^` after that is for names with their namespace, of which there are none here.
 */
export function isHiddenRef(name: string, patterns: readonly string[]): boolean {
  for (let index = patterns.length - 1; index >= 0; index--) {
    const pattern = patterns[index] as string;
    const shows = pattern.startsWith('!');
    const prefix = pattern.replace(/^!?\^?/, '').replace(/\/+$/, '');
    if (name === prefix || name.startsWith(`${prefix}/`)) return !shows;
  }
  return false;
}
