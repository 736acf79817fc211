/** Entries of trees with their place and size, as the contents API shows them. */
import { findPath } from '#browse/tree-listing.ts';
import { FILE_MODE, isGitlinkMode, isTreeMode } from '#git/object/file-mode.ts';
import type { ObjectId } from '#git/object/object-id.ts';
import { parseTree } from '#git/object/tree.ts';
import type { ObjectStore } from '#git/object-store.ts';
import type { LocatedEntry } from './shape/content.ts';

/** @param path without slashes at its ends; empty for the root itself */
export async function locate(objects: ObjectStore, rootId: ObjectId, path: string): Promise<LocatedEntry | undefined> {
  const outcome = await findPath(objects, rootId, path);
  switch (outcome.kind) {
    case 'not-found':
      return undefined;
    case 'directory': {
      const name = path.slice(path.lastIndexOf('/') + 1);
      return { path, entry: { mode: FILE_MODE.tree, name, id: outcome.treeId }, sizeBytes: 0 };
    }
    case 'entry':
      return withSize(objects, path, outcome.entry);
  }
}

/** @param directory one that `locate` found */
export async function listDirectory(objects: ObjectStore, directory: LocatedEntry): Promise<LocatedEntry[]> {
  const { body } = await objects.read(directory.entry.id);
  const prefix = directory.path && `${directory.path}/`;
  const entries = parseTree(body, objects.format);
  return Promise.all(entries.map((entry) => withSize(objects, prefix + entry.name, entry)));
}

/**
 * Where a link leads, as a path from the root.
 * @returns undefined when it leads out of the repository
 */
export function resolveLinkTarget(linkPath: string, target: string): string | undefined {
  if (target.startsWith('/')) return undefined;
  const names = linkPath.split('/').slice(0, -1);
  for (const name of target.split('/')) {
    if (name === '' || name === '.') continue;
    if (name !== '..') names.push(name);
    else if (names.pop() === undefined) return undefined;
  }
  return names.join('/');
}

async function withSize(objects: ObjectStore, path: string, entry: LocatedEntry['entry']): Promise<LocatedEntry> {
  const isBlob = !isTreeMode(entry.mode) && !isGitlinkMode(entry.mode);
  const header = isBlob ? await objects.header(entry.id) : undefined;
  return { path, entry, sizeBytes: header?.sizeBytes ?? 0 };
}
