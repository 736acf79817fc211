/**
 * The objects of a repository as its packs hold them. Each pack is whole by itself: a delta and its base lie in the same one.
 */
import { createInflate, type Inflate } from 'node:zlib';
import { LRUCache } from 'lru-cache';
import { fromHex, toHex } from '#bytes/hex.ts';
import { CorruptPackError, MissingObjectError, ObjectTooLargeError } from '#git/errors.ts';
import type { ObjectFormat, ObjectId } from '#git/object/object-id.ts';
import { type ObjectType, objectTypeOf } from '#git/object/object-type.ts';
import type { GitObject, ObjectHeader, ObjectStore, ObjectStream, ReadOptions } from '#git/object-store.ts';
import { applyDelta, readDeltaHeader } from '#git/pack/delta.ts';
import {
  ENTRY_HEADER_MAX_BYTES,
  emptyEntryHeader,
  OFS_DELTA,
  REF_DELTA,
  readEntryHeader,
} from '#git/pack/entry-header.ts';
import { Inflater, inflateWhole } from '#git/pack/inflater.ts';
import type { PackIndex } from '#git/pack/pack-index.ts';
import type { PackSummary } from '#git/pack/pack-summary.ts';
import type { CommitGraph } from '#git/walk/commit-graph.ts';
import { limits } from '#limits.ts';
import { packKey } from '#storage/storage-key.ts';
import type { PackFiles } from './pack-files.ts';

export interface StoredPack {
  readonly id: string;
  readonly objectCount: number;
  readonly sizeBytes: number;
}

/** A pack with its tables in memory. */
export interface LoadedPack extends StoredPack {
  readonly index: PackIndex;
  readonly summary: PackSummary;
}

/** Where an object lies. */
export interface ObjectPlace {
  readonly pack: LoadedPack;
  /** In the pack's index. */
  readonly position: number;
}

/** Inflated objects of all repositories, by pack and offset. Shared by the stores of a process. */
export type ObjectCache = LRUCache<string, GitObject>;

export function createObjectCache(maxBytes: number): ObjectCache {
  return new LRUCache({
    maxSize: maxBytes,
    maxEntrySize: limits.cachedObjectMaxBytes,
    sizeCalculation: (object) => object.body.length + 128,
  });
}

export class PackedObjectStore implements ObjectStore {
  readonly format: ObjectFormat;
  readonly #packs: readonly StoredPack[];
  readonly #files: PackFiles;
  readonly #cache: ObjectCache;
  readonly #loadGraph: (packs: readonly LoadedPack[]) => Promise<CommitGraph>;
  readonly #inflater = new Inflater();
  #loaded: Promise<readonly LoadedPack[]> | undefined;
  #loadedNow: readonly LoadedPack[] | undefined;
  #lastHit: LoadedPack | undefined;

  /** @param packs newest last */
  constructor(
    format: ObjectFormat,
    packs: readonly StoredPack[],
    files: PackFiles,
    cache: ObjectCache,
    loadGraph: (packs: readonly LoadedPack[]) => Promise<CommitGraph>,
  ) {
    this.format = format;
    this.#packs = packs;
    this.#files = files;
    this.#cache = cache;
    this.#loadGraph = loadGraph;
  }

  get objectCount(): number {
    return this.#packs.reduce((count, pack) => count + pack.objectCount, 0);
  }

  /** All packs with their tables, newest last. */
  load(): Promise<readonly LoadedPack[]> {
    this.#loaded ??= Promise.all(this.#packs.map((pack) => this.#loadPack(pack))).then(
      (packs) => {
        this.#loadedNow = packs;
        return packs;
      },
      (error: unknown) => {
        this.#loaded = undefined;
        throw error;
      },
    );
    return this.#loaded;
  }

  /** Finds an object in the tables, which `load` has brought in. The pack that had the last one is asked first, then the newest. */
  locate(id: Uint8Array, idStart = 0): ObjectPlace | undefined {
    if (this.#lastHit) {
      const position = this.#lastHit.index.find(id, idStart);
      if (position >= 0) return { pack: this.#lastHit, position };
    }
    const place = this.locateNewest(id, idStart);
    if (place) this.#lastHit = place.pack;
    return place;
  }

  /** The same in the newest pack that has it, whatever was asked before. */
  locateNewest(id: Uint8Array, idStart = 0): ObjectPlace | undefined {
    const packs = this.#loadedNow as readonly LoadedPack[];
    for (let index = packs.length - 1; index >= 0; index--) {
      const pack = packs[index] as LoadedPack;
      const position = pack.index.find(id, idStart);
      if (position >= 0) return { pack, position };
    }
    return undefined;
  }

  async header(id: ObjectId): Promise<ObjectHeader | undefined> {
    const place = await this.#find(id);
    return place && headerAt(place);
  }

  async read(id: ObjectId, options: ReadOptions = {}): Promise<GitObject> {
    const place = await this.#find(id);
    if (!place) throw new MissingObjectError(id);
    const { sizeBytes } = headerAt(place);
    if (sizeBytes > (options.sizeMaxBytes ?? limits.objectInMemoryMaxBytes)) {
      throw new ObjectTooLargeError(`read object ${id}: its ${sizeBytes} bytes are too many to hold in memory`);
    }
    return this.#readAt(place.pack, place.pack.index.offsetAt(place.position));
  }

  async readMany(ids: readonly ObjectId[]): Promise<GitObject[]> {
    const objects: GitObject[] = [];
    for (let start = 0; start < ids.length; start += READ_MANY_AT_ONCE) {
      const some = ids.slice(start, start + READ_MANY_AT_ONCE).map((id) => this.read(id));
      objects.push(...(await Promise.all(some)));
    }
    return objects;
  }

  async stream(id: ObjectId, signal?: AbortSignal): Promise<ObjectStream> {
    const place = await this.#find(id);
    if (!place) throw new MissingObjectError(id);
    const { type, sizeBytes } = headerAt(place);
    const offset = place.pack.index.offsetAt(place.position);
    if (sizeBytes > limits.objectStreamMinBytes) {
      const header = await this.#entryHeader(place.pack, offset);
      if (header.typeNumber < OFS_DELTA) {
        return { type, sizeBytes, body: this.#inflateStream(place.pack, offset + header.headerBytes, signal) };
      }
    }
    const { body } = await this.#readAt(place.pack, offset);
    return { type, sizeBytes, body: slices(body) };
  }

  async findByPrefix(prefix: string, countMax: number): Promise<ObjectId[]> {
    const low = fromHex(prefix.length % 2 === 0 ? prefix : `${prefix}0`);
    const found = new Set<ObjectId>();
    for (const { index } of await this.load()) {
      for (let position = index.lowerBound(low); position < index.count && found.size < countMax; position++) {
        const id = toHex(index.idAt(position));
        if (!id.startsWith(prefix)) break;
        found.add(id);
      }
    }
    return [...found];
  }

  async commitGraph(): Promise<CommitGraph> {
    return this.#loadGraph(await this.load());
  }

  async #loadPack(pack: StoredPack): Promise<LoadedPack> {
    const [index, summary] = await Promise.all([
      this.#files.index(pack.id, this.format),
      this.#files.summary(pack.id, this.format),
    ]);
    return { ...pack, index, summary };
  }

  async #find(id: ObjectId): Promise<ObjectPlace | undefined> {
    if (!this.#loadedNow) await this.load();
    return this.locate(fromHex(id));
  }

  /** Reads an object through its chain of deltas. */
  async #readAt(pack: LoadedPack, offset: number): Promise<GitObject> {
    const deltas: { offset: number; bytes: Uint8Array }[] = [];
    let at = offset;
    let object = this.#cache.get(cacheKey(pack, at));
    while (!object) {
      const header = await this.#entryHeader(pack, at);
      const bytes = await this.#inflate(pack, at + header.headerBytes, header.sizeBytes);
      const type = objectTypeOf(header.typeNumber);
      if (type) {
        object = this.#keep(pack, at, { type, body: bytes });
        break;
      }
      if (deltas.length >= limits.deltaDepthMax)
        throw new CorruptPackError(`read pack "${pack.id}": endless delta chain`);
      deltas.push({ offset: at, bytes });
      at = header.baseOffset;
      object = this.#cache.get(cacheKey(pack, at));
    }
    for (let delta = deltas.pop(); delta; delta = deltas.pop()) {
      object = this.#keep(pack, delta.offset, { type: object.type, body: patch(object.body, delta.bytes) });
    }
    return object;
  }

  #keep(pack: LoadedPack, offset: number, object: GitObject): GitObject {
    this.#cache.set(cacheKey(pack, offset), object);
    return object;
  }

  async #entryHeader(pack: LoadedPack, offset: number) {
    const piece = await this.#files.piece(pack.id, offset, ENTRY_HEADER_MAX_BYTES);
    const header = { ...emptyEntryHeader(), baseOffset: -1 };
    if (!readEntryHeader(piece.window, piece.start, piece.end, this.format.idBytes, header)) {
      throw new CorruptPackError(`read pack "${pack.id}" at ${offset}: header cut short`);
    }
    if (header.typeNumber === OFS_DELTA) header.baseOffset = offset - header.baseDistance;
    if (header.typeNumber === REF_DELTA) {
      const position = pack.index.find(piece.window, header.baseIdStart);
      if (position < 0)
        throw new CorruptPackError(`read pack "${pack.id}" at ${offset}: its delta base is in another pack`);
      header.baseOffset = pack.index.offsetAt(position);
    }
    return header;
  }

  async #inflate(pack: LoadedPack, dataOffset: number, sizeBytes: number): Promise<Uint8Array> {
    const output = uninitialised(sizeBytes + 1);
    // No sane compressor makes data longer than this; for an insane one, read on.
    for (let guess = sizeBytes + (sizeBytes >>> 8) + 64; ; guess *= 2) {
      const piece = await this.#files.piece(pack.id, dataOffset, Math.min(guess, pack.sizeBytes - dataOffset));
      try {
        inflateWhole(this.#inflater, piece.window, piece.start, piece.end, output, 0, sizeBytes);
        return output.subarray(0, sizeBytes);
      } catch (error) {
        if (guess >= pack.sizeBytes - dataOffset) throw error;
      }
    }
  }

  async *#inflateStream(pack: LoadedPack, dataOffset: number, signal?: AbortSignal): AsyncIterable<Uint8Array> {
    const range = { offset: dataOffset, lengthBytes: pack.sizeBytes - dataOffset };
    const inflate = createInflate({ chunkSize: 256 * 1024 });
    const feed = (async () => {
      for await (const bytes of this.#files.blobs.stream(packKey(pack.id), range, { signal })) {
        if (inflate.destroyed || inflate.readableEnded) return;
        if (!inflate.write(bytes)) await drained(inflate);
      }
      inflate.end();
    })().catch((error: unknown) => inflate.destroy(error as Error));
    try {
      yield* inflate as AsyncIterable<Uint8Array>;
    } finally {
      inflate.destroy();
      await feed;
    }
  }
}

const READ_MANY_AT_ONCE = 64;
const SLICE_BYTES = 256 * 1024;

export function headerAt({ pack, position }: ObjectPlace): ObjectHeader {
  return {
    type: objectTypeOf(pack.summary.types[position] as number) as ObjectType,
    sizeBytes: pack.summary.sizes[position] as number,
  };
}

/** Resolves when more may be written, or nobody reads on. */
function drained(inflate: Inflate): Promise<void> {
  return new Promise((resolve) => {
    const settle = () => {
      inflate.off('drain', settle).off('close', settle);
      resolve();
    };
    inflate.on('drain', settle).on('close', settle);
  });
}

function cacheKey(pack: LoadedPack, offset: number): string {
  return `${pack.id}/${offset}`;
}

/** Memory of its own that is about to be overwritten: for trees by the gigabyte, clearing it first takes seconds. */
function uninitialised(sizeBytes: number): Uint8Array {
  return new Uint8Array(Buffer.allocUnsafeSlow(sizeBytes).buffer);
}

function patch(base: Uint8Array, delta: Uint8Array): Uint8Array {
  const header = { baseSizeBytes: 0, resultSizeBytes: 0, instructionsStart: 0 };
  readDeltaHeader(delta, 0, delta.length, header);
  if (header.baseSizeBytes !== base.length) throw new CorruptPackError('apply delta: its base has another size');
  const result = uninitialised(header.resultSizeBytes);
  applyDelta(base, 0, base.length, delta, header.instructionsStart, delta.length, result, 0, header.resultSizeBytes);
  return result;
}

async function* slices(body: Uint8Array): AsyncIterable<Uint8Array> {
  for (let start = 0; start < body.length; start += SLICE_BYTES) yield body.subarray(start, start + SLICE_BYTES);
}
