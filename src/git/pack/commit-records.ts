/** The skeletons of a pack's commits, gathered while it is indexed: entry number, tree, parents, date. */
import { lowerHexDigit } from '#bytes/hex.ts';
import type { CommitSkeleton } from '../object/commit.ts';
import type { ObjectFormat } from '../object/object-id.ts';

/** The records as plain arrays, which can move from thread to thread. */
export interface CommitRecordArrays {
  readonly entries: Int32Array;
  /** Seconds since 1970. */
  readonly dates: Float64Array;
  readonly treeIds: Uint8Array;
  /** Where each commit's parents begin in `parentIds`, counted in ids; one more, for the end. */
  readonly parentStarts: Uint32Array;
  readonly parentIds: Uint8Array;
}

export class CommitRecords {
  readonly #format: ObjectFormat;
  #count = 0;
  #parentCount = 0;
  #entries = new Int32Array(16);
  #dates = new Float64Array(16);
  #treeIds: Uint8Array;
  #parentStarts = new Uint32Array(17);
  #parentIds: Uint8Array;

  constructor(format: ObjectFormat) {
    this.#format = format;
    this.#treeIds = new Uint8Array(16 * format.idBytes);
    this.#parentIds = new Uint8Array(16 * format.idBytes);
  }

  /** @param body of the commit that `skeleton` describes */
  add(entry: number, body: Uint8Array, skeleton: CommitSkeleton): void {
    const { idBytes, hexDigits } = this.#format;
    const number = this.#count++;
    if (number === this.#entries.length) this.#growCommits();
    while ((this.#parentCount + skeleton.parentCount) * idBytes > this.#parentIds.length) {
      this.#parentIds = doubled(this.#parentIds);
    }
    this.#entries[number] = entry;
    this.#dates[number] = skeleton.committerSeconds;
    decodeHex(body, skeleton.treeOffset, hexDigits, this.#treeIds, number * idBytes);
    for (let index = 0; index < skeleton.parentCount; index++) {
      decodeHex(body, skeleton.parentOffset(index), hexDigits, this.#parentIds, this.#parentCount++ * idBytes);
    }
    this.#parentStarts[number + 1] = this.#parentCount;
  }

  /** Id slots of the commit added last: its tree, and where its parents begin. */
  get lastTree(): { ids: Uint8Array; start: number } {
    return { ids: this.#treeIds, start: (this.#count - 1) * this.#format.idBytes };
  }

  get lastParents(): { ids: Uint8Array; start: number; count: number } {
    const first = this.#parentStarts[this.#count - 1] as number;
    return { ids: this.#parentIds, start: first * this.#format.idBytes, count: this.#parentCount - first };
  }

  toArrays(): CommitRecordArrays {
    const { idBytes } = this.#format;
    return {
      entries: this.#entries.slice(0, this.#count),
      dates: this.#dates.slice(0, this.#count),
      treeIds: this.#treeIds.slice(0, this.#count * idBytes),
      parentStarts: this.#parentStarts.slice(0, this.#count + 1),
      parentIds: this.#parentIds.slice(0, this.#parentCount * idBytes),
    };
  }

  #growCommits(): void {
    const capacity = this.#entries.length * 2;
    this.#entries = grown(this.#entries, new Int32Array(capacity));
    this.#dates = grown(this.#dates, new Float64Array(capacity));
    this.#parentStarts = grown(this.#parentStarts, new Uint32Array(capacity + 1));
    this.#treeIds = doubled(this.#treeIds);
  }
}

/** Decodes digits that `scanCommit` checked. */
function decodeHex(body: Uint8Array, start: number, hexDigits: number, into: Uint8Array, at: number): void {
  for (let index = 0; index < hexDigits; index += 2) {
    const high = lowerHexDigit(body[start + index] as number);
    into[at + index / 2] = (high << 4) | lowerHexDigit(body[start + index + 1] as number);
  }
}

function doubled(bytes: Uint8Array): Uint8Array {
  return grown(bytes, new Uint8Array(bytes.length * 2));
}

function grown<Table extends Uint8Array | Int32Array | Uint32Array | Float64Array>(from: Table, to: Table): Table {
  to.set(from);
  return to;
}
