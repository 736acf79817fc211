/** Paths that people write — `path.c`, "normalize_path_copy". */

/**
 * Takes out `.`, `..` and empty parts; a slash at the end stays, and one is left by a part that was taken back.
 *
 * @returns undefined for a path that leads out of the tree, or begins at the root of the file system
 */
export function normalizePath(path: string): string | undefined {
  if (path.startsWith('/')) return undefined;
  const parts: string[] = [];
  const given = path.split('/');
  const last = given.pop() as string;
  for (const part of given) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) return undefined;
  }
  if (last === '..' && parts.pop() === undefined) return undefined;
  const folder = parts.map((part) => `${part}/`).join('');
  return last === '.' || last === '..' ? folder : folder + last;
}
