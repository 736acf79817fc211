/**
 * Takes one pack in: streams it through a parsing thread and, past a size, to storage; resolves its deltas, completes it when it is thin,
 * and makes its index and summary. What comes out is stored but listed nowhere: `push.ts` makes it visible, or discards it.
 *
 * Order of effects: a pending row is in the database before the first byte is in storage, so whatever a crash leaves is found by the
 * sweeper.
 */
import { createHash } from 'node:crypto';
import { fromHex } from '#bytes/hex.ts';
import { CorruptPackError } from '#git/errors.ts';
import type { FsckOptions } from '#git/fsck/finding.ts';
import type { ObjectFormat, ObjectId } from '#git/object/object-id.ts';
import { TYPE_NUMBER } from '#git/object/object-type.ts';
import type { ObjectStore } from '#git/object-store.ts';
import { adoptChild, type DeltaFamilies, linkFamilies, visitFamily } from '#git/pack/delta-families.ts';
import { deltaChain } from '#git/pack/entry-reader.ts';
import type { PackSegment } from '#git/pack/entry-source.ts';
import { type EntryTable, NO_BASE } from '#git/pack/entry-table.ts';
import { encodePackHeader } from '#git/pack/pack-format.ts';
import type { Inspection } from '#git/pack/pack-inspector.ts';
import type { PackReport } from '#git/pack/pack-report.ts';
import { type PackRange, type ResolveBatch, rangesOf } from '#git/pack/resolve-plan.ts';
import { appendObjects } from '#git/pack/thin-completion.ts';
import { IdTable } from '#git/walk/id-table.ts';
import { limits } from '#limits.ts';
import type { BlobStore } from '#storage/blob-store.ts';
import { packIndexKey, packKey, packSummaryKey } from '#storage/storage-key.ts';
import type { PackLease, PackLeases } from '../pack-lease.ts';
import { IncomingPack } from './incoming-pack.ts';
import type { ParseResult, RootKind } from './ingest-messages.ts';
import type { IngestThread, IngestThreads } from './ingest-threads.ts';
import { rewritePack } from './pack-rewrite.ts';
import type { RetainBudget } from './retain-budget.ts';

export interface PackIngestDependencies {
  readonly blobs: BlobStore;
  readonly leases: PackLeases;
  readonly threads: IngestThreads;
  readonly budget: RetainBudget;
}

export interface IngestRequest {
  readonly format: ObjectFormat;
  readonly pack: AsyncIterable<Uint8Array>;
  /** Where the bases of a thin pack are. */
  readonly objects: ObjectStore;
  readonly fsck: FsckOptions;
  readonly signal: AbortSignal;
  readonly onConsumed: () => void;
  readonly onProgress: (line: string) => void;
}

/** A pack in storage that no repository lists yet. */
export interface IngestedPack {
  readonly lease: PackLease;
  readonly sizeBytes: number;
  readonly objectCount: number;
  readonly trailer: Uint8Array;
  readonly report: PackReport;
  /** Findings that refuse nothing. */
  readonly notices: readonly string[];
}

let nextSession = 1;

/**
 * @returns undefined for a pack without objects
 * @throws {GitError} what is wrong with the pack; nothing is left in storage
 */
export function ingestPack(
  dependencies: PackIngestDependencies,
  request: IngestRequest,
): Promise<IngestedPack | undefined> {
  return new PackIngest(dependencies, request).run();
}

class PackIngest {
  readonly #dependencies: PackIngestDependencies;
  readonly #request: IngestRequest;
  readonly #thread: IngestThread;
  readonly #session = nextSession++;
  readonly #cancel = new Int32Array(new SharedArrayBuffer(4));
  readonly #inspections: Inspection[] = [];
  #lease: PackLease;
  #inflatedBytes = 0;
  #appended: PackSegment | undefined;

  constructor(dependencies: PackIngestDependencies, request: IngestRequest) {
    this.#dependencies = dependencies;
    this.#request = request;
    this.#thread = dependencies.threads.pick();
    this.#lease = dependencies.leases.reserve();
  }

  async run(): Promise<IngestedPack | undefined> {
    const { blobs, budget } = this.#dependencies;
    const { signal } = this.#request;
    const onAbort = () => Atomics.store(this.#cancel, 0, 1);
    signal.addEventListener('abort', onAbort);
    const incoming = new IncomingPack({
      blobs,
      key: packKey(this.#lease.packId),
      budget,
      signal,
      parse: (bytes) => this.#thread.call('feed', this.#session, bytes),
      onUploadStarted: (uploadId) => this.#lease.recordUpload(uploadId),
    });
    try {
      await this.#lease.begin();
      await this.#thread.call('open', this.#session, { format: this.#request.format.name, fsck: this.#request.fsck });
      const parsed = await this.#receive(incoming);
      signal.throwIfAborted();
      if (parsed.table.count === 0) {
        await incoming.discard();
        await this.#lease.abandon();
        return undefined;
      }
      return await this.#index(incoming, parsed);
    } catch (error) {
      onAbort();
      await incoming.discard().catch(() => {});
      // Failing here too leaves the pending row, and the row is what the sweeper goes by.
      await this.#lease.abandon().catch(() => {});
      throw error;
    } finally {
      incoming.release();
      signal.removeEventListener('abort', onAbort);
      void this.#thread.call('close', this.#session).catch(() => {});
    }
  }

  async #receive(incoming: IncomingPack): Promise<ParseResult> {
    for await (const bytes of this.#request.pack) {
      this.#request.signal.throwIfAborted();
      await incoming.write(bytes);
    }
    this.#request.onConsumed();
    await incoming.end();
    return this.#thread.call('finishParsing', this.#session, {
      retainedBytes: incoming.retainedBytes,
      batchBytes: limits.resolveBatchBytes,
      gapMaxBytes: limits.readBackGapMaxBytes,
      rangeMaxBytes: limits.readBackRangeMaxBytes,
    });
  }

  async #index(incoming: IncomingPack, parsed: ParseResult): Promise<IngestedPack> {
    this.#inspections.push(parsed.inspection);
    this.#inflatedBytes = parsed.inflatedBytes;
    // Parts of an unfinished upload cannot be read back.
    if (incoming.isUploaded) await incoming.complete();
    await this.#resolveBatches(parsed.table, parsed.families, parsed.batches, incoming);
    const table = await this.#resolveByIds(parsed, incoming);
    const pack = await this.#settlePack(table, parsed, incoming);
    const report = await this.#thread.call('report', table, this.#inspections, pack.trailer);
    const notices = await this.#checkNamedBlobs(table, report, incoming);
    await this.#store(report);
    return {
      lease: this.#lease,
      sizeBytes: pack.sizeBytes,
      objectCount: table.count,
      trailer: pack.trailer,
      report,
      notices: [...this.#inspections.flatMap((part) => part.notices), ...notices],
    };
  }

  /** Shares the batches out among the threads, a few at a time so that their read-backs fit in memory. */
  async #resolveBatches(
    table: EntryTable,
    families: DeltaFamilies,
    batches: readonly ResolveBatch[],
    incoming: IncomingPack,
  ): Promise<void> {
    const queue = [...batches];
    const deltaCount = countDeltas(table);
    let doneBatches = 0;
    const work = async () => {
      for (let batch = queue.shift(); batch; batch = queue.shift()) {
        this.#request.signal.throwIfAborted();
        const segments = [...incoming.retained, ...(await this.#readBack(batch.ranges))];
        await this.#resolve(table, families, segments, batch.roots, 'inspected');
        doneBatches++;
        const percent = Math.floor((doneBatches * 100) / batches.length);
        this.#request.onProgress(`Resolving deltas: ${String(percent).padStart(3)}% of ${deltaCount}\r`);
      }
    };
    await allOrFirstError(Array.from({ length: this.#dependencies.threads.count }, work), () =>
      Atomics.store(this.#cancel, 0, 1),
    );
    if (deltaCount > 0) this.#request.onProgress(`Resolving deltas: 100% (${deltaCount}/${deltaCount}), done.\n`);
  }

  async #resolve(
    table: EntryTable,
    families: DeltaFamilies,
    segments: readonly PackSegment[],
    roots: Int32Array,
    rootKind: RootKind,
  ): Promise<void> {
    const result = await this.#dependencies.threads.pick().call('resolve', {
      table,
      families,
      segments,
      roots,
      rootKind,
      fsck: this.#request.fsck,
      inflatedMaxBytes: limits.pushInflatedMaxBytes - this.#inflatedBytes,
      cancel: this.#cancel,
    });
    this.#inflatedBytes += result.inflatedBytes;
    this.#inspections.push(result.inspection);
  }

  /**
   * Resolves deltas that name their base by id: first those whose base is in the pack, round by round as bases are resolved themselves; then
   * those whose base the repository has, which is appended to the pack.
   *
   * @returns the table with what was appended
   */
  async #resolveByIds(parsed: ParseResult, incoming: IncomingPack): Promise<EntryTable> {
    const { table, families } = parsed;
    let pending = new Map(parsed.baseIds);
    while (pending.size > 0) {
      const { roots, left } = adoptByIds(table, families, pending);
      if (roots.length === 0) break;
      await this.#resolveRoots(table, families, roots, incoming);
      pending = left;
    }
    return pending.size === 0 ? table : this.#completeThinPack(table, pending, incoming);
  }

  async #completeThinPack(
    table: EntryTable,
    pending: ReadonlyMap<number, ObjectId>,
    incoming: IncomingPack,
  ): Promise<EntryTable> {
    const baseIds = [...new Set(pending.values())];
    const headers = await Promise.all(baseIds.map((id) => this.#request.objects.header(id)));
    const present = baseIds.filter((_, index) => headers[index]);
    const bodies = await this.#request.objects.readMany(present);
    const completion = appendObjects(
      table,
      present.map((id, index) => {
        const { type, body } = bodies[index] as { type: keyof typeof TYPE_NUMBER; body: Uint8Array };
        return { id: fromHex(id), typeNumber: TYPE_NUMBER[type], body };
      }),
    );
    this.#appended = { offset: table.offset[table.count] as number, bytes: completion.bytes };
    const families = linkFamilies(completion.table);
    const entryOf = new Map(present.map((id, index) => [id, completion.entries[index] as number]));
    // Deltas between entries that are resolved already must not be resolved again: only what hangs on the new entries counts.
    for (const [entry, id] of pending) {
      const base = entryOf.get(id);
      if (base === undefined) continue;
      completion.table.base[entry] = base;
      adoptChild(families, base, entry);
    }
    await this.#resolveRoots(completion.table, families, completion.entries, incoming, 'new');
    let left = new Map([...pending].filter(([, id]) => !entryOf.has(id)));
    while (left.size > 0) {
      const adopted = adoptByIds(completion.table, families, left);
      if (adopted.roots.length === 0) throw new CorruptPackError(`pack has ${left.size} unresolved deltas`);
      await this.#resolveRoots(completion.table, families, adopted.roots, incoming);
      left = adopted.left;
    }
    return completion.table;
  }

  async #resolveRoots(
    table: EntryTable,
    families: DeltaFamilies,
    roots: readonly number[],
    incoming: IncomingPack,
    kind: RootKind = 'inspected',
  ): Promise<void> {
    const needed = new Set(roots.flatMap((root) => deltaChain(table, root)));
    for (const root of roots) visitFamily(families, root, (entry) => needed.add(entry));
    const segments = await this.#segmentsFor(table, [...needed], incoming);
    await this.#resolve(table, families, segments, Int32Array.from(roots), kind);
  }

  /** Pieces of the pack that hold the given entries. */
  async #segmentsFor(table: EntryTable, entries: readonly number[], incoming: IncomingPack): Promise<PackSegment[]> {
    const retainedBytes = incoming.retainedBytes;
    const appendedOffset = this.#appended?.offset ?? Number.POSITIVE_INFINITY;
    const stored = entries.filter((entry) => {
      const end = table.offset[entry + 1] as number;
      return end > retainedBytes && (table.offset[entry] as number) < appendedOffset;
    });
    const ranges = rangesOf(table, stored, {
      gapMaxBytes: limits.readBackGapMaxBytes,
      rangeMaxBytes: limits.readBackRangeMaxBytes,
    });
    const segments = [
      ...incoming.retained.map((segment) => cutAt(segment, appendedOffset)),
      ...(await this.#readBack(ranges)),
    ];
    return this.#appended ? [...segments, this.#appended] : segments;
  }

  async #readBack(ranges: readonly PackRange[]): Promise<PackSegment[]> {
    const key = packKey(this.#lease.packId);
    const { signal } = this.#request;
    return Promise.all(
      ranges.map(async (range) => ({
        offset: range.offset,
        bytes: await this.#dependencies.blobs.read(key, range, { signal }),
      })),
    );
  }

  /** Brings the pack into storage in its final form. */
  async #settlePack(
    table: EntryTable,
    parsed: ParseResult,
    incoming: IncomingPack,
  ): Promise<{ sizeBytes: number; trailer: Uint8Array }> {
    const { blobs } = this.#dependencies;
    const { signal, format } = this.#request;
    if (incoming.isUploaded && this.#appended) {
      const thin = this.#lease;
      this.#lease = this.#dependencies.leases.reserve();
      await this.#lease.begin();
      const whole = await rewritePack(blobs, {
        fromKey: packKey(thin.packId),
        entriesEnd: this.#appended.offset,
        toKey: packKey(this.#lease.packId),
        appended: this.#appended.bytes,
        objectCount: table.count,
        format,
        signal,
        onUploadStarted: (uploadId) => this.#lease.recordUpload(uploadId),
      });
      // Later reads of entries go to the new pack, where they lie at the same offsets.
      await thin.abandon();
      return whole;
    }
    if (incoming.isUploaded) return { sizeBytes: parsed.sizeBytes, trailer: parsed.trailer };
    const bytes = wholePack(table, parsed, incoming.retained, this.#appended);
    await blobs.put(packKey(this.#lease.packId), bytes, { signal });
    return { sizeBytes: bytes.length, trailer: bytes.slice(bytes.length - format.idBytes) };
  }

  async #checkNamedBlobs(table: EntryTable, report: PackReport, incoming: IncomingPack): Promise<readonly string[]> {
    if (report.namedEntries.length === 0) return [];
    const entries = [...report.namedEntries].flatMap((entry) => deltaChain(table, entry));
    const segments = await this.#segmentsFor(table, entries, incoming);
    return this.#thread.call(
      'checkNamedBlobs',
      table,
      segments,
      report.namedEntries,
      report.namedNotes,
      this.#request.fsck,
    );
  }

  async #store(report: PackReport): Promise<void> {
    const { blobs } = this.#dependencies;
    const { packId } = this.#lease;
    const { signal } = this.#request;
    await Promise.all([
      blobs.put(packIndexKey(packId), report.index, { signal }),
      blobs.put(packSummaryKey(packId), report.summary, { signal }),
    ]);
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

/** A small pack in one piece, with what was appended. */
function wholePack(
  table: EntryTable,
  parsed: ParseResult,
  segments: readonly PackSegment[],
  appended: PackSegment | undefined,
): Uint8Array {
  const { format } = table;
  const bytes = new Uint8Array(parsed.sizeBytes + (appended?.bytes.length ?? 0));
  for (const segment of segments) bytes.set(segment.bytes, segment.offset);
  if (!appended) return bytes;
  const trailerStart = bytes.length - format.idBytes;
  bytes.set(encodePackHeader(table.count), 0);
  bytes.set(appended.bytes, appended.offset);
  bytes.set(createHash(format.name).update(bytes.subarray(0, trailerStart)).digest(), trailerStart);
  return bytes;
}

/** Waits for all; the first failure calls `stop` and is thrown when the others have ended. */
async function allOrFirstError(works: readonly Promise<void>[], stop: () => void): Promise<void> {
  for (const work of works) work.catch(stop);
  const results = await Promise.allSettled(works);
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) throw failed.reason;
}
