/**
 * The second pass over a pack that was parsed: has its deltas resolved by the threads, reading back what is no longer in memory, and finds the bases of
 * those that name them by id, in the pack or in the repository.
 */
import { fromHex, toHex } from '#bytes/hex.ts';
import { CorruptPackError, LimitExceededError } from '#git/errors.ts';
import type { FsckOptions } from '#git/fsck/finding.ts';
import type { ObjectId } from '#git/object/object-id.ts';
import { TYPE_NUMBER } from '#git/object/object-type.ts';
import type { ObjectStore } from '#git/object-store.ts';
import { type DeltaFamilies, linkFamilies, visitFamily } from '#git/pack/delta-families.ts';
import { ENTRY_HEADER_MAX_BYTES, emptyEntryHeader, readEntryHeader } from '#git/pack/entry-header.ts';
import { deltaChain } from '#git/pack/entry-reader.ts';
import { EntrySource, type PackSegment } from '#git/pack/entry-source.ts';
import { type EntryTable, NO_BASE } from '#git/pack/entry-table.ts';
import type { Inspection } from '#git/pack/pack-inspector.ts';
import { PendingDeltas } from '#git/pack/pending-deltas.ts';
import { type PackRange, type ResolveBatch, rangesOf } from '#git/pack/resolve-plan.ts';
import { type AppendedObject, appendObjects, findSuperfluous } from '#git/pack/thin-completion.ts';
import { limits } from '#limits.ts';
import type { BlobStore } from '#storage/blob-store.ts';
import type { IncomingPack } from './incoming-pack.ts';
import type { IngestLimits } from './ingest-limits.ts';
import type { ParseResult, RootKind } from './ingest-messages.ts';
import type { IngestThreads } from './ingest-threads.ts';

/**
 * A base that is appended is one more object that the push brings: whoever could name any object of the packs there could fetch it
 * afterwards. So it counts only when the pusher could see it, as with all that a push refers to.
 */
export interface ThinBases {
  /** @param ids one slot after another @returns numbers of the slots that must not be stood on */
  findInvisible(ids: Uint8Array): Promise<number[]>;
}

export interface ResolutionContext {
  readonly blobs: BlobStore;
  /** Where the pack is in storage, once it is. */
  readonly key: string;
  readonly threads: IngestThreads;
  /** Where the bases of a thin pack are. */
  readonly objects: ObjectStore;
  readonly bases: ThinBases | undefined;
  readonly fsck: FsckOptions;
  readonly limits: IngestLimits;
  readonly signal: AbortSignal;
  /** One flag that stops the threads when it is not 0. */
  readonly cancel: Int32Array<SharedArrayBuffer>;
  readonly onProgress: (line: string) => void;
}

export class PackResolution {
  readonly #context: ResolutionContext;
  readonly #incoming: IncomingPack;
  #inflatedBytes = 0;
  #inflatedMaxBytes = 0;
  readonly inspections: Inspection[] = [];
  /** What makes a thin pack whole, to stand where its trailer stood. */
  appended: PackSegment | undefined;

  constructor(context: ResolutionContext, incoming: IncomingPack) {
    this.#context = context;
    this.#incoming = incoming;
  }

  /**
   * @returns the table of the whole pack, every entry with its type and id
   * @throws {GitError}
   */
  async resolve(parsed: ParseResult): Promise<EntryTable> {
    this.inspections.push(parsed.inspection);
    this.#inflatedBytes = parsed.inflatedBytes;
    const { inflatedMaxBytes, inflationRatioMax } = this.#context.limits;
    this.#inflatedMaxBytes = Math.max(inflatedMaxBytes, parsed.sizeBytes * inflationRatioMax);
    await this.#resolveBatches(parsed.table, parsed.families, parsed.batches);
    return this.#resolveByIds(parsed);
  }

  /** Shares the batches out among the threads, a few at a time so that their read-backs fit in memory. */
  async #resolveBatches(table: EntryTable, families: DeltaFamilies, batches: readonly ResolveBatch[]): Promise<void> {
    const queue = [...batches];
    const deltaCount = countDeltas(table);
    let doneBatches = 0;
    const work = async () => {
      for (let batch = queue.shift(); batch; batch = queue.shift()) {
        this.#context.signal.throwIfAborted();
        const segments = [...this.#incoming.retained, ...(await this.#readBack(batch.ranges))];
        await this.#resolve(table, families, segments, batch.roots, 'inspected');
        doneBatches++;
        const percent = Math.floor((doneBatches * 100) / batches.length);
        this.#context.onProgress(`Resolving deltas: ${String(percent).padStart(3)}% of ${deltaCount}\r`);
      }
    };
    await allOrFirstError(Array.from({ length: this.#context.threads.count }, work), () =>
      Atomics.store(this.#context.cancel, 0, 1),
    );
    if (deltaCount > 0) this.#context.onProgress(`Resolving deltas: 100% (${deltaCount}/${deltaCount}), done.\n`);
  }

  async #resolve(
    table: EntryTable,
    families: DeltaFamilies,
    segments: readonly PackSegment[],
    roots: Int32Array,
    rootKind: RootKind,
  ): Promise<void> {
    const result = await this.#context.threads.pick().call('resolve', {
      table,
      families,
      segments,
      roots,
      rootKind,
      fsck: this.#context.fsck,
      limits: this.#context.limits,
      inflatedMaxBytes: this.#inflatedMaxBytes - this.#inflatedBytes,
      cancel: this.#context.cancel,
    });
    this.#inflatedBytes += result.inflatedBytes;
    this.inspections.push(result.inspection);
  }

  /**
   * Resolves deltas that name their base by id: first those whose base is in the pack, round by round as bases are resolved themselves; then
   * those whose base the repository has, which is appended to the pack.
   *
   * @returns the table with what was appended
   */
  async #resolveByIds(parsed: ParseResult): Promise<EntryTable> {
    const { table, families } = parsed;
    const pending = new PendingDeltas(table.format, parsed.baseIds);
    if (pending.count > 0) await this.#resolvePending(table, families, pending, allEntries(table));
    return pending.count === 0 ? table : this.#completeThinPack(parsed, pending);
  }

  /** @param found entries that pending deltas may stand on */
  async #resolvePending(
    table: EntryTable,
    families: DeltaFamilies,
    pending: PendingDeltas,
    found: Iterable<number>,
    kind: RootKind = 'inspected',
  ): Promise<void> {
    let roots = pending.adopt(table, families, found);
    for (let round = 1; roots.length > 0; round++) {
      if (round > limits.deltaRoundsMax) {
        throw new LimitExceededError(
          `pack has a chain of more than ${limits.deltaRoundsMax} deltas that name their bases by id`,
        );
      }
      await this.#resolveRoots(table, families, roots, round === 1 ? kind : 'inspected');
      roots = pending.adopt(table, families, membersBelow(families, roots));
    }
  }

  /**
   * Appends the bases that the repository has. A delta that waits for one of them may turn out to be another of them, which must not be in
   * the pack twice: then all is done again without that.
   */
  async #completeThinPack(parsed: ParseResult, pending: PendingDeltas): Promise<EntryTable> {
    const bases = await this.#readBases(Array.from(pending.ids(), (id) => toHex(id)));
    const inspectionCount = this.inspections.length;
    const { table, superfluous } = await this.#resolveOn(parsed, bases);
    if (superfluous.size === 0) return table;
    this.inspections.length = inspectionCount;
    const needed = bases.filter((_, number) => !superfluous.has(number));
    return (await this.#resolveOn(parsed, needed)).table;
  }

  async #resolveOn({ table, baseIds }: ParseResult, bases: readonly AppendedObject[]) {
    const unresolved = [...baseIds].filter(([entry]) => table.type[entry] === 0);
    const pending = new PendingDeltas(table.format, new Map(unresolved));
    const completion = await appendObjects(table, bases);
    this.appended = { offset: table.offset[table.count] as number, bytes: completion.bytes };
    const families = linkFamilies(completion.table);
    await this.#resolvePending(completion.table, families, pending, completion.entries, 'new');
    if (pending.count > 0) throw new CorruptPackError(`pack has ${pending.count} unresolved deltas`);
    return { table: completion.table, superfluous: findSuperfluous(completion.table, table.count) };
  }

  /** @returns those of the objects that the repository has for the pusher */
  async #readBases(ids: readonly ObjectId[]): Promise<AppendedObject[]> {
    const { objects } = this.#context;
    const present = await this.#findBases(ids);
    const headers = await Promise.all(present.map((id) => objects.header(id)));
    const sizeBytes = headers.reduce((sum, header) => sum + (header?.sizeBytes ?? 0), 0);
    if (sizeBytes > limits.thinBasesMaxBytes) {
      throw new LimitExceededError(
        `thin pack stands on ${sizeBytes} bytes of objects, more than the ${limits.thinBasesMaxBytes} allowed: push with --no-thin`,
      );
    }
    const bodies = await objects.readMany(present);
    return bodies.map(({ type, body }, index) => {
      return { id: fromHex(present[index] as ObjectId), typeNumber: TYPE_NUMBER[type], body };
    });
  }

  async #findBases(ids: readonly ObjectId[]): Promise<ObjectId[]> {
    const { objects, bases } = this.#context;
    if (bases === undefined) return [];
    const headers = await Promise.all(ids.map((id) => objects.header(id)));
    const present = ids.filter((_, index) => headers[index]);
    const invisible = new Set(await bases.findInvisible(Buffer.concat(present.map((id) => fromHex(id)))));
    return present.filter((_, number) => !invisible.has(number));
  }

  async #resolveRoots(
    table: EntryTable,
    families: DeltaFamilies,
    roots: readonly number[],
    kind: RootKind = 'inspected',
  ): Promise<void> {
    const needed = new Set(roots.flatMap((root) => deltaChain(table, root)));
    for (const root of roots) visitFamily(families, root, (entry) => needed.add(entry));
    const segments = await this.segmentsFor(table, [...needed]);
    await this.#resolve(table, families, segments, Int32Array.from(roots), kind);
  }

  /** Pieces of the pack that hold the given entries. */
  async segmentsFor(table: EntryTable, entries: readonly number[]): Promise<PackSegment[]> {
    const retainedBytes = this.#incoming.retainedBytes;
    const appendedOffset = this.appended?.offset ?? Number.POSITIVE_INFINITY;
    const stored = entries.filter((entry) => {
      const end = table.offset[entry + 1] as number;
      return end > retainedBytes && (table.offset[entry] as number) < appendedOffset;
    });
    const ranges = rangesOf(table, stored, {
      gapMaxBytes: limits.readBackGapMaxBytes,
      rangeMaxBytes: limits.readBackRangeMaxBytes,
    });
    const segments = [
      ...this.#incoming.retained.map((segment) => cutAt(segment, appendedOffset)),
      ...(await this.#readBack(ranges)),
    ];
    return this.appended ? [...segments, this.appended] : segments;
  }

  /** The compressed data of an entry that is stored whole, without its header. */
  async streamData(table: EntryTable, entry: number): Promise<AsyncIterable<Uint8Array>> {
    const offset = table.offset[entry] as number;
    const end = table.offset[entry + 1] as number;
    const header = emptyEntryHeader();
    const first = await this.#bytesAt(offset, Math.min(end, offset + ENTRY_HEADER_MAX_BYTES));
    readEntryHeader(first, 0, first.length, table.format.idBytes, header);
    const start = offset + header.headerBytes;
    if (end <= this.#incoming.retainedBytes) return toStream(await this.#bytesAt(start, end));
    const range = { offset: start, lengthBytes: end - start };
    return this.#context.blobs.stream(this.#context.key, range, { signal: this.#context.signal });
  }

  async #bytesAt(start: number, end: number): Promise<Uint8Array> {
    const { retained, retainedBytes } = this.#incoming;
    if (end > retainedBytes) {
      const range = { offset: start, lengthBytes: end - start };
      return this.#context.blobs.read(this.#context.key, range, { signal: this.#context.signal });
    }
    const source = new EntrySource(retained);
    source.locate(start, end);
    return source.window.subarray(source.start, source.end);
  }

  async #readBack(ranges: readonly PackRange[]): Promise<PackSegment[]> {
    const key = this.#context.key;
    const { signal } = this.#context;
    return Promise.all(
      ranges.map(async (range) => ({
        offset: range.offset,
        bytes: await this.#context.blobs.read(key, range, { signal }),
      })),
    );
  }
}

async function* toStream(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield bytes;
}

function* allEntries(table: EntryTable): Iterable<number> {
  for (let entry = 0; entry < table.count; entry++) yield entry;
}

function membersBelow(families: DeltaFamilies, roots: readonly number[]): number[] {
  const members: number[] = [];
  for (const root of roots) visitFamily(families, root, (entry) => members.push(entry));
  return members;
}

function countDeltas(table: EntryTable): number {
  let count = 0;
  for (let entry = 0; entry < table.count; entry++) {
    if (table.base[entry] !== NO_BASE) count++;
  }
  return count;
}

/** The part of a segment before `offset`: what was appended stands where the trailer was. */
function cutAt(segment: PackSegment, offset: number): PackSegment {
  const end = offset - segment.offset;
  return end >= segment.bytes.length
    ? segment
    : { offset: segment.offset, bytes: segment.bytes.subarray(0, Math.max(0, end)) };
}

/** Waits for all; the first failure calls `stop` and is thrown when the others have ended. */
async function allOrFirstError(works: readonly Promise<void>[], stop: () => void): Promise<void> {
  for (const work of works) work.catch(stop);
  const results = await Promise.allSettled(works);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}
