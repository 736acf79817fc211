/**
 * Trees that were read, in slabs of memory that are given back whole: a walk through history reads gigabytes of them, and an allocation
 * for each costs more than reading it.
 */
import type { ComparedTree } from '#git/walk/tree-changes.ts';

/** Larger trees have a slab of their own. */
const SLAB_BYTES = 1024 * 1024;

export interface HeldTree extends ComparedTree {
  readonly slab: Slab;
}

interface Slab {
  readonly bytes: Uint8Array;
  usedBytes: number;
  /** Ascending from slab to slab. */
  readonly number: number;
  /** Where what is kept in it was put. */
  readonly places: { readonly trees: Map<number, HeldTree>; readonly offset: number }[];
}

/** What is not asked for any more goes first, give or take a slab. A tree stays valid for whoever holds it. */
export class TreeCache {
  readonly #maxBytes: number;
  /** Oldest first. */
  readonly #slabs: Slab[] = [];
  readonly #packs = new Map<string, Map<number, HeldTree>>();
  #sizeBytes = 0;
  #slabCount = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  find(packId: string, offset: number): HeldTree | undefined {
    const trees = this.#packs.get(packId);
    const tree = trees?.get(offset);
    if (!tree) return undefined;
    // Used again, so it outlives the next slabs.
    if (tree.slab.number * 2 < this.#slabCount + (this.#slabs[0]?.number ?? 0))
      return this.#renew(packId, offset, tree);
    return tree;
  }

  /** @param write puts a tree of that size, and at most one byte more, at a place */
  put(packId: string, offset: number, sizeBytes: number, write: (into: Uint8Array, start: number) => void): HeldTree {
    const slab = this.#slabFor(sizeBytes + 1);
    const start = slab.usedBytes;
    write(slab.bytes, start);
    slab.usedBytes += sizeBytes;
    const tree: HeldTree = { bytes: slab.bytes.subarray(start, start + sizeBytes), marks: undefined, slab };
    const trees = this.#packs.get(packId) ?? new Map<number, HeldTree>();
    this.#packs.set(packId, trees);
    trees.set(offset, tree);
    slab.places.push({ trees, offset });
    return tree;
  }

  #renew(packId: string, offset: number, old: HeldTree): HeldTree {
    const tree = this.put(packId, offset, old.bytes.length, (into, start) => into.set(old.bytes, start));
    tree.marks = old.marks;
    return tree;
  }

  #slabFor(sizeBytes: number): Slab {
    const last = this.#slabs.at(-1);
    if (last && last.usedBytes + sizeBytes <= last.bytes.length) return last;
    const bytes = new Uint8Array(Buffer.allocUnsafeSlow(Math.max(SLAB_BYTES, sizeBytes)).buffer);
    this.#sizeBytes += bytes.length;
    while (this.#sizeBytes > this.#maxBytes && this.#slabs.length > 0) this.#dropOldest();
    const slab: Slab = { bytes, usedBytes: 0, number: this.#slabCount++, places: [] };
    this.#slabs.push(slab);
    return slab;
  }

  #dropOldest(): void {
    const slab = this.#slabs.shift() as Slab;
    this.#sizeBytes -= slab.bytes.length;
    for (const { trees, offset } of slab.places) if (trees.get(offset)?.slab === slab) trees.delete(offset);
  }
}
