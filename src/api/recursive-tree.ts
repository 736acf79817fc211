/** A tree with all that lies below it, as the trees API lists it: depth first, up to a bound. */
import { isTreeMode } from '#git/object/file-mode.ts';
import type { ObjectId } from '#git/object/object-id.ts';
import { parseTree, type TreeEntry } from '#git/object/tree.ts';
import type { ObjectStore } from '#git/object-store.ts';

export interface PathEntry {
  /** From the root of the listing. */
  readonly path: string;
  readonly entry: TreeEntry;
}

export interface TreeEntries {
  readonly entries: readonly PathEntry[];
  /** There are more than are listed. */
  readonly truncated: boolean;
}

type EntriesByTree = ReadonlyMap<ObjectId, readonly TreeEntry[]>;

/** Entries listed before it says `truncated`: GitHub's bound. */
const ENTRIES_MAX = 100_000;
/** Trees read from storage in one go. */
const TREES_PER_READ = 256;

export async function listOwnEntries(objects: ObjectStore, treeId: ObjectId): Promise<TreeEntries> {
  const [entries = []] = await readTrees(objects, [treeId]);
  const listed = entries.slice(0, ENTRIES_MAX).map((entry) => ({ path: entry.name, entry }));
  return { entries: listed, truncated: entries.length > ENTRIES_MAX };
}

export async function listAllDescendants(
  objects: ObjectStore,
  rootId: ObjectId,
  signal: AbortSignal,
): Promise<TreeEntries> {
  const entriesByTree = await loadTrees(objects, rootId, signal);
  const entries: PathEntry[] = [];
  // A stack of our own, since the depth is the pusher's choice.
  const pending = [entriesBelow(entriesByTree, rootId, '')];
  while (pending.length > 0) {
    const next = pending.at(-1)?.next();
    if (!next || next.done) {
      pending.pop();
      continue;
    }
    if (entries.length === ENTRIES_MAX) return { entries, truncated: true };
    const { entry, path } = next.value;
    entries.push(next.value);
    if (!isTreeMode(entry.mode)) continue;
    if (!entriesByTree.has(entry.id)) return { entries, truncated: true };
    pending.push(entriesBelow(entriesByTree, entry.id, `${path}/`));
  }
  return { entries, truncated: false };
}

/** Level by level, each tree once, so that many are read with few requests; stops when they hold more than can be listed. */
async function loadTrees(objects: ObjectStore, rootId: ObjectId, signal: AbortSignal): Promise<EntriesByTree> {
  const loaded = new Map<ObjectId, readonly TreeEntry[]>();
  const waiting = [rootId];
  const known = new Set(waiting);
  let entryCount = 0;
  while (waiting.length > 0 && entryCount <= ENTRIES_MAX) {
    signal.throwIfAborted();
    const ids = waiting.splice(0, TREES_PER_READ);
    for (const [index, entries] of (await readTrees(objects, ids)).entries()) {
      loaded.set(ids[index] as ObjectId, entries);
      entryCount += entries.length;
      for (const { mode, id } of entries) {
        if (!isTreeMode(mode) || known.has(id)) continue;
        known.add(id);
        waiting.push(id);
      }
    }
  }
  return loaded;
}

function* entriesBelow(
  entriesByTree: EntriesByTree,
  treeId: ObjectId,
  prefix: string,
): Generator<PathEntry, undefined> {
  for (const entry of entriesByTree.get(treeId) ?? []) yield { path: prefix + entry.name, entry };
}

async function readTrees(objects: ObjectStore, ids: readonly ObjectId[]): Promise<TreeEntry[][]> {
  return (await objects.readMany(ids)).map(({ body }) => parseTree(body, objects.format));
}
