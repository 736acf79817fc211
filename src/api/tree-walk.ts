/** Follows a path from a root tree down, one tree a step, without ever leaving it: links and submodules are ends. */

import { FILE_MODE, isGitlinkMode, isTreeMode } from '#git/object/file-mode.ts';
import type { ObjectId } from '#git/object/object-id.ts';
import { findTreeEntry, parseTree } from '#git/object/tree.ts';
import type { ObjectStore } from '#git/object-store.ts';
import type { LocatedEntry } from './shape/content.ts';

/** Steps of a path: beyond git's own PATH_MAX nobody has files. */
const PATH_SEGMENTS_MAX = 2_048;

/** @param path without slashes at its ends; empty for the root itself */
export async function locate(objects: ObjectStore, rootId: ObjectId, path: string): Promise<LocatedEntry | undefined> {
  let entry: LocatedEntry['entry'] = { mode: FILE_MODE.tree, name: '', id: rootId };
  const names = path === '' ? [] : path.split('/');
  if (names.length > PATH_SEGMENTS_MAX) return undefined;
  for (const name of names) {
    if (!isTreeMode(entry.mode)) return undefined;
    const { body } = await objects.read(entry.id);
    const next = findTreeEntry(body, Buffer.from(name), objects.format);
    if (!next) return undefined;
    entry = next;
  }
  return withSize(objects, path, entry);
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
