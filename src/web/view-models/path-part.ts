/** The parts of a path, each with the path that leads to it. */
export interface PathPart {
  readonly name: string;
  readonly path: string;
}

/** @param path without a slash at either end; empty for the root */
export function splitPath(path: string): PathPart[] {
  if (path === '') return [];
  const names = path.split('/');
  return names.map((name, index) => ({ name, path: names.slice(0, index + 1).join('/') }));
}

export function joinPath(folder: string, name: string): string {
  return folder === '' ? name : `${folder}/${name}`;
}

/** @returns empty for what lies at the root */
export function folderOf(path: string): string {
  return path.slice(0, Math.max(path.lastIndexOf('/'), 0));
}
