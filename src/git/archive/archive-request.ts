/** What an archive is made of, and the entries of which every format makes one — git-archive(1). */
import type { ObjectId } from '../object/object-id.ts';
import type { ObjectStore } from '../object-store.ts';
import type { Pathspec } from '../path/pathspec.ts';
import type { ExportSubstitution } from './export-subst.ts';

export interface ArchiveRequest {
  readonly objects: ObjectStore;
  readonly treeId: ObjectId;
  /** Undefined for a tree that no commit was named for: such an archive does not say where it comes from. */
  readonly commitId: ObjectId | undefined;
  /** Fills in `$Format:…$` where attributes ask for it. Undefined for a tree that no commit was named for. */
  readonly substitution: ExportSubstitution | undefined;
  /** Modification time of all entries. */
  readonly timeSeconds: number;
  /** In front of every path, as a byte string; its slash is its own. */
  readonly prefix: string;
  readonly pathspec: Pathspec;
  /** Whether `.gitattributes` of the tree decide what is left out and converted. */
  readonly attributes: 'of-tree' | 'ignored';
  readonly treeDepthMax: number;
  /** Told each entry before its bytes. */
  readonly onEntry?: (entry: ArchiveEntry) => void;
  readonly signal: AbortSignal;
}

interface NamedEntry {
  /** With the prefix; a folder's ends in a slash. */
  readonly path: Uint8Array;
  readonly id: ObjectId;
}

/** A folder, or a submodule, of which there is nothing but an empty folder. */
export interface FolderEntry extends NamedEntry {
  readonly kind: 'folder';
}

export interface LinkEntry extends NamedEntry {
  readonly kind: 'link';
  readonly target: Uint8Array;
  readonly binary: boolean | undefined;
}

export interface FileEntry extends NamedEntry {
  readonly kind: 'file';
  readonly executable: boolean;
  readonly sizeBytes: number;
  /** What the attribute `diff` says: whether it is a binary file; undefined leaves it to the content. */
  readonly binary: boolean | undefined;
  /** Whole, or to be read once. */
  readonly body: Uint8Array | (() => AsyncIterable<Uint8Array>);
  /** What its reader should know of it. */
  readonly warning?: string;
}

export type ArchiveEntry = FolderEntry | LinkEntry | FileEntry;
