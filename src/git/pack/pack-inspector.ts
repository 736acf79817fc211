/**
 * Looks once at every object of a pack while its body is at hand: git's rules, what it refers to, and the skeletons of commits. Whether
 * the references lead anywhere is decided when all ids are known (`pack-report.ts`).
 */

import { fromHex } from '#bytes/hex.ts';
import { checkObject } from '../fsck/check-object.ts';
import type { FsckOptions } from '../fsck/finding.ts';
import { FsckGate } from '../fsck/fsck-gate.ts';
import { CommitSkeleton, scanCommit } from '../object/commit.ts';
import type { ObjectFormat } from '../object/object-id.ts';
import { TYPE_NUMBER } from '../object/object-type.ts';
import { parseTag } from '../object/tag.ts';
import { IdTable } from '../walk/id-table.ts';
import { type CommitRecordArrays, CommitRecords } from './commit-records.ts';
import { EXPECT_COMMIT, EXPECT_TREE, type ReferenceTable } from './reference-table.ts';
import { TreeInspector } from './tree-inspector.ts';

/** What a part of a pack's objects amounts to, in arrays that can move from thread to thread. */
export interface Inspection {
  /** Ids referred to, each once, and what is expected of each (`reference-table.ts`). */
  readonly referenceIds: Uint8Array;
  readonly referenceNotes: Uint8Array;
  /** Trees with the references that they make to others: `tree-nesting.ts`. */
  readonly nesting: Int32Array;
  readonly commits: CommitRecordArrays;
  readonly notices: readonly string[];
}

export class PackInspector {
  readonly #format: ObjectFormat;
  readonly #gate: FsckGate;
  readonly #references: ReferenceTable;
  readonly #commits: CommitRecords;
  readonly #skeleton = new CommitSkeleton();
  readonly trees: TreeInspector;

  /**
   * @param treeEntriesMax entries of one tree
   * @param settleIds called before the id of an object is read
   */
  constructor(format: ObjectFormat, fsck: FsckOptions, treeEntriesMax?: number, settleIds?: () => void) {
    this.#format = format;
    this.#gate = new FsckGate(format, fsck, settleIds);
    this.#references = new IdTable(format);
    this.#commits = new CommitRecords(format);
    this.trees = new TreeInspector(format, this.#gate, this.#references, treeEntriesMax);
  }

  /**
   * @param typeNumber 1 to 4; a tree that is a delta goes to `trees.inspectDelta` instead
   * @throws {FsckError}
   * @throws {CorruptObjectError}
   */
  inspect(
    entry: number,
    typeNumber: number,
    buffer: Uint8Array,
    bodyStart: number,
    sizeBytes: number,
    ids: Uint8Array,
    idStart: number,
  ): void {
    if (typeNumber === TYPE_NUMBER.tree) {
      this.trees.entry = entry;
      this.trees.inspectWhole(buffer, bodyStart, sizeBytes, ids, idStart);
    } else if (typeNumber === TYPE_NUMBER.commit) {
      this.#inspectCommit(entry, buffer.subarray(bodyStart, bodyStart + sizeBytes), ids, idStart);
    } else if (typeNumber === TYPE_NUMBER.tag) {
      this.#inspectTag(buffer.subarray(bodyStart, bodyStart + sizeBytes), ids, idStart);
    }
  }

  result(): Inspection {
    return {
      referenceIds: this.#references.ids.slice(),
      referenceNotes: this.#references.notes.slice(),
      nesting: this.trees.nesting.toArray(),
      commits: this.#commits.toArrays(),
      notices: this.#gate.notices,
    };
  }

  #inspectCommit(entry: number, body: Uint8Array, ids: Uint8Array, idStart: number): void {
    this.#gate.judgeFindings(
      'commit',
      checkObject('commit', body, this.#format, this.#gate.options).findings,
      ids,
      idStart,
    );
    scanCommit(body, this.#format, this.#skeleton);
    this.#commits.add(entry, body, this.#skeleton);
    const tree = this.#commits.lastTree;
    this.#references.mark(tree.ids, tree.start, EXPECT_TREE);
    const parents = this.#commits.lastParents;
    for (let index = 0; index < parents.count; index++) {
      this.#references.mark(parents.ids, parents.start + index * this.#format.idBytes, EXPECT_COMMIT);
    }
  }

  #inspectTag(body: Uint8Array, ids: Uint8Array, idStart: number): void {
    this.#gate.judgeFindings('tag', checkObject('tag', body, this.#format, this.#gate.options).findings, ids, idStart);
    const tag = parseTag(body, this.#format);
    this.#references.mark(fromHex(tag.targetId), 0, 1 << TYPE_NUMBER[tag.targetType]);
  }
}
