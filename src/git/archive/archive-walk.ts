/** The paths of a tree in the order of an archive: `archive.c`, "write_archive_entries". */
import { limits } from '#limits.ts';
import type { Attributes } from '../attributes/attribute-stack.ts';
import { LimitExceededError } from '../errors.ts';
import type { EntryKind } from '../object/file-mode.ts';
import type { ObjectId } from '../object/object-id.ts';
import type { ArchiveRequest } from './archive-request.ts';
import { TreeWalk, type WalkedEntry } from './tree-walk.ts';

/** Attributes that change an archive. */
const ATTRIBUTES = [
  'export-ignore',
  'export-subst',
  'text',
  'crlf',
  'eol',
  'ident',
  'working-tree-encoding',
  'diff',
] as const;

export interface ArchivePath {
  readonly kind: EntryKind;
  /** From the root of the tree, as a byte string; that of a folder or submodule ends in a slash. */
  readonly path: string;
  readonly id: ObjectId;
  readonly attributes: Attributes;
}

const NO_ATTRIBUTES: Attributes = new Map();

/** @throws {LimitExceededError} more entries, or deeper folders, than an archive may have */
export async function* walkArchive(request: ArchiveRequest): AsyncGenerator<ArchivePath> {
  let count = 0;
  for await (const path of archivePaths(request)) {
    count++;
    if (count > limits.archiveEntriesMax) throw new LimitExceededError('archive: too many entries');
    yield path;
  }
}

async function* archivePaths(request: ArchiveRequest): AsyncGenerator<ArchivePath> {
  const walk = new TreeWalk(request, request.pathspec, ATTRIBUTES);
  /** A folder goes out before the first file in it, and not at all when there is none. */
  const pending: WalkedEntry[] = [];
  for await (const entry of walk.entries()) {
    while (pending.length > 0 && !entry.path.startsWith(`${pending.at(-1)?.path}/`)) pending.pop();
    if (entry.kind === 'tree') {
      if (isIgnored(walk.attributesOf(`${entry.path}/`))) walk.stayOut();
      else pending.push(entry);
      continue;
    }
    for (const { kind, path, id } of pending.splice(0)) yield { kind, path: `${path}/`, id, attributes: NO_ATTRIBUTES };
    const path = entry.kind === 'gitlink' ? `${entry.path}/` : entry.path;
    const attributes = walk.attributesOf(path);
    if (!isIgnored(attributes)) yield { kind: entry.kind, path, id: entry.id, attributes };
  }
}

function isIgnored(attributes: Attributes): boolean {
  return attributes.get('export-ignore') === true;
}
