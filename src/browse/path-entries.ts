/**
 * What one path is in many trees: a page of history asks it of thousands of commits whose trees differ little. Each tree is
 * read once, and many in one go.
 */
import { LRUCache } from 'lru-cache';
import { isTreeMode } from '#git/object/file-mode.ts';
import type { ObjectId } from '#git/object/object-id.ts';
import { findTreeEntry } from '#git/object/tree.ts';
import type { ObjectStore } from '#git/object-store.ts';
import { limits } from '#limits.ts';
import type { TimeSlice } from './time-slice.ts';

/** By a tree's id: mode and id of its entry of one name, in one text; undefined where it has none. */
type EntriesByTree = Map<ObjectId, string | undefined>;

/**
 * What was found so far, by the path as far as the entry. It holds whatever the repository: a tree's id says what is in it.
 * Walks of neighbouring files share all levels but the last.
 */
const knownEntries = new LRUCache<string, EntriesByTree>({
  maxSize: limits.pathEntriesMax,
  maxEntrySize: limits.pathEntriesMax / 2,
  sizeCalculation: (entries) => entries.size + 1,
});

interface Level {
  readonly path: string;
  readonly name: Uint8Array;
  readonly entries: EntriesByTree;
}

export class PathEntries {
  readonly #objects: ObjectStore;
  readonly #levels: readonly Level[];

  /** @param path without slashes at either end; not empty */
  constructor(objects: ObjectStore, path: string) {
    this.#objects = objects;
    const parts = path.split('/');
    this.#levels = parts.map((part, index) => {
      const levelPath = parts.slice(0, index + 1).join('/');
      return { path: levelPath, name: Buffer.from(part), entries: knownEntries.get(levelPath) ?? new Map() };
    });
  }

  /** Looks the path up in all these trees, level by level. Afterwards `find` answers for them. */
  async load(rootTreeIds: readonly ObjectId[], slice: TimeSlice): Promise<void> {
    let treeIds: readonly ObjectId[] = rootTreeIds;
    for (const { name, entries } of this.#levels) {
      const unread = [...new Set(treeIds)].filter((id) => !entries.has(id));
      for (const [index, { body }] of (await this.#objects.readMany(unread)).entries()) {
        const entry = findTreeEntry(body, name, this.#objects.format);
        entries.set(unread[index] as ObjectId, entry && entryText(entry.mode, entry.id));
      }
      treeIds = treeIds.flatMap((id) => treeIdOf(entries.get(id)) ?? []);
      await slice.rest();
    }
  }

  /** Keeps what was found for walks to come. */
  keep(): void {
    for (const { path, entries } of this.#levels) knownEntries.set(path, entries);
  }

  /** Whether the path, however far it leads, was looked up in this tree. */
  has(rootTreeId: ObjectId): boolean {
    let treeId: ObjectId | undefined = rootTreeId;
    for (const { entries } of this.#levels) {
      if (treeId === undefined) return true;
      if (!entries.has(treeId)) return false;
      treeId = treeIdOf(entries.get(treeId));
    }
    return true;
  }

  /** Mode and id of the path's entry, as a text to compare; undefined when the tree, which was loaded, lacks the path. */
  find(rootTreeId: ObjectId): string | undefined {
    let entry: string | undefined = TREE_MARK + rootTreeId;
    for (const { entries } of this.#levels) {
      const treeId = treeIdOf(entry);
      if (treeId === undefined) return undefined;
      entry = entries.get(treeId);
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
