/** A commit and what it changed against its first parent, within the bounds of a page. */
import { decodeLenient } from '#bytes/utf8.ts';
import { type FilePatch, makePatch } from '#git/diff/patch.ts';
import { diffTrees, pairExactRenames, type TreeChange, type TreeSide } from '#git/diff/tree-diff.ts';
import { type Commit, parseCommit } from '#git/object/commit.ts';
import { isGitlinkMode } from '#git/object/file-mode.ts';
import type { ObjectId } from '#git/object/object-id.ts';
import type { ObjectStore } from '#git/object-store.ts';
import { limits } from '#limits.ts';

export interface CommitDetail {
  readonly id: ObjectId;
  readonly commit: Commit;
  readonly diff: ChangedFiles;
}

export interface ChangedFiles {
  /** In the order of their paths. */
  readonly files: readonly ChangedFile[];
  /** More files changed than are listed. */
  readonly isCutShort: boolean;
  /** Lines of the files that are shown. */
  readonly addedCount: number;
  readonly removedCount: number;
}

export interface ChangedFile {
  readonly kind: TreeChange['kind'];
  readonly path: string;
  /** Where a renamed file was. */
  readonly oldPath: string | undefined;
  readonly old: TreeSide | undefined;
  readonly new: TreeSide | undefined;
  readonly content: ChangedContent;
}

export type ChangedContent =
  | FilePatch
  /** Mode or path alone. */
  | { readonly kind: 'unchanged' }
  /** Commits of another repository; undefined where there was, or is, a file or nothing. */
  | { readonly kind: 'submodule'; readonly oldId: ObjectId | undefined; readonly newId: ObjectId | undefined }
  /** A side is beyond the size that is compared. */
  | { readonly kind: 'too-large' }
  /** The files before used up the lines of a page. */
  | { readonly kind: 'not-shown' };

export interface DiffLimits {
  readonly filesMax: number;
  readonly linesMax: number;
  readonly blobMaxBytes: number;
}

const PAGE_LIMITS: DiffLimits = {
  filesMax: limits.diffFilesMax,
  linesMax: limits.diffLinesMax,
  blobMaxBytes: limits.blobPageMaxBytes,
};

/** @param id of a commit @throws {MissingObjectError} */
export async function readCommitDetail(
  objects: ObjectStore,
  id: ObjectId,
  diffLimits: DiffLimits = PAGE_LIMITS,
): Promise<CommitDetail> {
  const commit = await readCommit(objects, id);
  const [parentId] = commit.parentIds;
  const parent = parentId === undefined ? undefined : await readCommit(objects, parentId);
  return { id, commit, diff: await compareTrees(objects, parent?.treeId, commit.treeId, diffLimits) };
}

async function readCommit(objects: ObjectStore, id: ObjectId): Promise<Commit> {
  return parseCommit((await objects.read(id)).body, objects.format);
}

/** @param oldTreeId undefined for no tree */
export async function compareTrees(
  objects: ObjectStore,
  oldTreeId: ObjectId | undefined,
  newTreeId: ObjectId,
  diffLimits: DiffLimits = PAGE_LIMITS,
): Promise<ChangedFiles> {
  const { changes, isCutShort } = await collectChanges(diffTrees(objects, oldTreeId, newTreeId), diffLimits.filesMax);
  const comparer = new ContentComparer(objects, diffLimits);
  const files: ChangedFile[] = [];
  for (const change of changes) files.push(await changedFile(change, comparer));
  return { files, isCutShort, addedCount: comparer.addedCount, removedCount: comparer.removedCount };
}

async function collectChanges(
  source: AsyncIterable<TreeChange>,
  filesMax: number,
): Promise<{ changes: TreeChange[]; isCutShort: boolean }> {
  const changes: TreeChange[] = [];
  for await (const change of source) {
    if (changes.length === filesMax) return { changes: pairExactRenames(changes), isCutShort: true };
    changes.push(change);
  }
  return { changes: pairExactRenames(changes), isCutShort: false };
}

async function changedFile(change: TreeChange, comparer: ContentComparer): Promise<ChangedFile> {
  const old = change.kind === 'added' ? undefined : change.old;
  const other = change.kind === 'removed' ? undefined : change.new;
  return {
    kind: change.kind,
    path: decodeLenient(change.path),
    oldPath: change.kind === 'renamed' ? decodeLenient(change.oldPath) : undefined,
    old,
    new: other,
    content: await comparer.compare(old, other),
  };
}

/** Compares file after file until the lines of a page are used up. */
class ContentComparer {
  addedCount = 0;
  removedCount = 0;
  readonly #objects: ObjectStore;
  readonly #limits: DiffLimits;
  #linesLeft: number;

  constructor(objects: ObjectStore, diffLimits: DiffLimits) {
    this.#objects = objects;
    this.#limits = diffLimits;
    this.#linesLeft = diffLimits.linesMax;
  }

  async compare(old: TreeSide | undefined, other: TreeSide | undefined): Promise<ChangedContent> {
    if (isSubmodule(old) || isSubmodule(other)) return submoduleChange(old, other);
    if (old?.id === other?.id) return { kind: 'unchanged' };
    if (this.#linesLeft <= 0) return { kind: 'not-shown' };
    const [oldBytes, newBytes] = [await this.#read(old), await this.#read(other)];
    if (!oldBytes || !newBytes) return { kind: 'too-large' };
    return this.#admit(makePatch(oldBytes, newBytes));
  }

  /** undefined when it is beyond the bound */
  async #read(side: TreeSide | undefined): Promise<Uint8Array | undefined> {
    if (!side) return new Uint8Array(0);
    const header = await this.#objects.header(side.id);
    if (header && header.sizeBytes > this.#limits.blobMaxBytes) return undefined;
    return (await this.#objects.read(side.id)).body;
  }

  #admit(patch: FilePatch): ChangedContent {
    if (patch.kind === 'binary') return patch;
    const lineCount = patch.hunks.reduce((sum, hunk) => sum + hunk.lines.length, 0);
    if (lineCount > this.#linesLeft) {
      // What follows may be smaller and still fit, but a page without gaps reads better.
      this.#linesLeft = 0;
      return { kind: 'not-shown' };
    }
    this.#linesLeft -= lineCount;
    this.addedCount += patch.addedCount;
    this.removedCount += patch.removedCount;
    return patch;
  }
}

function isSubmodule(side: TreeSide | undefined): boolean {
  return side !== undefined && isGitlinkMode(side.mode);
}

function submoduleChange(old: TreeSide | undefined, other: TreeSide | undefined): ChangedContent {
  const idOf = (side: TreeSide | undefined) => (isSubmodule(side) ? side?.id : undefined);
  return { kind: 'submodule', oldId: idOf(old), newId: idOf(other) };
}
