/**
 * The files of packs, read from storage through caches that all repositories of a process share. Packs never change, so nothing here is ever
 * invalid. Concurrent requests for the same piece share one read.
 */
import { LRUCache } from 'lru-cache';
import type { ObjectFormat } from '#git/object/object-id.ts';
import { PackIndex } from '#git/pack/pack-index.ts';
import { PackSummary } from '#git/pack/pack-summary.ts';
import { limits } from '#limits.ts';
import type { BlobStore } from '#storage/blob-store.ts';
import { packIndexKey, packKey, packSummaryKey } from '#storage/storage-key.ts';
import { Pause } from './pause.ts';

/** What is asked of storage. */
export type PackStorage = Pick<BlobStore, 'read' | 'size' | 'stream'>;

export interface PackFilesOptions {
  tablesMaxBytes: number;
  blocksMaxBytes: number;
}

/** The entries of a pack in the order in which they lie in it. */
export interface PackOrder {
  readonly sizeBytes: number;
  /** Where each entry begins, ascending; one more, for the end of the last. */
  readonly offsets: Float64Array;
  /** Position of each entry's object in the pack's index. */
  readonly positions: Uint32Array;
}

/** A piece of a pack: `window[start, end)`. */
export interface PackPiece {
  readonly window: Uint8Array;
  readonly start: number;
  readonly end: number;
}

export class PackFiles {
  readonly blobs: PackStorage;
  readonly #tables: LRUCache<string, PackIndex | PackSummary | PackOrder>;
  readonly #blocks: LRUCache<string, Uint8Array>;
  readonly #underWay = new Map<string, Promise<unknown>>();

  constructor(blobs: PackStorage, options: PackFilesOptions) {
    this.blobs = blobs;
    this.#tables = new LRUCache({ maxSize: options.tablesMaxBytes, sizeCalculation: (table) => table.sizeBytes });
    this.#blocks = new LRUCache({ maxSize: options.blocksMaxBytes, sizeCalculation: (block) => block.length || 1 });
  }

  index(packId: string, format: ObjectFormat): Promise<PackIndex> {
    const key = packIndexKey(packId);
    return this.#table(key, async () => new PackIndex(await this.#readWhole(key), format));
  }

  summary(packId: string, format: ObjectFormat): Promise<PackSummary> {
    const key = packSummaryKey(packId);
    return this.#table(key, async () => new PackSummary(await this.#readWhole(key), format));
  }

  /** Sorts a pack's entries by offset: what copying single entries out of it needs to know. */
  order(pack: { id: string; sizeBytes: number }, index: PackIndex): Promise<PackOrder> {
    return this.#table(`${pack.id}/order`, () => orderByOffset(index, pack.sizeBytes - index.format.idBytes));
  }

  /** Keeps the tables of a pack that was just received, rather than reading them back. */
  prime(packId: string, format: ObjectFormat, index: Uint8Array, summary: Uint8Array): void {
    this.#tables.set(packIndexKey(packId), new PackIndex(index, format));
    this.#tables.set(packSummaryKey(packId), new PackSummary(summary, format));
  }

  /**
   * Reads from the middle of a pack.
   *
   * @param lengthBytes wanted; the piece is shorter where the pack ends, and may be longer
   */
  async piece(packId: string, offset: number, lengthBytes: number): Promise<PackPiece> {
    const blockBytes = limits.packBlockBytes;
    const first = Math.floor(offset / blockBytes);
    const last = Math.floor((offset + lengthBytes - 1) / blockBytes);
    const start = offset - first * blockBytes;
    if (first === last) {
      const window = await this.#block(packId, first);
      return { window, start, end: window.length };
    }
    const numbers = Array.from({ length: last - first + 1 }, (_, index) => first + index);
    const window = Buffer.concat(await Promise.all(numbers.map((number) => this.#block(packId, number))));
    return { window, start, end: window.length };
  }

  /** The same without a promise. @returns undefined unless all of it is in memory */
  pieceInMemory(packId: string, offset: number, lengthBytes: number): PackPiece | undefined {
    const blockBytes = limits.packBlockBytes;
    const first = Math.floor(offset / blockBytes);
    const start = offset - first * blockBytes;
    const blocks: Uint8Array[] = [];
    for (let number = first; number * blockBytes < offset + lengthBytes; number++) {
      const block = this.#blocks.get(`${packId}/${number}`);
      if (!block) return undefined;
      blocks.push(block);
    }
    const window = blocks.length === 1 ? (blocks[0] as Uint8Array) : Buffer.concat(blocks);
    return { window, start, end: window.length };
  }

  #block(packId: string, number: number): Promise<Uint8Array> {
    const key = `${packId}/${number}`;
    const cached = this.#blocks.get(key);
    if (cached) return Promise.resolve(cached);
    return this.#share(key, async () => {
      const range = { offset: number * limits.packBlockBytes, lengthBytes: limits.packBlockBytes };
      const block = await this.blobs.read(packKey(packId), range);
      this.#blocks.set(key, block);
      return block;
    });
  }

  #table<Table extends PackIndex | PackSummary | PackOrder>(key: string, load: () => Promise<Table>): Promise<Table> {
    const cached = this.#tables.get(key);
    if (cached) return Promise.resolve(cached as Table);
    return this.#share(key, async () => {
      const table = await load();
      this.#tables.set(key, table);
      return table;
    });
  }

  async #readWhole(key: string): Promise<Uint8Array> {
    const sizeBytes = await this.blobs.size(key);
    return this.blobs.read(key, { offset: 0, lengthBytes: sizeBytes ?? 0 });
  }

  #share<Value>(key: string, load: () => Promise<Value>): Promise<Value> {
    const underWay = this.#underWay.get(key);
    if (underWay) return underWay as Promise<Value>;
    const promise = load().finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, promise);
    return promise;
  }
}

async function orderByOffset(index: PackIndex, end: number): Promise<PackOrder> {
  const { count } = index;
  const pause = new Pause();
  let positions = new Uint32Array(count);
  for (let position = 0; position < count; position++) positions[position] = position;
  // Digit by digit, the lowest first: a sort that can pause.
  for (let divisor = 1; divisor <= end; divisor *= SORT_RADIX) {
    const next = new Uint32Array(SORT_RADIX + 1);
    const digitOf = (position: number) => Math.floor(index.offsetAt(position) / divisor) % SORT_RADIX;
    for (let position = 0; position < count; position++) {
      const bucket = digitOf(position) + 1;
      next[bucket] = (next[bucket] as number) + 1;
      if (pause.isDue) await pause.take();
    }
    for (let digit = 1; digit < SORT_RADIX; digit++)
      next[digit] = (next[digit] as number) + (next[digit - 1] as number);
    const sorted = new Uint32Array(count);
    for (const position of positions) {
      const digit = digitOf(position);
      const place = next[digit] as number;
      sorted[place] = position;
      next[digit] = place + 1;
      if (pause.isDue) await pause.take();
    }
    positions = sorted;
  }
  const offsets = new Float64Array(count + 1);
  for (let place = 0; place < count; place++) {
    offsets[place] = index.offsetAt(positions[place] as number);
    if (pause.isDue) await pause.take();
  }
  offsets[count] = end;
  return { sizeBytes: offsets.byteLength + positions.byteLength, offsets, positions };
}

const SORT_RADIX = 2 ** 16;
