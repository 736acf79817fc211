/** What lies under a path of a tree: `tree-walk.c`, "get_tree_entry". */
import type { ObjectStore } from '../object-store.ts';
import type { ObjectId } from './object-id.ts';
import { findTreeEntry } from './tree.ts';

/**
 * @param path a byte string; one slash may stand behind the name of a folder, and none elsewhere but between names
 * @returns undefined when there is nothing
 */
export async function findTreePath(
  objects: ObjectStore,
  treeId: ObjectId,
  path: string,
): Promise<ObjectId | undefined> {
  if (path === '') return treeId;
  const isFolder = path.endsWith('/');
  let foundId: ObjectId | undefined = treeId;
  for (const name of (isFolder ? path.slice(0, -1) : path).split('/')) {
    const tree: Uint8Array | undefined = await readTree(objects, foundId);
    foundId = tree && findTreeEntry(tree, Buffer.from(name, 'latin1'), objects.format)?.id;
    if (foundId === undefined) return undefined;
  }
  return isFolder && !(await isTree(objects, foundId)) ? undefined : foundId;
}

async function readTree(objects: ObjectStore, id: ObjectId): Promise<Uint8Array | undefined> {
  return (await isTree(objects, id)) ? (await objects.read(id)).body : undefined;
}

async function isTree(objects: ObjectStore, id: ObjectId): Promise<boolean> {
  return (await objects.header(id))?.type === 'tree';
}
