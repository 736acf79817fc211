/** The rules for whole trees — git-fsck(1), "FSCK MESSAGES"; fsck_tree() of git. */
import { CorruptObjectError } from '../errors.ts';
import type { ObjectFormat } from '../object/object-id.ts';
import { TreeReader } from '../object/tree.ts';
import type { FsckReport } from './finding.ts';
import { checkTreeEntry, reportTreeFacts, TREE_FACT } from './tree-entry.ts';
import { TreeOrder } from './tree-order.ts';

/** A blob whose name gives it rules: it must be there, be a blob, and be checked. */
export interface NamedBlob {
  readonly name: 'gitmodules' | 'gitattributes';
  /** Offset of its id in the tree's body. */
  readonly idStart: number;
}

/** @returns the blobs that have rules of their own */
export function checkTree(body: Uint8Array, format: ObjectFormat, report: FsckReport): NamedBlob[] {
  const namedBlobs: NamedBlob[] = [];
  const reader = new TreeReader(body, format);
  const order = new TreeOrder(body);
  let facts = 0;
  let hasDuplicates = false;
  let isUnsorted = false;
  try {
    while (reader.next()) {
      const { entryStart, nameStart, nameEnd, mode, idStart } = reader;
      const entryFacts = checkTreeEntry(body, entryStart, nameStart, nameEnd, mode, format.idBytes);
      if (entryFacts !== 0) namedBlobs.push(...namedBlobsOf(entryFacts, idStart));
      facts |= entryFacts;
      const verdict = order.add(nameStart, nameEnd, mode);
      hasDuplicates ||= verdict === 'duplicate';
      isUnsorted ||= verdict === 'not-sorted';
    }
  } catch (error) {
    if (!(error instanceof CorruptObjectError)) throw error;
    report.add('badTree', `cannot be parsed as a tree: ${error.message}`);
  }
  reportTreeFacts(facts, report);
  if (hasDuplicates) report.add('duplicateEntries', 'contains duplicate file entries');
  if (isUnsorted) report.add('treeNotSorted', 'not properly sorted');
  return namedBlobs;
}

/** @param facts of one entry */
export function namedBlobsOf(facts: number, idStart: number): NamedBlob[] {
  const blobs: NamedBlob[] = [];
  if (facts & TREE_FACT.namesGitmodules) blobs.push({ name: 'gitmodules', idStart });
  if (facts & TREE_FACT.namesGitattributes) blobs.push({ name: 'gitattributes', idStart });
  return blobs;
}
