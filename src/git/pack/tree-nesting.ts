/**
 * How deep the trees of a pack lie inside each other, at the cost of what their deltas insert.
 *
 * A tree made by a delta names what the delta inserts and some of what its base names. So it is no deeper than its base, or than one more than
 * the deepest tree that was inserted. That bound is far below `core.maxTreeDepth` for nearly every pack that anyone makes; trees for
 * which it is not, or where bases and folders go round in a circle, have to be looked at one by one.
 */
import { TYPE_NUMBER } from '../object/object-type.ts';
import type { EntryTable } from './entry-table.ts';

/** Notes which trees name which: pairs of an entry and the number of a reference. */
export class TreeNesting {
  #pairs = new Int32Array(256);
  #length = 0;

  add(entry: number, referenceNumber: number): void {
    if (this.#length === this.#pairs.length) {
      const grown = new Int32Array(this.#length * 2);
      grown.set(this.#pairs);
      this.#pairs = grown;
    }
    this.#pairs[this.#length++] = entry;
    this.#pairs[this.#length++] = referenceNumber;
  }

  toArray(): Int32Array {
    return this.#pairs.slice(0, this.#length);
  }
}

/**
 * @param pairs entries of trees, each with the entry of a tree inside it; what a base has is not repeated
 * @returns trees that may have more than `levelsMax` levels, themselves counted
 */
export function findDeepTrees(table: EntryTable, pairs: Int32Array, levelsMax: number): Int32Array {
  // A chain of folders takes as many trees.
  if (pairs.length / 2 < levelsMax) return new Int32Array(0);
  return new LevelBound(table, pairs, levelsMax).deepTrees();
}

class LevelBound {
  readonly #table: EntryTable;
  readonly #levelsMax: number;
  /** For each entry, those whose bound follows from its own: trees that name it and deltas on it. */
  readonly #starts: Int32Array;
  readonly #followers: Int32Array;
  readonly #isNamed: Uint8Array;
  /** Entries that each waits for. */
  readonly #waiting: Int32Array;
  readonly #levels: Int32Array;

  constructor(table: EntryTable, pairs: Int32Array, levelsMax: number) {
    this.#table = table;
    this.#levelsMax = levelsMax;
    const { count } = table;
    this.#starts = new Int32Array(count + 1);
    this.#waiting = new Int32Array(count);
    this.#levels = new Int32Array(count).fill(1);
    this.#forEachEdge(pairs, (from, to) => {
      this.#starts[from + 1] = (this.#starts[from + 1] as number) + 1;
      this.#waiting[to] = (this.#waiting[to] as number) + 1;
    });
    for (let entry = 0; entry < count; entry++) {
      this.#starts[entry + 1] = (this.#starts[entry + 1] as number) + (this.#starts[entry] as number);
    }
    const next = this.#starts.slice();
    this.#followers = new Int32Array(this.#starts[count] as number);
    this.#isNamed = new Uint8Array(this.#followers.length);
    this.#forEachEdge(pairs, (from, to, isNamed) => {
      const at = next[from] as number;
      next[from] = at + 1;
      this.#followers[at] = to;
      this.#isNamed[at] = isNamed;
    });
  }

  /** An entry is settled once all that its bound follows from is; those that never are stand in a circle, or behind one. */
  deepTrees(): Int32Array {
    const { count } = this.#table;
    const ready: number[] = [];
    const isSettled = new Uint8Array(count);
    for (let entry = 0; entry < count; entry++) if (this.#waiting[entry] === 0) ready.push(entry);
    for (let entry = ready.pop(); entry !== undefined; entry = ready.pop()) {
      isSettled[entry] = 1;
      for (let at = this.#starts[entry] as number; at < (this.#starts[entry + 1] as number); at++) {
        const follower = this.#followers[at] as number;
        const levels = (this.#levels[entry] as number) + (this.#isNamed[at] as number);
        if (levels > (this.#levels[follower] as number)) this.#levels[follower] = levels;
        this.#waiting[follower] = (this.#waiting[follower] as number) - 1;
        if (this.#waiting[follower] === 0) ready.push(follower);
      }
    }
    const deep: number[] = [];
    for (let entry = 0; entry < count; entry++) {
      if (!isSettled[entry] || (this.#levels[entry] as number) > this.#levelsMax) deep.push(entry);
    }
    return Int32Array.from(deep);
  }

  #forEachEdge(pairs: Int32Array, visit: (from: number, to: number, isNamed: 0 | 1) => void): void {
    const { base, count, type } = this.#table;
    for (let entry = 0; entry < count; entry++) {
      if (type[entry] === TYPE_NUMBER.tree && (base[entry] as number) >= 0) visit(base[entry] as number, entry, 0);
    }
    for (let at = 0; at < pairs.length; at += 2) visit(pairs[at + 1] as number, pairs[at] as number, 1);
  }
}
