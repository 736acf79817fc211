/** Where the compressed entries of a pack lie while its deltas are resolved: pieces of the pack in memory, in order, with gaps. */

export interface PackSegment {
  /** Where in the pack the piece begins. */
  readonly offset: number;
  readonly bytes: Uint8Array;
}

export class EntrySource {
  readonly #segments: readonly PackSegment[];
  /** Set by `locate`: a piece of memory, and where in it the entry lies. Valid until the next `locate`. */
  window: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;

  /** @param segments in ascending order of their offsets, without overlap */
  constructor(segments: readonly PackSegment[]) {
    this.#segments = segments;
  }

  /**
   * Sets `window`, `start` and `end` to the entry that occupies `[offset, endOffset)` of the pack.
   *
   * @throws {RangeError} not all of it is at hand
   */
  locate(offset: number, endOffset: number): void {
    const index = this.#segmentAt(offset);
    const segment = this.#segments[index];
    if (!segment || offset < segment.offset) throw notAtHand(offset);
    this.start = offset - segment.offset;
    this.end = endOffset - segment.offset;
    this.window = segment.bytes;
    if (this.end > segment.bytes.length) this.#join(index, offset, endOffset);
  }

  /** Copies an entry that crosses from one piece to the next. */
  #join(first: number, offset: number, endOffset: number): void {
    const joined = new Uint8Array(endOffset - offset);
    let filled = 0;
    for (let index = first; filled < joined.length; index++) {
      const segment = this.#segments[index];
      if (!segment || segment.offset > offset + filled) throw notAtHand(offset);
      const start = offset + filled - segment.offset;
      const piece = segment.bytes.subarray(start, start + joined.length - filled);
      joined.set(piece, filled);
      filled += piece.length;
    }
    this.window = joined;
    this.start = 0;
    this.end = joined.length;
  }

  /** @returns index of the last segment that begins at or before `offset` */
  #segmentAt(offset: number): number {
    let low = 0;
    let high = this.#segments.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if ((this.#segments[middle] as PackSegment).offset <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }
}

function notAtHand(offset: number): RangeError {
  return new RangeError(`entry at ${offset} of the pack is not in the pieces at hand`);
}
