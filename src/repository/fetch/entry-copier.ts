/**
 * Copies single entries out of a pack. Compressed data is never touched; what changes is how a delta names its base:
 *
 * | base | the copy |
 * |---|---|
 * | sent before, from the same pack | OFS_DELTA over the new distance, or REF_DELTA for clients that take no OFS_DELTA |
 * | sent from another pack | REF_DELTA: the client resolves it in any order |
 * | not sent, but the client has it and takes thin packs | REF_DELTA |
 * | not sent | the object is written whole |
 */

import { LRUCache } from 'lru-cache';
import { toHex } from '#bytes/hex.ts';
import { CorruptPackError } from '#git/errors.ts';
import type { ObjectFormat } from '#git/object/object-id.ts';
import { TYPE_NUMBER } from '#git/object/object-type.ts';
import {
  emptyEntryHeader,
  OFS_DELTA,
  REF_DELTA,
  readEntryHeader,
  writeBaseDistance,
  writeTypeAndSize,
} from '#git/pack/entry-header.ts';
import { findEntry } from '#git/pack/entry-table.ts';
import { encodeEntry } from '#git/pack/thin-completion.ts';
import type { IdTable } from '#git/walk/id-table.ts';
import { limits } from '#limits.ts';
import { packKey } from '#storage/storage-key.ts';
import type { PackStorage } from '../pack-files.ts';
import type { LoadedPack, PackedObjectStore } from '../packed-object-store.ts';
import { Pause } from '../pause.ts';
import type { PackEntries } from './pack-selection.ts';

/** What became of the entries, for the last line of progress. */
export interface CopyTally {
  deltas: number;
  reused: number;
}

export interface CopyContext {
  readonly blobs: PackStorage;
  readonly objects: PackedObjectStore;
  readonly ofsDelta: boolean;
  /** Whether an object is sent, from whichever pack. */
  readonly isSent: (id: Uint8Array) => boolean;
  /** What the client has, when it takes thin packs. */
  readonly clientHas: IdTable | undefined;
  readonly tally: CopyTally;
  readonly signal: AbortSignal;
}

/**
 * Entries that were written whole, of all repositories. A shallow clone is made of them, and the same one is asked for by every
 * runner of a CI.
 */
const wholeEntries = new LRUCache<string, Uint8Array>({
  maxSize: limits.wholeEntriesCacheMaxBytes,
  maxEntrySize: limits.wholeEntriesCacheMaxBytes / 16,
  sizeCalculation: (entry) => entry.length + 128,
});

export class EntryCopier {
  readonly #context: CopyContext;
  readonly #format: ObjectFormat;
  readonly #pack: LoadedPack;
  readonly #entries: PackEntries;
  /** Where each place's copy begins in the answer. */
  readonly #copyOffsets: Float64Array;
  readonly #header = emptyEntryHeader();
  readonly #newHeader = new Uint8Array(64);

  constructor(context: CopyContext, pack: LoadedPack, entries: PackEntries) {
    this.#context = context;
    this.#format = context.objects.format;
    this.#pack = pack;
    this.#entries = entries;
    this.#copyOffsets = new Float64Array(entries.places.length);
  }

  /** @param startOffset where in the answer the first copy begins */
  async *copies(startOffset: number): AsyncIterable<Uint8Array> {
    const { order, places } = this.#entries;
    let copyOffset = startOffset;
    const pause = new Pause(COPIES_PER_LOOK);
    for await (const window of this.#windows()) {
      let pieces: Uint8Array[] = [];
      let pieceBytes = 0;
      for (let index = window.first; index < window.end; index++) {
        const place = places[index] as number;
        const start = (order.offsets[place] as number) - window.offset;
        const end = (order.offsets[place + 1] as number) - window.offset;
        this.#copyOffsets[index] = copyOffset;
        const copy = await this.#copy(index, window.bytes, start, end, copyOffset);
        for (const piece of copy) {
          pieceBytes += piece.length;
          copyOffset += piece.length;
        }
        pieces.push(...copy);
        // What is written whole may be far larger than the deltas of the window.
        if (pieceBytes >= limits.fileChunkBytes) {
          yield Buffer.concat(pieces, pieceBytes);
          pieces = [];
          pieceBytes = 0;
        }
        if (!pause.isDue) continue;
        this.#context.signal.throwIfAborted();
        await pause.take();
      }
      if (pieceBytes > 0) yield Buffer.concat(pieces, pieceBytes);
    }
  }

  /** @returns the pieces of one entry's copy */
  async #copy(index: number, bytes: Uint8Array, start: number, end: number, copyOffset: number): Promise<Uint8Array[]> {
    const { idBytes } = this.#format;
    const header = this.#header;
    if (!readEntryHeader(bytes, start, end, idBytes, header))
      throw new CorruptPackError('copy pack entry: header cut short');
    const { tally } = this.#context;
    tally.reused++;
    if (header.typeNumber < OFS_DELTA) return [bytes.subarray(start, end)];
    tally.deltas++;
    const data = bytes.subarray(start + header.headerBytes, end);
    const base = this.#baseOf(index, bytes);
    if (base.copyOffset >= 0 && this.#context.ofsDelta) {
      return [this.#encodeHeader(OFS_DELTA, header.sizeBytes, copyOffset - base.copyOffset), data];
    }
    if (
      base.copyOffset >= 0 ||
      this.#context.isSent(base.id) ||
      (this.#context.clientHas?.find(base.id, 0) ?? -1) >= 0
    ) {
      return [this.#encodeHeader(REF_DELTA, header.sizeBytes, base.id), data];
    }
    tally.reused--;
    tally.deltas--;
    return [await this.#encodeWhole(index)];
  }

  /** The base of the delta whose header was just read. `copyOffset` is -1 unless it went out before, from this pack. */
  #baseOf(index: number, bytes: Uint8Array): { id: Uint8Array; copyOffset: number } {
    const { order, places } = this.#entries;
    const { index: packIndex } = this.#pack;
    const header = this.#header;
    let baseOffset: number;
    if (header.typeNumber === OFS_DELTA) {
      baseOffset = (order.offsets[places[index] as number] as number) - header.baseDistance;
    } else {
      const position = packIndex.find(bytes, header.baseIdStart);
      if (position < 0)
        throw new CorruptPackError(`copy from pack "${this.#pack.id}": a delta base is in another pack`);
      baseOffset = packIndex.offsetAt(position);
    }
    const place = findEntry(order.offsets, packIndex.count, baseOffset);
    if (place < 0) throw new CorruptPackError(`copy from pack "${this.#pack.id}": no entry at ${baseOffset}`);
    const copied = lowerIndexOf(places, place, index);
    return {
      id: packIndex.idAt(order.positions[place] as number),
      copyOffset: copied >= 0 ? (this.#copyOffsets[copied] as number) : -1,
    };
  }

  #encodeHeader(typeNumber: number, sizeBytes: number, base: number | Uint8Array): Uint8Array {
    const into = this.#newHeader;
    let end = writeTypeAndSize(into, 0, typeNumber, sizeBytes);
    if (typeof base === 'number') {
      end = writeBaseDistance(into, end, base);
    } else {
      into.set(base, end);
      end += base.length;
    }
    return into.slice(0, end);
  }

  async #encodeWhole(index: number): Promise<Uint8Array> {
    const { order, places } = this.#entries;
    const position = order.positions[places[index] as number] as number;
    const key = `${this.#pack.id}/${position}`;
    const known = wholeEntries.get(key);
    if (known) return known;
    const { type, body } = await this.#context.objects.read(toHex(this.#pack.index.idAt(position)));
    const entry = await encodeEntry({ typeNumber: TYPE_NUMBER[type], body });
    wholeEntries.set(key, entry);
    return entry;
  }

  /** Reads the pack where there is something to copy, with few requests, one window ahead. */
  async *#windows(): AsyncIterable<{ first: number; end: number; offset: number; bytes: Uint8Array }> {
    const plans = this.#planWindows();
    const read = (plan: { offset: number; lengthBytes: number } | undefined) =>
      plan && this.#context.blobs.read(packKey(this.#pack.id), plan, { signal: this.#context.signal });
    let ahead = read(plans[0]);
    for (let number = 0; number < plans.length; number++) {
      const plan = plans[number] as (typeof plans)[number];
      const bytes = (await ahead) as Uint8Array;
      ahead = read(plans[number + 1]);
      // It is awaited in the next round; until then a failure must not count as unhandled.
      ahead?.catch(() => {});
      yield { first: plan.first, end: plan.end, offset: plan.offset, bytes };
    }
  }

  #planWindows() {
    const { order, places } = this.#entries;
    const plans: { first: number; end: number; offset: number; lengthBytes: number }[] = [];
    let first = 0;
    for (let index = 0; index < places.length; index++) {
      const offset = order.offsets[places[first] as number] as number;
      const next = places[index + 1];
      const end = order.offsets[(places[index] as number) + 1] as number;
      const goesOn =
        next !== undefined &&
        (order.offsets[next] as number) - end <= limits.readBackGapMaxBytes &&
        (order.offsets[next + 1] as number) - offset <= limits.cloneReadBytes;
      if (goesOn) continue;
      plans.push({ first, end: index + 1, offset, lengthBytes: end - offset });
      first = index + 1;
    }
    return plans;
  }
}

/** Some copies are read and deflated anew, most are not. */
const COPIES_PER_LOOK = 16;

/** Index of `value` among `sorted[0, end)`, or -1. */
function lowerIndexOf(sorted: Int32Array, value: number, end: number): number {
  let low = 0;
  let high = end - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const found = sorted[middle] as number;
    if (found === value) return middle;
    if (found < value) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}
