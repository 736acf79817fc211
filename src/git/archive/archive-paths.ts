/** Whether the paths that somebody wants in an archive are there: `archive.c`, "path_exists". */
import { ProtocolError } from '../errors.ts';
import { textOf } from './archive-arguments.ts';
import type { ArchiveRequest } from './archive-request.ts';
import { walkArchive } from './archive-walk.ts';

/** @throws {ProtocolError} in git's words */
export async function requirePaths(request: ArchiveRequest): Promise<void> {
  for (const { original, alone } of request.pathspec.eachAlone()) {
    const walk = walkArchive({ ...request, pathspec: alone, attributes: 'ignored' });
    const first = await walk.next();
    await walk.return(undefined);
    if (first.done) throw new ProtocolError(`pathspec '${textOf(original)}' did not match any files`);
  }
}
