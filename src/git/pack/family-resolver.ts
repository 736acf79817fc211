/**
 * Second pass over a pack: applies deltas. Walks each family depth first with an explicit stack, so an object is inflated once and
 * each delta is applied once, however deep the chain; the objects on the path to the current one are all that is in memory.
 * When they outgrow the budget, those nearest to the root are dropped and derived again when a sibling needs them
 * (as index-pack does with `core.deltaBaseCacheLimit`).
 */
import { CorruptPackError, LimitExceededError } from '../errors.ts';
import { TYPE_NUMBER } from '../object/object-type.ts';
import type { AttackDetector } from '../sha1/attack-detector.ts';
import { BufferPool } from './buffer-pool.ts';
import { applyDelta, type DeltaHeader, readDeltaHeader } from './delta.ts';
import type { DeltaFamilies } from './delta-families.ts';
import { emptyEntryHeader, readEntryHeader } from './entry-header.ts';
import { deltaChain, EntryReader } from './entry-reader.ts';
import type { EntrySource } from './entry-source.ts';
import { type EntryTable, NO_BASE } from './entry-table.ts';
import { Inflater, inflateWhole } from './inflater.ts';
import { HEADROOM, hashInPlace, hashLater } from './object-hasher.ts';
import type { PackInspector } from './pack-inspector.ts';
import { TreeBoundaries } from './tree-inspector.ts';

export interface FamilyResolverLimits {
  objectInMemoryMaxBytes: number;
  deltaDepthMax: number;
  /** Objects held on the path from a root; beyond it they are derived again. */
  pathMaxBytes: number;
  /** Inflated bytes of the deltas' results, repetitions included. */
  inflatedMaxBytes: number;
}

interface Frame {
  entry: number;
  /** Undefined after it was dropped. The body begins at HEADROOM. */
  buffer: Uint8Array | undefined;
  sizeBytes: number;
  nextChild: number;
  /** Of a tree: where its entries begin. */
  boundaries: TreeBoundaries | undefined;
}

const POOL_KEEP_BYTES = 32 * 1024 * 1024;
/** Entries between two looks at whether the work is still wanted. */
const CANCEL_CHECK_ENTRIES = 256;

export class FamilyResolver {
  readonly #table: EntryTable;
  readonly #families: DeltaFamilies;
  readonly #source: EntrySource;
  readonly #inspector: PackInspector;
  readonly #limits: FamilyResolverLimits;
  readonly #isCancelled: () => boolean;
  readonly #detector: AttackDetector | undefined;
  readonly #reader: EntryReader;
  readonly #inflater = new Inflater();
  readonly #pool = new BufferPool(POOL_KEEP_BYTES);
  readonly #header = emptyEntryHeader();
  readonly #deltaHeader: DeltaHeader = { baseSizeBytes: 0, resultSizeBytes: 0, instructionsStart: 0 };
  readonly #spareBoundaries: TreeBoundaries[] = [];
  #delta: Uint8Array = new Uint8Array(4 * 1024);
  #deltaSizeBytes = 0;
  #pathBytes = 0;
  /** Deltas between the root and the whole object that it stands on itself. */
  #rootDepth = 0;
  #untilCancelCheck = CANCEL_CHECK_ENTRIES;
  inflatedBytes = 0;

  constructor(
    table: EntryTable,
    families: DeltaFamilies,
    source: EntrySource,
    inspector: PackInspector,
    limits: FamilyResolverLimits,
    isCancelled: () => boolean,
    detector?: AttackDetector,
  ) {
    this.#table = table;
    this.#families = families;
    this.#source = source;
    this.#reader = new EntryReader(table, source);
    this.#inspector = inspector;
    this.#limits = limits;
    this.#isCancelled = isCancelled;
    this.#detector = detector;
  }

  /**
   * Resolves every delta below `root`, whose type, size and id are known: fills in the table and shows each object to the inspector.
   *
   * @throws {CorruptPackError} a delta that does not fit its base
   * @throws {LimitExceededError}
   */
  resolve(root: number): void {
    const stack: Frame[] = [];
    this.#rootDepth = deltaChain(this.#table, root).length - 1;
    this.#checkDepth(0);
    try {
      stack.push(this.#openRoot(root));
      for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
        if (top.nextChild < 0) this.#close(stack.pop() as Frame);
        else this.#descend(stack, top);
      }
    } finally {
      for (const frame of stack) this.#close(frame);
    }
  }

  #openRoot(root: number): Frame {
    const sizeBytes = this.#table.size[root] as number;
    const buffer = this.#takeBuffer(sizeBytes);
    // A delta is a root when others name it by its id, which was unknown until it was resolved.
    if (this.#table.base[root] === NO_BASE) this.#inflateEntry(root, buffer, HEADROOM, sizeBytes);
    else buffer.set(this.#reader.read(root), HEADROOM);
    const frame: Frame = {
      entry: root,
      buffer,
      sizeBytes,
      nextChild: this.#families.firstChild[root] as number,
      boundaries: undefined,
    };
    if (this.#table.type[root] === TYPE_NUMBER.tree) {
      frame.boundaries = this.#takeBoundaries();
      this.#inspector.trees.scan(buffer, HEADROOM, sizeBytes, frame.boundaries);
    }
    return frame;
  }

  #descend(stack: Frame[], parent: Frame): void {
    this.#checkCancelled();
    const child = parent.nextChild;
    parent.nextChild = this.#families.nextSibling[child] as number;
    if (!parent.buffer) this.#deriveAgain(stack, parent);
    const frame = this.#applyTo(parent, child);
    this.#record(parent, frame);
    // A parent without further children is needed no more: a chain costs two buffers, however long it is.
    if (parent.nextChild < 0) this.#drop(parent);
    frame.nextChild = this.#families.firstChild[child] as number;
    if (frame.nextChild < 0) {
      this.#close(frame);
      return;
    }
    this.#checkDepth(stack.length);
    stack.push(frame);
    this.#shrinkPath(stack);
  }

  /** Inflates a delta and applies it to its parent's body. */
  #applyTo(parent: Frame, child: number): Frame {
    this.#readDelta(child);
    const { baseSizeBytes, resultSizeBytes, instructionsStart } = this.#deltaHeader;
    if (baseSizeBytes !== parent.sizeBytes) {
      throw new CorruptPackError(
        `apply delta at ${this.#table.offset[child]}: its base has ${parent.sizeBytes} bytes, not the ${baseSizeBytes} it names`,
      );
    }
    const buffer = this.#takeBuffer(resultSizeBytes);
    const body = parent.buffer as Uint8Array;
    applyDelta(
      body,
      HEADROOM,
      parent.sizeBytes,
      this.#delta,
      instructionsStart,
      this.#deltaSizeBytes,
      buffer,
      HEADROOM,
      resultSizeBytes,
    );
    return { entry: child, buffer, sizeBytes: resultSizeBytes, nextChild: -1, boundaries: undefined };
  }

  /** Names the object and shows it to the inspector. The delta that made it is still at hand. */
  #record(parent: Frame, frame: Frame): void {
    const table = this.#table;
    const typeNumber = table.type[parent.entry] as number;
    const buffer = frame.buffer as Uint8Array;
    const idStart = frame.entry * table.format.idBytes;
    if (this.#detector) hashLater(typeNumber, buffer, HEADROOM, frame.sizeBytes, table.id, idStart, this.#detector);
    else hashInPlace(table.format, typeNumber, buffer, HEADROOM, frame.sizeBytes, table.id, idStart);
    table.size[frame.entry] = frame.sizeBytes;
    table.type[frame.entry] = typeNumber;
    if (typeNumber !== TYPE_NUMBER.tree) {
      this.#inspector.inspect(frame.entry, typeNumber, buffer, HEADROOM, frame.sizeBytes, table.id, idStart);
      return;
    }
    frame.boundaries = this.#takeBoundaries();
    this.#inspector.trees.entry = frame.entry;
    this.#inspector.trees.inspectDelta(
      parent.boundaries as TreeBoundaries,
      this.#delta,
      this.#deltaHeader.instructionsStart,
      this.#deltaSizeBytes,
      buffer,
      HEADROOM,
      frame.sizeBytes,
      frame.boundaries,
      table.id,
      idStart,
    );
  }

  /** Computes the body of a frame whose buffer was dropped, from the nearest ancestor that still has one. */
  #deriveAgain(stack: readonly Frame[], frame: Frame): void {
    const index = stack.indexOf(frame);
    let from = index;
    while (from > 0 && !(stack[from] as Frame).buffer) from--;
    const first = stack[from] as Frame;
    let body = first.buffer;
    if (!body) {
      body = this.#takeBuffer(first.sizeBytes);
      this.#inflateEntry(first.entry, body, HEADROOM, first.sizeBytes);
    }
    for (let at = from; at < index; at++) {
      const base = stack[at] as Frame;
      const derived = this.#applyTo({ ...base, buffer: body }, (stack[at + 1] as Frame).entry);
      if (body !== base.buffer) this.#giveBack(body);
      body = derived.buffer as Uint8Array;
    }
    frame.buffer = body;
  }

  #readDelta(entry: number): void {
    const header = this.#readHeader(entry);
    if (header.sizeBytes > this.#limits.objectInMemoryMaxBytes) throw this.#tooLarge(entry, header.sizeBytes);
    if (this.#delta.length < header.sizeBytes + 1) this.#delta = new Uint8Array(header.sizeBytes * 2 + 1);
    this.#deltaSizeBytes = header.sizeBytes;
    this.#inflate(entry, this.#delta, 0, header.sizeBytes);
    readDeltaHeader(this.#delta, 0, header.sizeBytes, this.#deltaHeader);
    if (this.#deltaHeader.resultSizeBytes > this.#limits.objectInMemoryMaxBytes) {
      throw this.#tooLarge(entry, this.#deltaHeader.resultSizeBytes);
    }
  }

  #inflateEntry(entry: number, into: Uint8Array, start: number, sizeBytes: number): void {
    this.#readHeader(entry);
    this.#inflate(entry, into, start, sizeBytes);
  }

  #readHeader(entry: number) {
    const { offset, format } = this.#table;
    const source = this.#source;
    source.locate(offset[entry] as number, offset[entry + 1] as number);
    if (!readEntryHeader(source.window, source.start, source.end, format.idBytes, this.#header)) {
      throw new CorruptPackError(`read pack entry at ${offset[entry]}: header cut short`);
    }
    return this.#header;
  }

  /** Inflates the entry that `#readHeader` located. */
  #inflate(entry: number, into: Uint8Array, start: number, sizeBytes: number): void {
    const source = this.#source;
    const dataStart = source.start + this.#header.headerBytes;
    const consumed = inflateWhole(this.#inflater, source.window, dataStart, source.end, into, start, sizeBytes);
    if (dataStart + consumed !== source.end) {
      throw new CorruptPackError(`read pack entry at ${this.#table.offset[entry]}: it changed while it was read back`);
    }
  }

  #takeBuffer(bodyBytes: number): Uint8Array {
    if (bodyBytes > this.#limits.objectInMemoryMaxBytes) {
      throw new LimitExceededError(`delta base of ${bodyBytes} bytes exceeds the size allowed`);
    }
    this.inflatedBytes += bodyBytes;
    if (this.inflatedBytes > this.#limits.inflatedMaxBytes) {
      throw new LimitExceededError('pack inflates to more bytes than a push may have');
    }
    const buffer = this.#pool.take(HEADROOM + bodyBytes + 1);
    this.#pathBytes += buffer.length;
    return buffer;
  }

  #giveBack(buffer: Uint8Array): void {
    this.#pathBytes -= buffer.length;
    this.#pool.release(buffer);
  }

  #takeBoundaries(): TreeBoundaries {
    return this.#spareBoundaries.pop() ?? new TreeBoundaries();
  }

  #drop(frame: Frame): void {
    if (frame.buffer) this.#giveBack(frame.buffer);
    frame.buffer = undefined;
  }

  #close(frame: Frame): void {
    this.#drop(frame);
    if (frame.boundaries) this.#spareBoundaries.push(frame.boundaries);
    frame.boundaries = undefined;
  }

  #shrinkPath(stack: readonly Frame[]): void {
    for (let index = 0; this.#pathBytes > this.#limits.pathMaxBytes && index < stack.length - 1; index++) {
      this.#drop(stack[index] as Frame);
    }
  }

  /** @param depth below the root, of an entry with deltas on it */
  #checkDepth(depth: number): void {
    if (this.#rootDepth + depth < this.#limits.deltaDepthMax) return;
    throw new CorruptPackError(`resolve deltas: a chain is longer than ${this.#limits.deltaDepthMax}`);
  }

  #checkCancelled(): void {
    if (--this.#untilCancelCheck > 0) return;
    this.#untilCancelCheck = CANCEL_CHECK_ENTRIES;
    if (this.#isCancelled()) throw new DOMException('resolving the pack was cancelled', 'AbortError');
  }

  #tooLarge(entry: number, sizeBytes: number): LimitExceededError {
    return new LimitExceededError(
      `delta of ${sizeBytes} bytes in the pack at ${this.#table.offset[entry]} exceeds the size allowed`,
    );
  }
}
