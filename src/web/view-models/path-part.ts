/** The parts of a path, each with the path that leads to it. */
export interface PathPart {
  readonly name: Uint8Array;
  readonly path: Uint8Array;
}

const SLASH = 0x2f;

/** @param path without a slash at either end; empty for the root */
export function splitPath(path: Uint8Array): PathPart[] {
  const parts: PathPart[] = [];
  for (let start = 0; start < path.length; ) {
    const slash = path.indexOf(SLASH, start);
    const end = slash < 0 ? path.length : slash;
    parts.push({ name: path.subarray(start, end), path: path.subarray(0, end) });
    start = end + 1;
  }
  return parts;
}

export function joinPath(folder: Uint8Array, name: Uint8Array): Uint8Array {
  if (folder.length === 0) return name;
  const path = new Uint8Array(folder.length + 1 + name.length);
  path.set(folder);
  path[folder.length] = SLASH;
  path.set(name, folder.length + 1);
  return path;
}
