/**
 * The order of a tree's entries, and names that occur twice. A file and a directory of the same name need not be neighbours:
 * `foo`, `foo.bar`, `foo/` — so files that a directory may still meet are kept on a stack.
 */
import { isTreeMode } from '../object/file-mode.ts';

export type OrderVerdict = 'ordered' | 'not-sorted' | 'duplicate';

const SLASH = 0x2f;

/** Takes the entries of one tree, in the order in which they stand. */
export class TreeOrder {
  readonly #bytes: Uint8Array;
  #previousStart = -1;
  #previousEnd = -1;
  #previousMode = 0;
  /** Start and end of each candidate's name, in turn. */
  readonly #candidates: number[] = [];

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** @returns how the entry stands to the one before */
  add(nameStart: number, nameEnd: number, mode: number): OrderVerdict {
    const verdict = this.#previousStart < 0 ? 'ordered' : this.#compare(nameStart, nameEnd, mode);
    this.#previousStart = nameStart;
    this.#previousEnd = nameEnd;
    this.#previousMode = mode;
    return verdict;
  }

  #compare(start: number, end: number, mode: number): OrderVerdict {
    const bytes = this.#bytes;
    const previousStart = this.#previousStart;
    const length = Math.min(this.#previousEnd - previousStart, end - start);
    let i = 0;
    while (i < length && bytes[previousStart + i] === bytes[start + i]) i++;
    if (i < length)
      return (bytes[previousStart + i] as number) < (bytes[start + i] as number) ? 'ordered' : 'not-sorted';
    return this.#compareBehind(length, start, end, mode);
  }

  /** One name begins with the other: what counts is the byte behind, a slash for directories. */
  #compareBehind(length: number, start: number, end: number, mode: number): OrderVerdict {
    const previousIsLonger = this.#previousEnd - this.#previousStart > length;
    const isLonger = end - start > length;
    if (!previousIsLonger && !isLonger) return 'duplicate';
    const previousByte = previousIsLonger
      ? (this.#bytes[this.#previousStart + length] as number)
      : endByteOf(this.#previousMode);
    const byte = isLonger ? (this.#bytes[start + length] as number) : endByteOf(mode);
    if (previousByte === 0 && isLessThanSlash(byte)) {
      this.#candidates.push(this.#previousStart, this.#previousEnd);
    } else if (byte === SLASH && isLessThanSlash(previousByte) && this.#meetsCandidate(start, end)) {
      return 'duplicate';
    }
    return previousByte < byte ? 'ordered' : 'not-sorted';
  }

  /** Whether a file on the stack has the name; files that no later directory can meet are dropped. */
  #meetsCandidate(start: number, end: number): boolean {
    for (;;) {
      const candidateEnd = this.#candidates.pop();
      const candidateStart = this.#candidates.pop();
      if (candidateStart === undefined || candidateEnd === undefined) return false;
      if (!this.#beginsWith(start, end, candidateStart, candidateEnd)) continue;
      const behind = start + candidateEnd - candidateStart;
      if (behind === end) return true;
      if (!isLessThanSlash(this.#bytes[behind] as number)) continue;
      this.#candidates.push(candidateStart, candidateEnd);
      return false;
    }
  }

  #beginsWith(start: number, end: number, prefixStart: number, prefixEnd: number): boolean {
    const length = prefixEnd - prefixStart;
    if (end - start < length) return false;
    for (let i = 0; i < length; i++) {
      if (this.#bytes[start + i] !== this.#bytes[prefixStart + i]) return false;
    }
    return true;
  }
}

function endByteOf(mode: number): number {
  return isTreeMode(mode) ? SLASH : 0;
}

function isLessThanSlash(byte: number): boolean {
  return byte > 0 && byte < SLASH;
}
