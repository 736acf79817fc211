/**
 * The second pass over a pack that was parsed: has its deltas resolved by the threads, reading back what is no longer in memory, and finds the bases of
 * those that name them by id, in the pack or in the repository.
 */
import { fromHex } from '#bytes/hex.ts';
import { CorruptPackError } from '#git/errors.ts';
import type { FsckOptions } from '#git/fsck/finding.ts';
import type { ObjectId } from '#git/object/object-id.ts';
import { TYPE_NUMBER } from '#git/object/object-type.ts';
import type { ObjectStore } from '#git/object-store.ts';
import { adoptChild, type DeltaFamilies, linkFamilies, visitFamily } from '#git/pack/delta-families.ts';
import { deltaChain } from '#git/pack/entry-reader.ts';
import type { PackSegment } from '#git/pack/entry-source.ts';
import { type EntryTable, NO_BASE } from '#git/pack/entry-table.ts';
import type { Inspection } from '#git/pack/pack-inspector.ts';
import { type PackRange, type ResolveBatch, rangesOf } from '#git/pack/resolve-plan.ts';
import { appendObjects } from '#git/pack/thin-completion.ts';
import { IdTable } from '#git/walk/id-table.ts';
import { limits } from '#limits.ts';
import type { BlobStore } from '#storage/blob-store.ts';
import type { IncomingPack } from './incoming-pack.ts';
import type { ParseResult, RootKind } from './ingest-messages.ts';
import type { IngestThreads } from './ingest-threads.ts';

export interface ResolutionContext {
  readonly blobs: BlobStore;
  /** Where the pack is in storage, once it is. */
  readonly key: string;
  readonly threads: IngestThreads;
  /** Where the bases of a thin pack are. */
  readonly objects: ObjectStore;
  readonly fsck: FsckOptions;
  readonly signal: AbortSignal;
  /** One flag that stops the threads when it is not 0. */
  readonly cancel: Int32Array<SharedArrayBuffer>;
  readonly onProgress: (line: string) => void;
}

export class PackResolution {
  readonly #context: ResolutionContext;
  readonly #incoming: IncomingPack;
  #inflatedBytes = 0;
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
      inflatedMaxBytes: limits.pushInflatedMaxBytes - this.#inflatedBytes,
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
    let pending = new Map(parsed.baseIds);
    while (pending.size > 0) {
      const { roots, left } = adoptByIds(table, families, pending);
      if (roots.length === 0) break;
      await this.#resolveRoots(table, families, roots);
      pending = left;
    }
    return pending.size === 0 ? table : this.#completeThinPack(table, pending);
  }

  async #completeThinPack(table: EntryTable, pending: ReadonlyMap<number, ObjectId>): Promise<EntryTable> {
    const baseIds = [...new Set(pending.values())];
    const headers = await Promise.all(baseIds.map((id) => this.#context.objects.header(id)));
    const present = baseIds.filter((_, index) => headers[index]);
    const bodies = await this.#context.objects.readMany(present);
    const completion = appendObjects(
      table,
      present.map((id, index) => {
        const { type, body } = bodies[index] as { type: keyof typeof TYPE_NUMBER; body: Uint8Array };
        return { id: fromHex(id), typeNumber: TYPE_NUMBER[type], body };
      }),
    );
    this.appended = { offset: table.offset[table.count] as number, bytes: completion.bytes };
    const families = linkFamilies(completion.table);
    const entryOf = new Map(present.map((id, index) => [id, completion.entries[index] as number]));
    // Deltas between entries that are resolved already must not be resolved again: only what hangs on the new entries counts.
    for (const [entry, id] of pending) {
      const base = entryOf.get(id);
      if (base === undefined) continue;
      completion.table.base[entry] = base;
      adoptChild(families, base, entry);
    }
    await this.#resolveRoots(completion.table, families, completion.entries, 'new');
    let left = new Map([...pending].filter(([, id]) => !entryOf.has(id)));
    while (left.size > 0) {
      const adopted = adoptByIds(completion.table, families, left);
      if (adopted.roots.length === 0) throw new CorruptPackError(`pack has ${left.size} unresolved deltas`);
      await this.#resolveRoots(completion.table, families, adopted.roots);
      left = adopted.left;
    }
    return completion.table;
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

/** Links pending deltas to bases of the pack that have their ids by now. */
function adoptByIds(table: EntryTable, families: DeltaFamilies, pending: ReadonlyMap<number, ObjectId>) {
  const { idBytes } = table.format;
  const wanted = new IdTable(table.format, Math.max(16, pending.size));
  for (const id of pending.values()) wanted.add(fromHex(id), 0);
  const baseOf = new Int32Array(wanted.size).fill(-1);
  for (let entry = 0; entry < table.count; entry++) {
    if (table.type[entry] === 0) continue;
    const number = wanted.find(table.id, entry * idBytes);
    if (number >= 0) baseOf[number] = entry;
  }
  const roots = new Set<number>();
  const left = new Map<number, ObjectId>();
  for (const [entry, id] of pending) {
    const base = baseOf[wanted.find(fromHex(id), 0)] as number;
    if (base < 0) {
      left.set(entry, id);
      continue;
    }
    // What hung on the base before is resolved: the base's list begins anew.
    if (!roots.has(base)) families.firstChild[base] = -1;
    roots.add(base);
    table.base[entry] = base;
    adoptChild(families, base, entry);
  }
  return { roots: [...roots], left };
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
