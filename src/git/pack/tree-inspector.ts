/**
 * Checks trees and gathers what they refer to, at the cost of what changed.
 *
 * A repository's trees inflate to gigabytes, and nearly all of it repeats: git.git has some hundred million tree entries, of
 * which the deltas between trees insert a few million. So a tree made by a delta is not parsed again where the delta copies whole entries
 * of its base, a tree that was checked already: those entries have the same names, modes and ids, and stand in the same order. What is
 * parsed and checked is what the delta inserts, the entries that a copy cuts in two, and the order at the seams.
 */
import { limits } from '#limits.ts';
import { CorruptObjectError, LimitExceededError } from '../errors.ts';
import type { FsckGate } from '../fsck/fsck-gate.ts';
import { checkTreeEntry, reportTreeFacts, TREE_FACT } from '../fsck/tree-entry.ts';
import { TreeOrder } from '../fsck/tree-order.ts';
import { isGitlinkMode, isTreeMode } from '../object/file-mode.ts';
import type { ObjectFormat } from '../object/object-id.ts';
import { DeltaInstructions } from './delta.ts';
import { EXPECT_BLOB, EXPECT_TREE, IS_GITATTRIBUTES, IS_GITMODULES, type ReferenceTable } from './reference-table.ts';
import { TreeNesting } from './tree-nesting.ts';

const SPACE = 0x20;
const DIGIT_ZERO = 0x30;
const SLASH = 0x2f;

/** Where the entries of a tree begin, relative to its body; one more, for its end. */
export class TreeBoundaries {
  starts = new Int32Array(64);
  /** Number of entries. */
  count = 0;

  clear(): void {
    this.count = 0;
  }

  /** Adds the beginning of an entry; `close` adds the end of the last one. */
  push(start: number): void {
    if (this.count + 1 >= this.starts.length) this.#reserve(this.count + 2);
    this.starts[this.count++] = start;
  }

  close(end: number): void {
    this.starts[this.count] = end;
  }

  /** Adds entries `[from, to)` of another tree, `shift` bytes further on. */
  pushCopied(source: TreeBoundaries, from: number, to: number, shift: number): void {
    this.#reserve(this.count + (to - from) + 1);
    const { starts } = this;
    let at = this.count;
    for (let index = from; index < to; index++) starts[at++] = (source.starts[index] as number) + shift;
    this.count = at;
  }

  /** Index of the entry that begins at `start`; `count` for the end; -1 when nothing begins there. */
  indexOf(start: number): number {
    const index = this.lastNotAfter(start);
    return this.starts[index] === start ? index : -1;
  }

  /** Index of the last boundary at or before `position`, the end counting as one. */
  lastNotAfter(position: number): number {
    let low = 0;
    let high = this.count;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.starts[middle] as number) <= position) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #reserve(capacity: number): void {
    if (capacity <= this.starts.length) return;
    const grown = new Int32Array(Math.max(capacity, this.starts.length * 2));
    grown.set(this.starts.subarray(0, this.count));
    this.starts = grown;
  }
}

export class TreeInspector {
  readonly #format: ObjectFormat;
  readonly #gate: FsckGate;
  readonly #references: ReferenceTable;
  readonly #entriesMax: number;
  readonly #scratch = new TreeBoundaries();
  readonly nesting = new TreeNesting();
  /** Of the tree that is inspected next. */
  entry = 0;

  /** The entry that `#readEntry` read. */
  #mode = 0;
  #nameStart = 0;
  #nameEnd = 0;

  /** What was found in the tree under way: bits of TREE_FACT. */
  #facts = 0;
  #isUnsorted = false;
  #hasDuplicates = false;
  #mayHaveDistantDuplicates = false;

  constructor(
    format: ObjectFormat,
    gate: FsckGate,
    references: ReferenceTable,
    entriesMax: number = limits.treeEntriesMax,
  ) {
    this.#entriesMax = entriesMax;
    this.#format = format;
    this.#gate = gate;
    this.#references = references;
  }

  /** Finds the entries of a tree that was inspected before. */
  scan(buffer: Uint8Array, bodyStart: number, sizeBytes: number, into: TreeBoundaries): void {
    into.clear();
    const end = bodyStart + sizeBytes;
    for (let at = bodyStart; at < end; at = this.#readEntry(buffer, at, end)) into.push(at - bodyStart);
    into.close(sizeBytes);
  }

  /**
   * Inspects a tree from its first to its last entry.
   *
   * @throws {FsckError} a finding that refuses the push, such as entries that cannot be told apart
   * @throws {CorruptObjectError} the latter, when settings let it pass
   * @throws {LimitExceededError} more entries than a tree may have
   */
  inspectWhole(buffer: Uint8Array, bodyStart: number, sizeBytes: number, ids: Uint8Array, idStart: number): void {
    this.#begin();
    const boundaries = this.#scratch;
    boundaries.clear();
    const end = bodyStart + sizeBytes;
    try {
      for (let at = bodyStart; at < end; ) {
        boundaries.push(at - bodyStart);
        at = this.#inspectEntry(buffer, at, end);
      }
    } catch (error) {
      throw this.#named(error, ids, idStart);
    }
    boundaries.close(sizeBytes);
    for (let index = 1; index < boundaries.count; index++) this.#checkSeam(buffer, bodyStart, boundaries, index);
    this.#judge(buffer, bodyStart, boundaries, ids, idStart);
  }

  /**
   * Inspects a tree that the instructions `delta[start, end)` made from a base that was inspected before.
   *
   * @param into receives where the entries begin
   */
  inspectDelta(
    base: TreeBoundaries,
    delta: Uint8Array,
    start: number,
    end: number,
    buffer: Uint8Array,
    bodyStart: number,
    sizeBytes: number,
    into: TreeBoundaries,
    ids: Uint8Array,
    idStart: number,
  ): void {
    this.#begin();
    into.clear();
    const instructions = new DeltaInstructions(delta, start, end);
    /** Where the bytes of the current instruction lie in the result. */
    let stepStart = 0;
    let stepEnd = 0;
    let at = 0;
    while (at < sizeBytes) {
      while (at >= stepEnd) {
        if (!instructions.next()) throw new CorruptObjectError('inspect tree: the delta ends before its result');
        stepStart = stepEnd;
        stepEnd += instructions.sizeBytes;
      }
      const copied = instructions.baseOffset >= 0 ? base.indexOf(at - stepStart + instructions.baseOffset) : -1;
      if (copied >= 0) {
        const last = base.lastNotAfter(stepEnd - stepStart + instructions.baseOffset);
        if (last > copied) {
          const first = into.count;
          into.pushCopied(base, copied, last, stepStart - instructions.baseOffset);
          at = (base.starts[last] as number) + stepStart - instructions.baseOffset;
          into.close(at);
          if (first > 0) this.#checkSeam(buffer, bodyStart, into, first);
          continue;
        }
      }
      into.push(at);
      try {
        at = this.#inspectEntry(buffer, bodyStart + at, bodyStart + sizeBytes) - bodyStart;
      } catch (error) {
        throw this.#named(error, ids, idStart);
      }
      into.close(at);
      if (into.count > 1) this.#checkSeam(buffer, bodyStart, into, into.count - 1);
    }
    into.close(sizeBytes);
    this.#judge(buffer, bodyStart, into, ids, idStart);
  }

  /** Entries that cannot be told apart are a finding too; one that is let pass leaves a tree that nothing can read. */
  #named(error: unknown, ids: Uint8Array, idStart: number): unknown {
    if (!(error instanceof CorruptObjectError)) return error;
    try {
      this.#gate.judge('tree', ids, idStart, (report) => void report.add('badTree', 'cannot be parsed as a tree'));
    } catch (finding) {
      return finding;
    }
    return error;
  }

  #begin(): void {
    this.#facts = 0;
    this.#isUnsorted = false;
    this.#hasDuplicates = false;
    this.#mayHaveDistantDuplicates = false;
  }

  /** Reads and checks one entry, and notes what it refers to. @returns where the next one begins */
  #inspectEntry(buffer: Uint8Array, at: number, end: number): number {
    const { idBytes } = this.#format;
    const next = this.#readEntry(buffer, at, end);
    const idStart = next - idBytes;
    const facts = checkTreeEntry(buffer, at, this.#nameStart, this.#nameEnd, this.#mode, idBytes);
    this.#facts |= facts;
    if (isTreeMode(this.#mode)) this.nesting.add(this.entry, this.#references.mark(buffer, idStart, EXPECT_TREE));
    else if (!isGitlinkMode(this.#mode)) this.#references.mark(buffer, idStart, EXPECT_BLOB | contentRules(facts));
    return next;
  }

  #judge(buffer: Uint8Array, bodyStart: number, boundaries: TreeBoundaries, ids: Uint8Array, idStart: number): void {
    if (boundaries.count > this.#entriesMax) {
      throw new LimitExceededError(`tree has ${boundaries.count} entries, more than the ${this.#entriesMax} allowed`);
    }
    if (this.#mayHaveDistantDuplicates && !this.#hasDuplicates) {
      this.#hasDuplicates = this.#findDistantDuplicate(buffer, bodyStart, boundaries);
    }
    if (this.#facts === 0 && !this.#hasDuplicates && !this.#isUnsorted) return;
    this.#gate.judge('tree', ids, idStart, (report) => {
      reportTreeFacts(this.#facts, report);
      if (this.#hasDuplicates) report.add('duplicateEntries', 'contains duplicate file entries');
      if (this.#isUnsorted) report.add('treeNotSorted', 'not properly sorted');
    });
  }

  #findDistantDuplicate(buffer: Uint8Array, bodyStart: number, { starts, count }: TreeBoundaries): boolean {
    const order = new TreeOrder(buffer);
    for (let index = 0; index < count; index++) {
      this.#readEntry(buffer, bodyStart + (starts[index] as number), bodyStart + (starts[index + 1] as number));
      if (order.add(this.#nameStart, this.#nameEnd, this.#mode) === 'duplicate') return true;
    }
    return false;
  }

  /**
   * Reads the entry at `at`: octal mode, space, name, NUL, id — gitformat-pack(5) leaves it to git-mktree(1) and `tree-walk.c`.
   *
   * @returns where the next one begins
   */
  #readEntry(buffer: Uint8Array, at: number, end: number): number {
    let mode = 0;
    let position = at;
    let byte = buffer[position++] as number;
    while (byte !== SPACE) {
      if (byte < DIGIT_ZERO || byte > DIGIT_ZERO + 7 || position >= end || mode > 0o177777) throw badTree();
      mode = mode * 8 + byte - DIGIT_ZERO;
      byte = buffer[position++] as number;
    }
    const nameStart = position;
    while (position < end && buffer[position] !== 0) position++;
    const next = position + 1 + this.#format.idBytes;
    const isModeEmpty = nameStart - at < 2;
    if (next > end || isModeEmpty || position === nameStart) throw badTree();
    this.#mode = mode;
    this.#nameStart = nameStart;
    this.#nameEnd = position;
    return next;
  }

  /** Checks that entry `index` may follow the one before it. */
  #checkSeam(buffer: Uint8Array, bodyStart: number, boundaries: TreeBoundaries, index: number): void {
    const { starts } = boundaries;
    const previous = bodyStart + (starts[index - 1] as number);
    const current = bodyStart + (starts[index] as number);
    const end = bodyStart + (starts[index + 1] as number);
    this.#readEntry(buffer, previous, current);
    const previousMode = this.#mode;
    const previousStart = this.#nameStart;
    const previousEnd = this.#nameEnd;
    this.#readEntry(buffer, current, end);
    let a = previousStart;
    let b = this.#nameStart;
    while (a < previousEnd && b < this.#nameEnd && buffer[a] === buffer[b]) {
      a++;
      b++;
    }
    if (a === previousEnd && b === this.#nameEnd) {
      this.#hasDuplicates = true;
      return;
    }
    const previousByte = byteOrEnd(buffer, a, previousEnd, previousMode);
    const currentByte = byteOrEnd(buffer, b, this.#nameEnd, this.#mode);
    if (previousByte > currentByte) this.#isUnsorted = true;
    // Names like "a", "a.c", "a/": the file and the directory "a" are no neighbours, but duplicates all the same.
    const shorterEnds = a === previousEnd || b === this.#nameEnd;
    const longerGoesOn = (a === previousEnd ? buffer[b] : buffer[a]) as number;
    if (shorterEnds && longerGoesOn < SLASH) this.#mayHaveDistantDuplicates = true;
  }
}

function contentRules(facts: number): number {
  if (facts === 0) return 0;
  return (
    (facts & TREE_FACT.namesGitmodules ? IS_GITMODULES : 0) |
    (facts & TREE_FACT.namesGitattributes ? IS_GITATTRIBUTES : 0)
  );
}

/** Directories sort as if their names ended in a slash. */
function byteOrEnd(buffer: Uint8Array, at: number, end: number, mode: number): number {
  if (at < end) return buffer[at] as number;
  return isTreeMode(mode) ? SLASH : 0;
}

function badTree(): CorruptObjectError {
  return new CorruptObjectError('inspect tree: an entry is not mode, space, name, NUL, id');
}
