/**
 * Entries that one tree has and others do not: the inner loop of every history walk. Equal entries are passed over byte by byte without
 * being parsed, since in nearly all pairs nearly all entries are equal.
 */
import { isTreeMode } from '../object/file-mode.ts';
import type { ObjectFormat } from '../object/object-id.ts';
import { TreeReader } from '../object/tree.ts';

const SLASH = 0x2f;

/** A tree that is compared, once or again and again. */
export interface ComparedTree {
  readonly bytes: Uint8Array;
  /**
   * Where some of its entries begin, ascending: found out by comparing, and worth keeping as long as the bytes, for the next comparison
   * need not look for them. Undefined at first.
   */
  marks: Int32Array | undefined;
}

/**
 * Sees an entry that no other tree has alike.
 *
 * @param counterparts for each other tree where in it the entry of the same name and kind begins, or -1; valid during the call.
 *   Of a file and a folder of one name it may be either.
 */
export type OnNewEntry = (entry: TreeReader, counterparts: Int32Array) => void;

/** Entries of a tree that differ from one other tree. */
interface Changes {
  /** Where they begin, ascending. */
  starts: Int32Array;
  /** Where the entry of the same name begins in the other tree, or -1. */
  counterparts: Int32Array;
  count: number;
}

export class TreeComparer {
  readonly #format: ObjectFormat;
  readonly #runs: EqualRuns;
  /** For each of the other trees; kept for the next comparison. */
  readonly #changes: Changes[] = [];

  constructor(format: ObjectFormat) {
    this.#format = format;
    this.#runs = new EqualRuns(format.idBytes);
  }

  /**
   * Calls `onNew` for each entry of `tree` that none of `others` has with the same name, mode and id. Trees whose entries are out of order may
   * yield more entries than differ, never fewer.
   *
   * @throws {CorruptObjectError}
   */
  compare(tree: ComparedTree, others: readonly ComparedTree[], onNew: OnNewEntry): void {
    const counterparts = new Int32Array(others.length);
    if (others.length === 0) {
      const entry = new TreeReader(tree.bytes, this.#format);
      while (entry.next()) onNew(entry, counterparts);
      return;
    }
    for (const [index, other] of others.entries()) this.#findChanges(tree, other, this.#changesOf(index));
    const [first, ...rest] = this.#changes.slice(0, others.length) as [Changes, ...Changes[]];
    const next = rest.map(() => 0);
    const entry = new TreeReader(tree.bytes, this.#format);
    for (let index = 0; index < first.count; index++) {
      const start = first.starts[index] as number;
      counterparts[0] = first.counterparts[index] as number;
      const isNew = rest.every((changes, number) => {
        let at = next[number] as number;
        while (at < changes.count && (changes.starts[at] as number) < start) at++;
        next[number] = at;
        counterparts[number + 1] = changes.counterparts[at] as number;
        return at < changes.count && changes.starts[at] === start;
      });
      if (isNew) onNew(entry.moveTo(start), counterparts);
    }
  }

  #changesOf(index: number): Changes {
    this.#changes[index] ??= { starts: new Int32Array(64), counterparts: new Int32Array(64), count: 0 };
    return this.#changes[index] as Changes;
  }

  #findChanges(tree: ComparedTree, other: ComparedTree, changes: Changes): void {
    const { idBytes } = this.#format;
    const [treeEnd, otherEnd] = [tree.bytes.length, other.bytes.length];
    changes.count = 0;
    let at = 0;
    let otherAt = 0;
    const entry = new TreeReader(tree.bytes, this.#format);
    const counterpart = new TreeReader(other.bytes, this.#format);
    this.#runs.begin(tree, other);
    while (at < treeEnd) {
      const equalBytes = this.#runs.measure(at, otherAt);
      at += equalBytes;
      otherAt += equalBytes;
      if (at >= treeEnd) break;
      entry.moveTo(at);
      const order = otherAt < otherEnd ? compareNames(entry, counterpart.moveTo(otherAt)) : -1;
      if (order > 0) {
        otherAt = counterpart.idStart + idBytes;
        continue;
      }
      add(changes, at, order === 0 ? otherAt : -1);
      at = entry.idStart + idBytes;
      if (order === 0) otherAt = counterpart.idStart + idBytes;
    }
    this.#runs.end();
  }
}

function add(changes: Changes, start: number, counterpart: number): void {
  if (changes.count === changes.starts.length) {
    changes.starts = doubled(changes.starts);
    changes.counterparts = doubled(changes.counterparts);
  }
  changes.starts[changes.count] = start;
  changes.counterparts[changes.count++] = counterpart;
}

function doubled(numbers: Int32Array): Int32Array {
  const grown = new Int32Array(numbers.length * 2);
  grown.set(numbers);
  return grown;
}

/** Smaller trees are read faster than marked. */
const MARKED_TREE_MIN_BYTES = 1024;
/** Between marks: what is read to find where an entry begins. */
const MARK_STEP_BYTES = 512;
/** On average. */
const MARK_GAP_MAX_BYTES = 4 * MARK_STEP_BYTES;

/**
 * Runs of equal entries in two trees. Native comparison finds where the trees differ, but not where the entry begins in which they do, and
 * an id may hold any byte: only reading from an entry's beginning tells. So beginnings are marked. Those of a run hold in both trees,
 * at a distance; so of the many versions of a tree, each of which differs a little from the next, one is read whole.
 */
class EqualRuns {
  readonly #idBytes: number;
  #tree: ComparedTree = NO_TREE;
  #other: ComparedTree = NO_TREE;
  /** Of the tree that has marks. */
  #marks: Int32Array | undefined;
  #isOfOther = false;
  /** The next of the marks that is not behind. */
  #next = 0;
  /** Marks of the one that has none yet, as far as the runs have come. */
  #found: Int32Array = new Int32Array(64);
  /** -1 when both have some. */
  #foundCount = -1;

  constructor(idBytes: number) {
    this.#idBytes = idBytes;
  }

  begin(tree: ComparedTree, other: ComparedTree): void {
    this.#tree = tree;
    this.#other = other;
    this.#next = 0;
    this.#foundCount = -1;
    this.#marks = undefined;
    if (tree.bytes.length < MARKED_TREE_MIN_BYTES || other.bytes.length < MARKED_TREE_MIN_BYTES) return;
    if (!tree.marks && !other.marks) tree.marks = markEntries(tree.bytes, this.#idBytes);
    this.#isOfOther = !tree.marks;
    this.#marks = tree.marks ?? other.marks;
    if (!tree.marks || !other.marks) this.#foundCount = 0;
  }

  end(): void {
    const lacking = this.#isOfOther ? this.#tree : this.#other;
    // With every entry that goes some are lost: when most are, the tree is better read whole.
    if (this.#foundCount * MARK_GAP_MAX_BYTES >= lacking.bytes.length) {
      lacking.marks = this.#found.slice(0, this.#foundCount);
    }
    this.#tree = NO_TREE;
    this.#other = NO_TREE;
  }

  /** @returns length of the entries that stand at both positions, as many as are equal */
  measure(at: number, otherAt: number): number {
    const [a, b] = [this.#tree.bytes, this.#other.bytes];
    const equalBytes = commonBytes(a, at, b, otherAt);
    const marked = this.#passMarks(this.#isOfOther ? otherAt : at, this.#isOfOther ? at : otherAt, equalBytes);
    if (at + equalBytes === a.length && otherAt + equalBytes === b.length) return equalBytes;
    let end = marked;
    for (let offset = marked; ; offset = end) {
      while (offset < equalBytes && a[at + offset] !== 0) offset++;
      if (offset + 1 + this.#idBytes > equalBytes) return end;
      end = offset + 1 + this.#idBytes;
    }
  }

  /** Moves on to the last mark in a run. @returns its distance from the beginning of the run */
  #passMarks(start: number, startOfLacking: number, equalBytes: number): number {
    const marks = this.#marks;
    if (!marks) return 0;
    let next = this.#next;
    let distance = 0;
    for (; next < marks.length && (marks[next] as number) <= start + equalBytes; next++) {
      if ((marks[next] as number) < start) continue;
      distance = (marks[next] as number) - start;
      if (this.#foundCount >= 0) this.#note(startOfLacking + distance);
    }
    this.#next = next;
    return distance;
  }

  #note(mark: number): void {
    if (this.#foundCount === this.#found.length) this.#found = doubled(this.#found);
    this.#found[this.#foundCount++] = mark;
  }
}

const NO_TREE: ComparedTree = { bytes: new Uint8Array(0), marks: undefined };

function markEntries(bytes: Uint8Array, idBytes: number): Int32Array {
  const marks: number[] = [];
  let last = 0;
  for (let at = 0; at < bytes.length; ) {
    if (at - last >= MARK_STEP_BYTES) {
      marks.push(at);
      last = at;
    }
    while (at < bytes.length && bytes[at] !== 0) at++;
    at += 1 + idBytes;
  }
  return Int32Array.from(marks);
}

/** Trees that differ at once need no more than a loop. */
const LOOP_BYTES = 64;
/** Native comparison says whether, not where: so it is asked about longer and longer pieces, then about shorter and shorter ones. */
const PIECE_BYTES = 1024;

function commonBytes(a: Uint8Array, aStart: number, b: Uint8Array, bStart: number): number {
  const length = Math.min(a.length - aStart, b.length - bStart);
  const first = loopCommonBytes(a, aStart, b, bStart, 0, Math.min(length, LOOP_BYTES));
  if (first < LOOP_BYTES) return first;
  let at = LOOP_BYTES;
  let end = at;
  for (let piece = PIECE_BYTES; at < length; piece *= 2) {
    end = Math.min(at + piece, length);
    if (!areEqual(a, aStart, b, bStart, at, end)) break;
    at = end;
  }
  while (end - at > LOOP_BYTES) {
    const middle = (at + end) >>> 1;
    if (areEqual(a, aStart, b, bStart, at, middle)) at = middle;
    else end = middle;
  }
  return loopCommonBytes(a, aStart, b, bStart, at, end);
}

/** Whether two trees have the same bytes from `from` to `to` behind their starts. */
function areEqual(a: Uint8Array, aStart: number, b: Uint8Array, bStart: number, from: number, to: number): boolean {
  return nativeCompare.call(a as Buffer, b, bStart + from, bStart + to, aStart + from, aStart + to) === 0;
}

/** It takes any byte array; making Buffers of them costs more than short comparisons. */
const nativeCompare = Buffer.prototype.compare;

function loopCommonBytes(
  a: Uint8Array,
  aStart: number,
  b: Uint8Array,
  bStart: number,
  from: number,
  length: number,
): number {
  let at = from;
  while (at < length && a[aStart + at] === b[bStart + at]) at++;
  return at;
}

/** @returns a reader that stands on the entry which begins at `start` */
export function entryAt(tree: Uint8Array, start: number, format: ObjectFormat): TreeReader {
  return new TreeReader(tree, format).moveTo(start);
}

/** Names in the order of trees, where a directory's ends in a slash; a file and a directory of one name count as the same. */
function compareNames(a: TreeReader, b: TreeReader): number {
  const aLength = a.nameEnd - a.nameStart;
  const bLength = b.nameEnd - b.nameStart;
  const length = Math.min(aLength, bLength);
  for (let index = 0; index < length; index++) {
    const difference = (a.body[a.nameStart + index] as number) - (b.body[b.nameStart + index] as number);
    if (difference !== 0) return difference;
  }
  if (aLength === bLength) return 0;
  return byteBehind(a, length) - byteBehind(b, length);
}

function byteBehind(entry: TreeReader, length: number): number {
  if (entry.nameStart + length < entry.nameEnd) return entry.body[entry.nameStart + length] as number;
  return isTreeMode(entry.mode) ? SLASH : 0;
}
