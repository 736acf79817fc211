/** Paths below a tree, and directories as pages list them. */
import { type EntryKind, entryKindOf } from '#git/object/file-mode.ts';
import type { ObjectId } from '#git/object/object-id.ts';
import { parseTree, type TreeEntry } from '#git/object/tree.ts';
import type { ObjectStore } from '#git/object-store.ts';
import { limits } from '#limits.ts';

export interface ListedEntry {
  readonly kind: EntryKind;
  readonly name: string;
  readonly nameBytes: Uint8Array;
  /** Of a submodule: the commit that is checked out there, in another repository. */
  readonly id: ObjectId;
  readonly mode: number;
}

export type PathOutcome =
  | { readonly kind: 'directory'; readonly treeId: ObjectId }
  | { readonly kind: 'entry'; readonly entry: ListedEntry }
  /** `existingPath` is how far the path leads. */
  | { readonly kind: 'not-found'; readonly existingPath: string };

/** @param path without slashes at either end; empty for the tree itself */
export async function findPath(objects: ObjectStore, rootTreeId: ObjectId, path: string): Promise<PathOutcome> {
  let treeId = rootTreeId;
  const parts = path === '' ? [] : path.split('/');
  for (const [depth, part] of parts.entries()) {
    const { body } = await objects.read(treeId);
    const entry = findByText(parseTree(body, objects.format), part);
    if (!entry) return { kind: 'not-found', existingPath: parts.slice(0, depth).join('/') };
    const listed = listedEntry(entry);
    const isLast = depth === parts.length - 1;
    if (listed.kind !== 'tree') {
      return isLast
        ? { kind: 'entry', entry: listed }
        : { kind: 'not-found', existingPath: parts.slice(0, depth + 1).join('/') };
    }
    treeId = listed.id;
  }
  return { kind: 'directory', treeId };
}

/** A name that is not UTF-8 is found by the text that stands for it in links. */
function findByText(entries: readonly TreeEntry[], name: string): TreeEntry | undefined {
  const bytes = Buffer.from(name);
  return (
    entries.find((entry) => Buffer.compare(entry.nameBytes, bytes) === 0) ??
    entries.find((entry) => entry.name === name)
  );
}

function listedEntry({ mode, name, nameBytes, id }: TreeEntry): ListedEntry {
  return { kind: entryKindOf(mode), name, nameBytes, id, mode };
}

export interface TreeListing {
  /** Directories and submodules first, then the rest; each by name. */
  readonly entries: readonly ListedEntry[];
  /** Entries that there are; more than `entries` when the listing was cut. */
  readonly totalCount: number;
  /** The file to show below the listing. */
  readonly readme: ListedEntry | undefined;
}

export async function listTree(
  objects: ObjectStore,
  treeId: ObjectId,
  entriesMax: number = limits.treePageEntriesMax,
): Promise<TreeListing> {
  const { body } = await objects.read(treeId);
  const all = parseTree(body, objects.format).map(listedEntry);
  const sorted = [...all.filter(isDirectoryLike), ...all.filter((entry) => !isDirectoryLike(entry))];
  return { entries: sorted.slice(0, entriesMax), totalCount: all.length, readme: findReadme(all) };
}

function isDirectoryLike(entry: ListedEntry): boolean {
  return entry.kind === 'tree' || entry.kind === 'gitlink';
}

/** Endings in the order of preference; any other is the last choice. */
const README_ENDINGS = ['.md', '.markdown', '.rst', '.adoc', '.txt', ''];
const README_NAME = /^readme(?<ending>\.[a-z]+)?$/i;

function findReadme(entries: readonly ListedEntry[]): ListedEntry | undefined {
  const ranked = entries.flatMap((entry) => {
    const match = entry.kind === 'tree' || entry.kind === 'gitlink' ? undefined : README_NAME.exec(entry.name);
    if (!match) return [];
    const rank = README_ENDINGS.indexOf((match.groups?.['ending'] ?? '').toLowerCase());
    return [{ entry, rank: rank < 0 ? README_ENDINGS.length : rank }];
  });
  return ranked.sort((a, b) => a.rank - b.rank)[0]?.entry;
}
