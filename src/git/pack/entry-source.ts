/**
 * Where the compressed entries of a pack lie while its deltas are resolved: the beginning of the pack in one piece, and pieces of
 * the rest that were read back. No entry crosses from one piece to another.
 */

export interface PackSegment {
  /** Where in the pack the piece begins. */
  readonly offset: number;
  readonly bytes: Uint8Array;
}

export class EntrySource {
  readonly #segments: readonly PackSegment[];
  /** Set by `locate`: the piece, and where in it the entry lies. */
  window: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;

  /** @param segments in ascending order of their offsets, without overlap */
  constructor(segments: readonly PackSegment[]) {
    this.#segments = segments;
  }

  /** Sets `window`, `start` and `end` to the entry that occupies `[offset, endOffset)` of the pack. */
  locate(offset: number, endOffset: number): void {
    const segments = this.#segments;
    let low = 0;
    let high = segments.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((segments[middle] as PackSegment).offset <= offset) low = middle;
      else high = middle - 1;
    }
    const segment = segments[low];
    if (!segment || offset < segment.offset || endOffset > segment.offset + segment.bytes.length) {
      throw new RangeError(`entry at ${offset} of the pack is in none of the pieces at hand`);
    }
    this.window = segment.bytes;
    this.start = offset - segment.offset;
    this.end = endOffset - segment.offset;
  }
}
