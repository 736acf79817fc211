/** Refs in memory, as one transaction saw them. */
import { compareAsUtf8 } from '#bytes/compare-bytes.ts';
import type { Ref, RefSnapshot } from '#git/ref-store.ts';

export class SortedRefs implements RefSnapshot {
  readonly headTarget: string;
  readonly refs: readonly Ref[];

  /** @param refs sorted by name, byte by byte */
  constructor(headTarget: string, refs: readonly Ref[]) {
    this.headTarget = headTarget;
    this.refs = refs;
  }

  find(name: string): Ref | undefined {
    const wanted = name === 'HEAD' ? this.headTarget : name;
    let low = 0;
    let high = this.refs.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const ref = this.refs[middle] as Ref;
      const order = compareAsUtf8(ref.name, wanted);
      if (order === 0) return ref;
      if (order < 0) low = middle + 1;
      else high = middle - 1;
    }
    return undefined;
  }
}
