/**
 * First pass over a pack that arrives in pieces: finds its entries, checks that each inflates to the size it announces, and names the
 * objects that are stored whole. Deltas are inflated only to find where they end; `FamilyResolver` applies them later.
 *
 * Memory is bounded by the largest object that must be whole in memory; blobs beyond STREAMED_BLOB_MIN_BYTES are hashed as they
 * stream by. Reads no more than what is fed and does no I/O.
 */
import { createHash, type Hash } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { toHex } from '#bytes/hex.ts';
import { CorruptPackError, LimitExceededError } from '../errors.ts';
import type { ObjectFormat } from '../object/object-id.ts';
import { objectTypeOf, TYPE_NUMBER } from '../object/object-type.ts';
import type { AttackDetector } from '../sha1/attack-detector.ts';
import { emptyEntryHeader, OFS_DELTA, REF_DELTA, readEntryHeader } from './entry-header.ts';
import { BASE_BY_ID, type EntryTable, EntryTableBuilder, NO_BASE } from './entry-table.ts';
import { Inflater } from './inflater.ts';
import { HEADROOM, hashInPlace, ObjectHasher } from './object-hasher.ts';
import { PACK_HEADER_BYTES, readPackHeader } from './pack-format.ts';

/** Blobs of this size and more are hashed in pieces and never handed to `onObject`. */
export const STREAMED_BLOB_MIN_BYTES = 16 * 1024 * 1024;

const SCRATCH_BYTES = 256 * 1024;
/** Of a parser that has seen none but small objects: most pushes bring no others. */
const SCRATCH_MIN_BYTES = 16 * 1024;

export interface PackParserLimits {
  packMaxBytes: number;
  objectsMax: number;
  objectMaxBytes: number;
  objectInMemoryMaxBytes: number;
  inflatedMaxBytes: number;
  inflationRatioMax: number;
}

/** Sees each object that is stored whole, blobs that are streamed excepted. The buffer is reused after the call. */
export type OnObject = (
  entry: number,
  typeNumber: number,
  buffer: Uint8Array,
  bodyStart: number,
  sizeBytes: number,
  ids: Uint8Array,
  idStart: number,
) => void;

export interface ParsedPack {
  readonly table: EntryTable;
  /** Bytes of the pack, trailer included. */
  readonly sizeBytes: number;
  readonly trailer: Uint8Array;
  readonly inflatedBytes: number;
  /** Ids of the bases of REF_DELTA entries: entry number → id in hex. */
  readonly baseIds: ReadonlyMap<number, string>;
}

export class PackParser {
  readonly #format: ObjectFormat;
  readonly #limits: PackParserLimits;
  readonly #onObject: OnObject;
  readonly #detector: AttackDetector | undefined;
  readonly #entries: EntryTableBuilder;
  readonly #baseIds = new Map<number, string>();
  readonly #inflater = new Inflater();
  readonly #packHash: Hash;
  readonly #header = emptyEntryHeader();
  #state: 'pack-header' | 'entry-header' | 'entry-data' | 'trailer' | 'done' = 'pack-header';
  #announcedCount = 0;

  /** Bytes fed and not used yet; at most a header or a trailer is kept from one feed to the next. */
  #window: Uint8Array = new Uint8Array(0);
  #at = 0;
  /** Where `#window[0]` lies in the pack. */
  #windowOffset = 0;
  #trailer: Uint8Array = new Uint8Array(0);

  #entry = -1;
  #typeNumber = 0;
  #sizeBytes = 0;
  #crc = 0;
  #body: Uint8Array = new Uint8Array(SCRATCH_MIN_BYTES);
  #bodyAt = 0;
  #hasher: ObjectHasher | undefined;
  #inflatedBytes = 0;

  /** @param detector is shown every object that is named here */
  constructor(format: ObjectFormat, limits: PackParserLimits, onObject: OnObject, detector?: AttackDetector) {
    this.#format = format;
    this.#limits = limits;
    this.#onObject = onObject;
    this.#detector = detector;
    this.#entries = new EntryTableBuilder(format);
    this.#packHash = createHash(format.name);
  }

  /** Whether the trailer was read: the pack is whole. */
  get isComplete(): boolean {
    return this.#state === 'done';
  }

  /**
   * Takes the next bytes of the pack.
   *
   * @throws {CorruptPackError} not a pack, cut short inside, or bytes after its trailer
   * @throws {LimitExceededError}
   */
  feed(bytes: Uint8Array): void {
    this.#refill(bytes);
    if (this.#windowOffset + this.#window.length > this.#limits.packMaxBytes) {
      throw new LimitExceededError(`pack exceeds maximum allowed size of ${this.#limits.packMaxBytes} bytes`);
    }
    const hashedFrom = this.#at;
    while (this.#step());
    const hashedTo = this.#state === 'done' ? this.#at - this.#format.idBytes : this.#at;
    this.#packHash.update(this.#window.subarray(hashedFrom, hashedTo));
    if (this.#state === 'done') this.#checkTrailer();
  }

  /**
   * @throws {CorruptPackError} the pack is not complete
   * @throws {CollisionAttackError}
   */
  finish(): ParsedPack {
    if (this.#state === 'pack-header') throw new CorruptPackError('eof before pack header was fully read');
    if (this.#state !== 'done') {
      const seen = `${this.#entries.count} of ${this.#announcedCount} objects`;
      throw new CorruptPackError(`read pack: it ends early, after ${seen}`);
    }
    this.#detector?.finish();
    const sizeBytes = this.#windowOffset + this.#at;
    return {
      table: this.#entries.finish(sizeBytes - this.#format.idBytes),
      sizeBytes,
      trailer: this.#trailer,
      inflatedBytes: this.#inflatedBytes,
      baseIds: this.#baseIds,
    };
  }

  #refill(bytes: Uint8Array): void {
    const left = this.#window.length - this.#at;
    this.#windowOffset += this.#at;
    if (left === 0) {
      this.#window = bytes;
    } else {
      const joined = new Uint8Array(left + bytes.length);
      joined.set(this.#window.subarray(this.#at));
      joined.set(bytes, left);
      this.#window = joined;
    }
    this.#at = 0;
  }

  /** @returns false when more bytes are needed, or none */
  #step(): boolean {
    switch (this.#state) {
      case 'pack-header':
        return this.#readPackHeader();
      case 'entry-header':
        return this.#readEntryHeader();
      case 'entry-data':
        return this.#readEntryData();
      case 'trailer':
        return this.#readTrailer();
      case 'done':
        if (this.#at < this.#window.length) throw new CorruptPackError('read pack: bytes after its trailer');
        return false;
    }
  }

  #readPackHeader(): boolean {
    if (this.#window.length - this.#at < PACK_HEADER_BYTES) return false;
    this.#announcedCount = readPackHeader(this.#window.subarray(this.#at, this.#at + PACK_HEADER_BYTES));
    if (this.#announcedCount > this.#limits.objectsMax) {
      throw new LimitExceededError(
        `pack announces ${this.#announcedCount} objects, more than the ${this.#limits.objectsMax} allowed`,
      );
    }
    this.#at += PACK_HEADER_BYTES;
    this.#state = this.#announcedCount > 0 ? 'entry-header' : 'trailer';
    return true;
  }

  #readEntryHeader(): boolean {
    const header = this.#header;
    const start = this.#at;
    if (!readEntryHeader(this.#window, start, this.#window.length, this.#format.idBytes, header)) return false;
    if (header.sizeBytes > this.#limits.objectMaxBytes) throw this.#tooLarge(header.sizeBytes);
    this.#inflatedBytes += header.sizeBytes;
    this.#checkInflation(start + header.headerBytes);

    const entry = this.#entries.add();
    const offset = this.#windowOffset + start;
    const arrays = this.#entries.arrays;
    arrays.offset[entry] = offset;
    arrays.size[entry] = header.sizeBytes;
    arrays.base[entry] = NO_BASE;
    if (header.typeNumber === OFS_DELTA) {
      const base = this.#entries.find(offset - header.baseDistance);
      if (base < 0 || base >= entry) {
        throw new CorruptPackError(
          `read pack entry at ${offset}: its delta base at ${offset - header.baseDistance} is no entry`,
        );
      }
      arrays.base[entry] = base;
    } else if (header.typeNumber === REF_DELTA) {
      arrays.base[entry] = BASE_BY_ID;
      this.#baseIds.set(entry, toHex(this.#window, header.baseIdStart, header.baseIdStart + this.#format.idBytes));
    } else {
      arrays.type[entry] = header.typeNumber;
    }
    this.#entry = entry;
    this.#typeNumber = header.typeNumber;
    this.#sizeBytes = header.sizeBytes;
    this.#beginData(header.headerBytes);
    return true;
  }

  #beginData(headerBytes: number): void {
    const headerEnd = this.#at + headerBytes;
    this.#crc = crc32(this.#window.subarray(this.#at, headerEnd));
    this.#at = headerEnd;
    this.#bodyAt = HEADROOM;
    this.#hasher = undefined;
    if (this.#isDelta()) {
      // Its bytes are looked at later; scratch space of any size will do.
      this.#reserveBody(Math.min(HEADROOM + this.#sizeBytes + 1, SCRATCH_BYTES));
    } else if (this.#typeNumber === TYPE_NUMBER.blob && this.#sizeBytes >= STREAMED_BLOB_MIN_BYTES) {
      this.#reserveBody(SCRATCH_BYTES);
      this.#hasher = new ObjectHasher(this.#format, this.#typeNumber, this.#sizeBytes, this.#detector);
    } else {
      if (this.#sizeBytes > this.#limits.objectInMemoryMaxBytes) throw this.#tooLarge(this.#sizeBytes);
      this.#reserveBody(HEADROOM + this.#sizeBytes + 1);
    }
    this.#inflater.reset();
    this.#producedBytes = 0;
    this.#state = 'entry-data';
  }

  #producedBytes = 0;

  #readEntryData(): boolean {
    const start = this.#at;
    let ended = false;
    do {
      // One byte of space more than the data needs shows that it ends where it should.
      const left = this.#sizeBytes - this.#producedBytes + 1;
      if (this.#isPassing() && this.#bodyAt > HEADROOM) this.#bodyAt = HEADROOM;
      const space = Math.min(left, this.#body.length - this.#bodyAt);
      this.#inflater.write(this.#window, this.#at, this.#window.length, this.#body, this.#bodyAt, this.#bodyAt + space);
      const produced = this.#inflater.producedBytes;
      this.#at += this.#inflater.consumedBytes;
      this.#producedBytes += produced;
      if (this.#producedBytes > this.#sizeBytes) throw this.#wrongSize();
      this.#hasher?.update(this.#body.subarray(this.#bodyAt, this.#bodyAt + produced));
      this.#bodyAt += produced;
      ended = this.#at < this.#window.length && produced < space;
    } while (!ended && this.#at < this.#window.length);
    this.#crc = crc32(this.#window.subarray(start, this.#at), this.#crc);
    if (!ended) return false;
    if (this.#producedBytes !== this.#sizeBytes) throw this.#wrongSize();
    this.#endEntry();
    return true;
  }

  #endEntry(): void {
    const entry = this.#entry;
    const arrays = this.#entries.arrays;
    const idStart = entry * this.#format.idBytes;
    arrays.crc[entry] = this.#crc;
    if (this.#hasher) {
      this.#hasher.finish(arrays.id, idStart);
    } else if (!this.#isDelta()) {
      hashInPlace(
        this.#format,
        this.#typeNumber,
        this.#body,
        HEADROOM,
        this.#sizeBytes,
        arrays.id,
        idStart,
        this.#detector,
      );
      this.#onObject(entry, this.#typeNumber, this.#body, HEADROOM, this.#sizeBytes, arrays.id, idStart);
    }
    this.#state = this.#entries.count < this.#announcedCount ? 'entry-header' : 'trailer';
  }

  #readTrailer(): boolean {
    const { idBytes } = this.#format;
    if (this.#window.length - this.#at < idBytes) return false;
    this.#trailer = new Uint8Array(this.#window.subarray(this.#at, this.#at + idBytes));
    this.#at += idBytes;
    this.#state = 'done';
    return true;
  }

  #checkTrailer(): void {
    const expected = this.#packHash.copy().digest();
    if (Buffer.compare(expected, this.#trailer) !== 0) {
      throw new CorruptPackError('read pack: its checksum does not match its bytes');
    }
  }

  #isDelta(): boolean {
    return this.#typeNumber >= OFS_DELTA;
  }

  /** Whether inflated bytes need not stay in memory. */
  #isPassing(): boolean {
    return this.#hasher !== undefined || this.#isDelta();
  }

  #reserveBody(bytes: number): void {
    // A buffer that one large object needed is not kept for the small ones after it.
    const keepMax = STREAMED_BLOB_MIN_BYTES * 2;
    if (this.#body.length < bytes || (this.#body.length > keepMax && bytes < keepMax)) {
      this.#body = new Uint8Array(Math.max(bytes, Math.min(this.#body.length * 2, keepMax)));
    }
  }

  #checkInflation(windowAt: number): void {
    const { inflatedMaxBytes, inflationRatioMax } = this.#limits;
    const packBytes = this.#windowOffset + windowAt;
    if (this.#inflatedBytes > inflatedMaxBytes && this.#inflatedBytes > packBytes * inflationRatioMax) {
      throw new LimitExceededError(`pack inflates to more than ${inflatedMaxBytes} bytes`);
    }
  }

  #tooLarge(sizeBytes: number): LimitExceededError {
    const kind = objectTypeOf(this.#header.typeNumber) ?? 'delta';
    const offset = this.#windowOffset + this.#at;
    return new LimitExceededError(`${kind} of ${sizeBytes} bytes in the pack at ${offset} exceeds the size allowed`);
  }

  #wrongSize(): CorruptPackError {
    const offset = this.#entries.arrays.offset[this.#entry];
    return new CorruptPackError(
      `read pack entry at ${offset}: its data does not inflate to the ${this.#sizeBytes} bytes announced`,
    );
  }
}
