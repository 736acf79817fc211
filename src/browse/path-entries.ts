/**
 * What one path is in many trees: a page of history asks it of thousands of commits whose trees differ little. Each tree is
 * read once, and many in one go.
 */
import { isTreeMode } from '#git/object/file-mode.ts';
import type { ObjectId } from '#git/object/object-id.ts';
import { findTreeEntry } from '#git/object/tree.ts';
import type { ObjectStore } from '#git/object-store.ts';

export class PathEntries {
  readonly #objects: ObjectStore;
  readonly #parts: readonly Uint8Array[];
  /** For each level of the path, what the next part is in a tree: mode and id in one text. */
  readonly #found: readonly Map<ObjectId, string | undefined>[];

  /** @param path without slashes at either end; not empty */
  constructor(objects: ObjectStore, path: string) {
    this.#objects = objects;
    this.#parts = path.split('/').map((part) => Buffer.from(part));
    this.#found = this.#parts.map(() => new Map());
  }

  /** Looks the path up in all these trees, level by level. Afterwards `find` answers for them. */
  async load(rootTreeIds: readonly ObjectId[]): Promise<void> {
    let treeIds: readonly ObjectId[] = rootTreeIds;
    for (const [level, part] of this.#parts.entries()) {
      const found = this.#found[level] as Map<ObjectId, string | undefined>;
      const unread = [...new Set(treeIds)].filter((id) => !found.has(id));
      for (const [index, { body }] of (await this.#objects.readMany(unread)).entries()) {
        const entry = findTreeEntry(body, part, this.#objects.format);
        found.set(unread[index] as ObjectId, entry && entryText(entry.mode, entry.id));
      }
      treeIds = treeIds.flatMap((id) => treeIdOf(found.get(id)) ?? []);
    }
  }

  has(rootTreeId: ObjectId): boolean {
    return (this.#found[0] as Map<ObjectId, string | undefined>).has(rootTreeId);
  }

  /** Mode and id of the path's entry, as a text to compare; undefined when the tree, which was loaded, lacks the path. */
  find(rootTreeId: ObjectId): string | undefined {
    let entry = this.#found[0]?.get(rootTreeId);
    for (const found of this.#found.slice(1)) {
      const treeId = treeIdOf(entry);
      if (treeId === undefined) return undefined;
      entry = found.get(treeId);
    }
    return entry;
  }

  /** The tree that the path is; undefined when it is none. */
  findTree(rootTreeId: ObjectId): ObjectId | undefined {
    return treeIdOf(this.find(rootTreeId));
  }
}

const TREE_MARK = 'tree ';

function entryText(mode: number, id: ObjectId): string {
  return isTreeMode(mode) ? TREE_MARK + id : `${mode.toString(8)} ${id}`;
}

function treeIdOf(entry: string | undefined): ObjectId | undefined {
  return entry?.startsWith(TREE_MARK) ? entry.slice(TREE_MARK.length) : undefined;
}
