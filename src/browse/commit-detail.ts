/** A commit and what it changed against its first parent, within the bounds of a page. */
import { decodeLenient } from '#bytes/utf8.ts';
import type { FilePatch } from '#git/diff/patch.ts';
import { diffTrees, pairExactRenames, type TreeChange, type TreeSide } from '#git/diff/tree-diff.ts';
import { type Commit, parseCommit } from '#git/object/commit.ts';
import { isGitlinkMode } from '#git/object/file-mode.ts';
import type { ObjectId } from '#git/object/object-id.ts';
import type { ObjectStore } from '#git/object-store.ts';
import { limits } from '#limits.ts';
import { comparePatch } from './patch-threads.ts';
import { TimeSlice } from './time-slice.ts';

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
  /** A side is beyond the size that is compared, or comparing them takes too long. */
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

/** Files whose contents are read in one go. */
const FILES_PER_READ = 16;

/** @param oldTreeId undefined for no tree */
export async function compareTrees(
  objects: ObjectStore,
  oldTreeId: ObjectId | undefined,
  newTreeId: ObjectId,
  diffLimits: DiffLimits = PAGE_LIMITS,
): Promise<ChangedFiles> {
  const { changes, isCutShort } = await collectChanges(diffTrees(objects, oldTreeId, newTreeId), diffLimits.filesMax);
  const comparer = new ContentComparer(diffLimits.linesMax);
  const slice = new TimeSlice();
  const files: ChangedFile[] = [];
  for (let start = 0; start < changes.length; start += FILES_PER_READ) {
    const batch = changes.slice(start, start + FILES_PER_READ).map(withSides);
    const contents = comparer.isExhausted ? new Map() : await readContents(objects, batch, diffLimits.blobMaxBytes);
    for (const change of batch) {
      files.push(changedFile(change, await comparer.compare(change, contents)));
      await slice.rest();
    }
  }
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

interface TwoSided {
  readonly change: TreeChange;
  readonly old: TreeSide | undefined;
  readonly new: TreeSide | undefined;
}

function withSides(change: TreeChange): TwoSided {
  return {
    change,
    old: change.kind === 'added' ? undefined : change.old,
    new: change.kind === 'removed' ? undefined : change.new,
  };
}

function changedFile({ change, old, new: other }: TwoSided, content: ChangedContent): ChangedFile {
  return {
    kind: change.kind,
    path: decodeLenient(change.path),
    oldPath: change.kind === 'renamed' ? decodeLenient(change.oldPath) : undefined,
    old,
    new: other,
    content,
  };
}

/** @returns the blobs that have to be compared, without those beyond the bound */
async function readContents(
  objects: ObjectStore,
  files: readonly TwoSided[],
  blobMaxBytes: number,
): Promise<Map<ObjectId, Uint8Array>> {
  const compared = files.filter(
    (file) => !isSubmodule(file.old) && !isSubmodule(file.new) && file.old?.id !== file.new?.id,
  );
  const ids = new Set(compared.flatMap((file) => [file.old?.id, file.new?.id]).filter((id) => id !== undefined));
  const headers = await Promise.all([...ids].map((id) => objects.header(id)));
  // What is missing stays in, so that reading it fails with its id.
  const readable = [...ids].filter((_, index) => (headers[index]?.sizeBytes ?? 0) <= blobMaxBytes);
  const bodies = await objects.readMany(readable);
  return new Map(readable.map((id, index) => [id, bodies[index]?.body ?? NO_BYTES]));
}

const NO_BYTES = new Uint8Array(0);

/** Compares file after file until the lines of a page are used up. */
class ContentComparer {
  addedCount = 0;
  removedCount = 0;
  #linesLeft: number;

  constructor(linesMax: number) {
    this.#linesLeft = linesMax;
  }

  get isExhausted(): boolean {
    return this.#linesLeft <= 0;
  }

  /** @param contents by id; a blob that is not among them is too large */
  async compare({ old, new: other }: TwoSided, contents: ReadonlyMap<ObjectId, Uint8Array>): Promise<ChangedContent> {
    if (isSubmodule(old) || isSubmodule(other)) return submoduleChange(old, other);
    if (old?.id === other?.id) return { kind: 'unchanged' };
    if (this.isExhausted) return { kind: 'not-shown' };
    const oldBytes = old ? contents.get(old.id) : NO_BYTES;
    const newBytes = other ? contents.get(other.id) : NO_BYTES;
    if (!oldBytes || !newBytes) return { kind: 'too-large' };
    const patch = await comparePatch({ oldBytes, newBytes, linesMax: this.#linesLeft });
    if (patch.kind === 'too-long') {
      // What follows may be smaller and still fit, but a page without gaps reads better.
      this.#linesLeft = 0;
      return { kind: 'not-shown' };
    }
    if (patch.kind === 'too-costly') return { kind: 'too-large' };
    if (patch.kind === 'binary') return patch;
    this.#linesLeft -= patch.hunks.reduce((sum, hunk) => sum + hunk.lines.length, 0);
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
