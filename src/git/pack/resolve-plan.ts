/**
 * Cuts the second pass over a pack into batches: families in the order of the pack, each batch small enough that what it needs from
 * storage fits in memory. Reading back family by family costs a fraction of reading back delta by delta, whose bases lie anywhere.
 */
import { type DeltaFamilies, visitFamily } from './delta-families.ts';
import { type EntryTable, NO_BASE } from './entry-table.ts';

export interface PackRange {
  readonly offset: number;
  readonly lengthBytes: number;
}

export interface ResolveBatch {
  /** Entries stored whole that have deltas on them. */
  readonly roots: Int32Array;
  /** What must be read back, in order. */
  readonly ranges: readonly PackRange[];
}

export interface ResolvePlanOptions {
  /** Bytes from the beginning of the pack that are in memory. */
  retainedBytes: number;
  /** Compressed bytes of a batch, so that threads can share the work. */
  batchBytes: number;
  /** Gaps up to this size are read along with what lies around them. */
  gapMaxBytes: number;
  rangeMaxBytes: number;
}

export function planBatches(table: EntryTable, families: DeltaFamilies, options: ResolvePlanOptions): ResolveBatch[] {
  const batches: ResolveBatch[] = [];
  let roots: number[] = [];
  let entries: number[] = [];
  let bytes = 0;
  const close = () => {
    if (roots.length > 0) batches.push({ roots: Int32Array.from(roots), ranges: rangesOf(table, entries, options) });
    roots = [];
    entries = [];
    bytes = 0;
  };
  for (let root = 0; root < table.count; root++) {
    if (table.base[root] !== NO_BASE || (families.firstChild[root] as number) < 0) continue;
    roots.push(root);
    visitFamily(families, root, (entry) => {
      bytes += entryBytes(table, entry);
      if ((table.offset[entry + 1] as number) > options.retainedBytes) entries.push(entry);
    });
    if (bytes >= options.batchBytes) close();
  }
  close();
  return batches;
}

/** The pieces of the pack that hold the given entries, as few as the options allow. */
export function rangesOf(
  table: EntryTable,
  entries: readonly number[],
  options: Pick<ResolvePlanOptions, 'gapMaxBytes' | 'rangeMaxBytes'>,
): PackRange[] {
  const ranges: PackRange[] = [];
  let start = -1;
  let end = -1;
  for (const entry of [...entries].sort((a, b) => a - b)) {
    const entryStart = table.offset[entry] as number;
    const entryEnd = table.offset[entry + 1] as number;
    const joins = start >= 0 && entryStart - end <= options.gapMaxBytes && entryEnd - start <= options.rangeMaxBytes;
    if (!joins) {
      if (start >= 0) ranges.push({ offset: start, lengthBytes: end - start });
      start = entryStart;
    }
    end = entryEnd;
  }
  if (start >= 0) ranges.push({ offset: start, lengthBytes: end - start });
  return ranges;
}

function entryBytes(table: EntryTable, entry: number): number {
  return (table.offset[entry + 1] as number) - (table.offset[entry] as number);
}
