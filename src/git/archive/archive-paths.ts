/** Whether the paths that somebody wants in an archive are there: `archive.c`, "path_exists". */
import { textOfBytes } from '#bytes/utf8.ts';
import { ProtocolError } from '../errors.ts';
import { Pathspec } from '../path/pathspec.ts';
import type { ArchiveRequest } from './archive-request.ts';
import { TreeWalk } from './tree-walk.ts';

/** @param paths the request's pathspec, each of which is looked for by itself @throws {ProtocolError} in git's words */
export async function requirePaths(request: ArchiveRequest, paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    if (!(await isThere(request, new Pathspec([path])))) {
      throw new ProtocolError(`pathspec '${textOfBytes(path)}' did not match any files`);
    }
  }
}

/** A folder counts too, whatever is in it. */
async function isThere(request: ArchiveRequest, pathspec: Pathspec): Promise<boolean> {
  const walk = new TreeWalk(request, pathspec, []);
  for await (const { kind, path } of walk.entries()) {
    if (kind !== 'tree' || pathspec.matchesFolder(path, walk.attributesOf)) return true;
  }
  return false;
}
