/**
 * The difference of two trees, by paths: subtrees with equal ids are not read — git-diff-tree(1), with `-r`. Renames are
 * found by `pairExactRenames`.
 */
import { limits } from '#limits.ts';
import { LimitExceededError } from '../errors.ts';
import { entryKindOf, FILE_MODE } from '../object/file-mode.ts';
import type { ObjectId } from '../object/object-id.ts';
import { compareTreeEntries, parseTree, type TreeEntry } from '../object/tree.ts';
import type { ObjectStore } from '../object-store.ts';

/** A file, a link or a submodule on one side. */
export interface TreeSide {
  /** One of `FILE_MODE`. */
  readonly mode: number;
  readonly id: ObjectId;
}

export type TreeChange =
  | { readonly kind: 'added'; readonly path: Uint8Array; readonly new: TreeSide }
  | { readonly kind: 'removed'; readonly path: Uint8Array; readonly old: TreeSide }
  /** Other content, another mode, or another kind of entry. */
  | { readonly kind: 'modified'; readonly path: Uint8Array; readonly old: TreeSide; readonly new: TreeSide }
  | {
      readonly kind: 'renamed';
      readonly path: Uint8Array;
      readonly oldPath: Uint8Array;
      readonly old: TreeSide;
      readonly new: TreeSide;
    };

/** Trees read from storage in one go. */
const TREES_PER_READ = 64;
const NO_PATH = new Uint8Array(0);
const SLASH = Buffer.from('/');

/** Two entries of the same name; one may be missing. */
interface EntryPair {
  readonly old: TreeEntry | undefined;
  readonly new: TreeEntry | undefined;
}

/**
 * Yields the changes in the order of their paths, reading trees as it goes: a caller that has seen enough stops.
 *
 * @param oldTreeId undefined for no tree: everything is added
 * @throws {MissingObjectError} @throws {CorruptObjectError}
 * @throws {LimitExceededError} changes in folders too deep inside each other, in git's words
 */
export async function* diffTrees(
  objects: ObjectStore,
  oldTreeId: ObjectId | undefined,
  newTreeId: ObjectId | undefined,
): AsyncGenerator<TreeChange> {
  if (oldTreeId === newTreeId) return;
  const [oldTree, newTree] = await readTrees(objects, [oldTreeId, newTreeId]);
  yield* diffEntries(objects, oldTree ?? [], newTree ?? [], NO_PATH, 0);
}

async function* diffEntries(
  objects: ObjectStore,
  oldEntries: readonly TreeEntry[],
  newEntries: readonly TreeEntry[],
  directory: Uint8Array,
  depth: number,
): AsyncGenerator<TreeChange> {
  if (depth > limits.treeDepthMax) throw new LimitExceededError('exceeded maximum allowed tree depth');
  const pairs = [...differingPairs(oldEntries, newEntries)];
  for (let start = 0; start < pairs.length; start += TREES_PER_READ) {
    const batch = pairs.slice(start, start + TREES_PER_READ);
    const subtrees = await readTrees(objects, batch.flatMap(subtreeIds));
    for (const [index, pair] of batch.entries()) {
      const path = Buffer.concat([directory, (pair.old ?? pair.new)?.nameBytes ?? NO_PATH]);
      yield* diffFile(pair, path);
      const [oldTree, newTree] = [subtrees[2 * index], subtrees[2 * index + 1]];
      if (!oldTree && !newTree) continue;
      yield* diffEntries(objects, oldTree ?? [], newTree ?? [], Buffer.concat([path, SLASH]), depth + 1);
    }
  }
}

/** The merge of two trees, less what is equal. A file and a directory of the same name are no pair. */
function* differingPairs(oldEntries: readonly TreeEntry[], newEntries: readonly TreeEntry[]): Generator<EntryPair> {
  let [oldIndex, newIndex] = [0, 0];
  while (oldIndex < oldEntries.length || newIndex < newEntries.length) {
    const [old, other] = [oldEntries[oldIndex], newEntries[newIndex]];
    const order = old && other ? compareTreeEntries(old, other) : old ? -1 : 1;
    if (order <= 0) oldIndex++;
    if (order >= 0) newIndex++;
    if (order !== 0) yield { old: order < 0 ? old : undefined, new: order > 0 ? other : undefined };
    else if (old?.id !== other?.id || sideOf(old)?.mode !== sideOf(other)?.mode) yield { old, new: other };
  }
}

function* diffFile(pair: EntryPair, path: Uint8Array): Generator<TreeChange> {
  const [old, other] = [fileSideOf(pair.old), fileSideOf(pair.new)];
  if (old && other) yield { kind: 'modified', path, old, new: other };
  else if (old) yield { kind: 'removed', path, old };
  else if (other) yield { kind: 'added', path, new: other };
}

function isTree(entry: TreeEntry): boolean {
  return entryKindOf(entry.mode) === 'tree';
}

function subtreeIds(pair: EntryPair): (ObjectId | undefined)[] {
  return [pair.old, pair.new].map((entry) => (entry && isTree(entry) ? entry.id : undefined));
}

function sideOf(entry: TreeEntry | undefined): TreeSide | undefined {
  return entry && { mode: FILE_MODE[entryKindOf(entry.mode)], id: entry.id };
}

function fileSideOf(entry: TreeEntry | undefined): TreeSide | undefined {
  return entry && isTree(entry) ? undefined : sideOf(entry);
}

async function readTrees(
  objects: ObjectStore,
  ids: readonly (ObjectId | undefined)[],
): Promise<(TreeEntry[] | undefined)[]> {
  const wanted = ids.filter((id) => id !== undefined);
  const trees = (await objects.readMany(wanted)).map((tree) => parseTree(tree.body, objects.format));
  return ids.map((id) => (id === undefined ? undefined : trees.shift()));
}

/**
 * Turns pairs of a removed and an added file with the same content into renames, as `git diff -M100%` does: of several
 * candidates the one with the same base name, else the first. Links and submodules must keep their mode.
 *
 * @param changes in the order of `diffTrees`; renames stand where the new path does
 */
export function pairExactRenames(changes: readonly TreeChange[]): TreeChange[] {
  const sources = removedById(changes);
  const used = new Set<TreeChange>();
  const renamed = changes.map((change) => {
    const source = change.kind === 'added' ? takeSource(change, sources, used) : undefined;
    if (change.kind !== 'added' || !source) return change;
    return { kind: 'renamed', path: change.path, oldPath: source.path, old: source.old, new: change.new } as const;
  });
  return renamed.filter((change) => !used.has(change));
}

type Removed = Extract<TreeChange, { kind: 'removed' }>;
type Added = Extract<TreeChange, { kind: 'added' }>;

function removedById(changes: readonly TreeChange[]): Map<ObjectId, Removed[]> {
  const sources = new Map<ObjectId, Removed[]>();
  for (const change of changes) {
    if (change.kind !== 'removed') continue;
    const sameId = sources.get(change.old.id);
    if (sameId) sameId.push(change);
    else sources.set(change.old.id, [change]);
  }
  return sources;
}

function takeSource(added: Added, sources: Map<ObjectId, Removed[]>, used: Set<TreeChange>): Removed | undefined {
  const candidates = (sources.get(added.new.id) ?? []).filter(
    (source) => !used.has(source) && canRename(source.old.mode, added.new.mode),
  );
  const name = baseName(added.path);
  const source = candidates.find((candidate) => Buffer.compare(baseName(candidate.path), name) === 0) ?? candidates[0];
  if (source) used.add(source);
  return source;
}

function canRename(oldMode: number, newMode: number): boolean {
  return oldMode === newMode || (isFile(oldMode) && isFile(newMode));
}

function isFile(mode: number): boolean {
  return mode === FILE_MODE.file || mode === FILE_MODE.executable;
}

function baseName(path: Uint8Array): Uint8Array {
  return path.subarray(path.lastIndexOf(SLASH[0] as number) + 1);
}
