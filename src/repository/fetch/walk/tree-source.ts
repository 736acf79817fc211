/**
 * Trees for walks that read hundreds of thousands of them. A tree is a number, not a name, and is read without a promise where the
 * part of the pack that it needs is in memory, as it is for nearly all.
 */
import { toHex } from '#bytes/hex.ts';
import { CorruptObjectError, CorruptPackError, MissingObjectError, ObjectTooLargeError } from '#git/errors.ts';
import type { ObjectFormat } from '#git/object/object-id.ts';
import { applyDelta, readDeltaHeader } from '#git/pack/delta.ts';
import {
  ENTRY_HEADER_MAX_BYTES,
  emptyEntryHeader,
  OFS_DELTA,
  REF_DELTA,
  readEntryHeader,
} from '#git/pack/entry-header.ts';
import { Inflater, inflateWhole } from '#git/pack/inflater.ts';
import { IdTable } from '#git/walk/id-table.ts';
import { limits } from '#limits.ts';
import type { PackFiles, PackPiece } from '../../pack-files.ts';
import { headerAt, type LoadedPack, type ObjectPlace, type PackedObjectStore } from '../../packed-object-store.ts';
import { type HeldTree, TreeCache } from './tree-cache.ts';

/** A tree, and those that it is compared with. */
export type TreeWithOthers = readonly [HeldTree, ...HeldTree[]];

/** A piece of a pack that is not in memory. */
interface Lack {
  readonly pack: LoadedPack;
  readonly offset: number;
  readonly lengthBytes: number;
}

/** An entry on the way from a tree to the whole one that it is a delta of. */
interface ChainLink {
  readonly offset: number;
  readonly dataOffset: number;
  readonly sizeBytes: number;
}

const DATA_STEP_BYTES = 64 * 1024;

export class TreeSource {
  readonly format: ObjectFormat;
  readonly #objects: PackedObjectStore;
  readonly #files: PackFiles;
  readonly #cache: TreeCache;
  readonly #inflater = new Inflater();
  readonly #ids: IdTable;
  /** By number, once the tree has been looked for: which of the packs has it, from 1 on, and where. */
  #packNumbers = new Uint32Array(1024);
  #offsets = new Float64Array(1024);
  readonly #packs: LoadedPack[] = [];
  readonly #entry = { ...emptyEntryHeader(), baseOffset: -1 };
  readonly #deltaHeader = { baseSizeBytes: 0, resultSizeBytes: 0, instructionsStart: 0 };
  /** Of one entry, inflated. */
  #data = new Uint8Array(DATA_STEP_BYTES);
  #lack: Lack | undefined;

  /** @param objects loaded */
  constructor(objects: PackedObjectStore, files: PackFiles, cacheMaxBytes: number) {
    this.format = objects.format;
    this.#objects = objects;
    this.#files = files;
    this.#cache = new TreeCache(cacheMaxBytes);
    this.#ids = new IdTable(objects.format);
  }

  numberOf(ids: Uint8Array, idStart: number): number {
    return this.#ids.add(ids, idStart);
  }

  /**
   * @returns undefined when something is not in memory: `bringIn`, and ask again
   * @throws {MissingObjectError} @throws {CorruptObjectError} it is no tree @throws {ObjectTooLargeError} @throws {CorruptPackError}
   */
  read(number: number): HeldTree | undefined {
    if (!this.#packNumbers[number]) this.#locate(number);
    const pack = this.#packs[(this.#packNumbers[number] as number) - 1] as LoadedPack;
    const offset = this.#offsets[number] as number;
    return this.#cache.find(pack.id, offset) ?? this.#readAt(pack, offset);
  }

  /** Of the trees, by number, one slot after another. Valid until the next `numberOf`. */
  get ids(): Uint8Array {
    return this.#ids.ids;
  }

  /** The same for several trees. */
  readAll(number: number, others: readonly number[]): TreeWithOthers | undefined {
    const tree = this.read(number);
    if (!tree) return undefined;
    const trees: [HeldTree, ...HeldTree[]] = [tree];
    for (const other of others) {
      const found = this.read(other);
      if (!found) return undefined;
      trees.push(found);
    }
    return trees;
  }

  async bringIn(): Promise<void> {
    if (!this.#lack) return;
    const { pack, offset, lengthBytes } = this.#lack;
    this.#lack = undefined;
    await this.#files.piece(pack.id, offset, lengthBytes);
  }

  #locate(number: number): void {
    const { pack, position } = this.#find(number);
    if (!this.#packs.includes(pack)) this.#packs.push(pack);
    if (number >= this.#offsets.length) {
      const capacity = Math.max(number + 1, this.#offsets.length * 2);
      const [packNumbers, offsets] = [new Uint32Array(capacity), new Float64Array(capacity)];
      packNumbers.set(this.#packNumbers);
      offsets.set(this.#offsets);
      this.#packNumbers = packNumbers;
      this.#offsets = offsets;
    }
    this.#packNumbers[number] = this.#packs.indexOf(pack) + 1;
    this.#offsets[number] = pack.index.offsetAt(position);
  }

  #find(number: number): ObjectPlace {
    const { idBytes } = this.format;
    const { ids } = this.#ids;
    const place = this.#objects.locate(ids, number * idBytes);
    const id = () => toHex(ids, number * idBytes, (number + 1) * idBytes);
    if (!place) throw new MissingObjectError(id());
    const { type, sizeBytes } = headerAt(place);
    if (type !== 'tree') throw new CorruptObjectError(`read tree ${id()}: it is a ${type}`);
    if (sizeBytes > limits.objectInMemoryMaxBytes) {
      throw new ObjectTooLargeError(`read object ${id()}: its ${sizeBytes} bytes are too many to hold in memory`);
    }
    return place;
  }

  #readAt(pack: LoadedPack, start: number): HeldTree | undefined {
    const chain: ChainLink[] = [];
    let tree: HeldTree | undefined;
    for (let offset = start; !tree; ) {
      if (chain.length > limits.deltaDepthMax)
        throw new CorruptPackError(`read pack "${pack.id}": endless delta chain`);
      if (!this.#readHeader(pack, offset)) return undefined;
      const { typeNumber, sizeBytes, headerBytes, baseOffset } = this.#entry;
      const link = { offset, dataOffset: offset + headerBytes, sizeBytes };
      if (typeNumber < OFS_DELTA) {
        tree = this.#readWhole(pack, link);
        if (!tree) return undefined;
        break;
      }
      chain.push(link);
      offset = baseOffset;
      tree = this.#cache.find(pack.id, offset);
    }
    for (let link = chain.pop(); link; link = chain.pop()) {
      const next: HeldTree | undefined = this.#patch(pack, tree, link);
      if (!next) return undefined;
      tree = next;
    }
    return tree;
  }

  /** @returns false for want of a piece */
  #readHeader(pack: LoadedPack, offset: number): boolean {
    const piece = this.#piece(pack, offset, Math.min(ENTRY_HEADER_MAX_BYTES, pack.sizeBytes - offset));
    if (!piece) return false;
    const header = this.#entry;
    if (!readEntryHeader(piece.window, piece.start, piece.end, this.format.idBytes, header)) {
      throw new CorruptPackError(`read pack "${pack.id}" at ${offset}: header cut short`);
    }
    if (header.typeNumber === OFS_DELTA) header.baseOffset = offset - header.baseDistance;
    if (header.typeNumber === REF_DELTA) {
      const position = pack.index.find(piece.window, header.baseIdStart);
      if (position < 0) {
        throw new CorruptPackError(`read pack "${pack.id}" at ${offset}: its delta base is in another pack`);
      }
      header.baseOffset = pack.index.offsetAt(position);
    }
    return true;
  }

  #readWhole(pack: LoadedPack, link: ChainLink): HeldTree | undefined {
    if (!this.#inflate(pack, link)) return undefined;
    const { offset, sizeBytes } = link;
    return this.#cache.put(pack.id, offset, sizeBytes, (into, start) => {
      into.set(this.#data.subarray(0, sizeBytes), start);
    });
  }

  #patch(pack: LoadedPack, base: HeldTree, link: ChainLink): HeldTree | undefined {
    if (!this.#inflate(pack, link)) return undefined;
    const { offset, sizeBytes } = link;
    readDeltaHeader(this.#data, 0, sizeBytes, this.#deltaHeader);
    const { baseSizeBytes, resultSizeBytes, instructionsStart } = this.#deltaHeader;
    if (baseSizeBytes !== base.bytes.length) throw new CorruptPackError('apply delta: its base has another size');
    requireReadable(pack, offset, resultSizeBytes);
    return this.#cache.put(pack.id, offset, resultSizeBytes, (into, start) => {
      const { bytes } = base;
      applyDelta(bytes, 0, bytes.length, this.#data, instructionsStart, sizeBytes, into, start, resultSizeBytes);
    });
  }

  /** Inflates an entry into `#data`. @returns false for want of a piece */
  #inflate(pack: LoadedPack, { offset, dataOffset, sizeBytes }: ChainLink): boolean {
    requireReadable(pack, offset, sizeBytes);
    const roundedBytes = Math.ceil((sizeBytes + 1) / DATA_STEP_BYTES) * DATA_STEP_BYTES;
    if (this.#data.length < roundedBytes) this.#data = new Uint8Array(roundedBytes);
    const restBytes = pack.sizeBytes - dataOffset;
    // No sane compressor makes data longer than this; for an insane one, read on.
    for (let guess = sizeBytes + (sizeBytes >>> 8) + 64; ; guess *= 2) {
      const piece = this.#piece(pack, dataOffset, Math.min(guess, restBytes));
      if (!piece) return false;
      try {
        inflateWhole(this.#inflater, piece.window, piece.start, piece.end, this.#data, 0, sizeBytes);
        return true;
      } catch (error) {
        if (guess >= restBytes) throw error;
      }
    }
  }

  #piece(pack: LoadedPack, offset: number, lengthBytes: number): PackPiece | undefined {
    const piece = this.#files.pieceInMemory(pack.id, offset, lengthBytes);
    if (!piece) this.#lack = { pack, offset, lengthBytes };
    return piece;
  }
}

/** Reads trees that are not all in memory. */
export async function readTrees(
  source: TreeSource,
  number: number,
  others: readonly number[],
): Promise<TreeWithOthers> {
  for (;;) {
    await source.bringIn();
    const trees = source.readAll(number, others);
    if (trees) return trees;
  }
}

function requireReadable(pack: LoadedPack, offset: number, sizeBytes: number): void {
  if (sizeBytes <= limits.objectInMemoryMaxBytes) return;
  throw new ObjectTooLargeError(
    `read pack "${pack.id}" at ${offset}: ${sizeBytes} bytes are too many to hold in memory`,
  );
}
