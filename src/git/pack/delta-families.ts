/**
 * Which deltas stand on which entry. A family is an object stored whole with all deltas that lead to it; families do not depend on
 * each other, so threads can resolve them in any order.
 */
import type { EntryTable } from './entry-table.ts';

export interface DeltaFamilies {
  /** First delta on each entry, in the order of the pack; -1 for none. */
  readonly firstChild: Int32Array<SharedArrayBuffer>;
  /** Next delta on the same base; -1 at the end. */
  readonly nextSibling: Int32Array<SharedArrayBuffer>;
}

export function linkFamilies(table: EntryTable): DeltaFamilies {
  const firstChild = new Int32Array(new SharedArrayBuffer(table.count * 4)).fill(-1);
  const nextSibling = new Int32Array(new SharedArrayBuffer(table.count * 4)).fill(-1);
  for (let entry = table.count - 1; entry >= 0; entry--) {
    const base = table.base[entry] as number;
    if (base >= 0) {
      nextSibling[entry] = firstChild[base] as number;
      firstChild[base] = entry;
    }
  }
  return { firstChild, nextSibling };
}

/** Adds a delta whose base became known late. */
export function adoptChild(families: DeltaFamilies, base: number, child: number): void {
  families.nextSibling[child] = families.firstChild[base] as number;
  families.firstChild[base] = child;
}

/** Calls `visit` for the entry and everything below it. */
export function visitFamily(families: DeltaFamilies, root: number, visit: (entry: number) => void): void {
  const stack = [root];
  for (let entry = stack.pop(); entry !== undefined; entry = stack.pop()) {
    visit(entry);
    for (let child = families.firstChild[entry] as number; child >= 0; child = families.nextSibling[child] as number) {
      stack.push(child);
    }
  }
}
