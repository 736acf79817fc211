/**
 * Takes one pack in: streams it through a parsing thread and, past a size, to storage; resolves its deltas, completes it when it is thin,
 * and makes its index and summary. What comes out is stored but listed nowhere: `push.ts` makes it visible, or discards it.
 *
 * Order of effects: a pending row is in the database before the first byte is in storage, so whatever a crash leaves is found by the
 * sweeper.
 */
import { createHash } from 'node:crypto';
import { toHex } from '#bytes/hex.ts';
import type { FsckOptions } from '#git/fsck/finding.ts';
import type { ObjectFormat } from '#git/object/object-id.ts';
import { deltaChain } from '#git/pack/entry-reader.ts';
import type { PackSegment } from '#git/pack/entry-source.ts';
import type { EntryTable } from '#git/pack/entry-table.ts';
import { encodePackHeader } from '#git/pack/pack-format.ts';
import type { PackReport } from '#git/pack/pack-report.ts';
import { limits } from '#limits.ts';
import type { BlobStore } from '#storage/blob-store.ts';
import { packIndexKey, packKey, packSummaryKey } from '#storage/storage-key.ts';
import type { PackLease, PackLeases } from '../pack-lease.ts';
import type { PackedObjectStore } from '../packed-object-store.ts';
import { refuseCollisions } from './collision-check.ts';
import { IncomingPack } from './incoming-pack.ts';
import type { IngestLimits } from './ingest-limits.ts';
import type { ParseResult } from './ingest-messages.ts';
import type { IngestThread, IngestThreads } from './ingest-threads.ts';
import { PackResolution, type ThinBases } from './pack-resolution.ts';
import { rewritePack } from './pack-rewrite.ts';
import type { RetainBudget } from './retain-budget.ts';
import { untilQuiet } from './until-quiet.ts';

export interface PackIngestDependencies {
  readonly blobs: BlobStore;
  readonly leases: PackLeases;
  readonly threads: IngestThreads;
  readonly budget: RetainBudget;
}

export interface IngestRequest {
  readonly format: ObjectFormat;
  readonly pack: AsyncIterable<Uint8Array>;
  readonly packEnd: 'with-source' | 'at-trailer';
  /** What the repository has: bases of a thin pack, and objects that come again. */
  readonly objects: PackedObjectStore;
  /** Which of them a thin pack may stand on; undefined when the pack is whole by itself. */
  readonly bases: ThinBases | undefined;
  readonly fsck: FsckOptions;
  readonly limits: IngestLimits;
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
  #lease: PackLease;
  /** Of a thin pack that another has taken the place of. */
  #replaced: PackLease | undefined;

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
      const { format, fsck, limits: own } = this.#request;
      await this.#thread.call('open', this.#session, { format: format.name, fsck, limits: own });
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
      await Promise.allSettled([this.#lease.abandon(), this.#replaced?.abandon()]);
      throw error;
    } finally {
      incoming.release();
      signal.removeEventListener('abort', onAbort);
      void this.#endSession(incoming.isUploaded).catch(() => {});
    }
  }

  async #endSession(wasLarge: boolean): Promise<void> {
    await this.#thread.call('close', this.#session);
    if (wasLarge) await this.#dependencies.threads.releaseMemory();
  }

  async #receive(incoming: IncomingPack): Promise<ParseResult> {
    for await (const bytes of this.#bytesOfPack(incoming)) {
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

  #bytesOfPack(incoming: IncomingPack): AsyncIterable<Uint8Array> {
    const { pack, packEnd } = this.#request;
    return packEnd === 'with-source' ? pack : untilQuiet(pack, () => incoming.flush());
  }

  async #index(incoming: IncomingPack, parsed: ParseResult): Promise<IngestedPack> {
    // Parts of an unfinished upload cannot be read back.
    if (incoming.isUploaded) await incoming.complete();
    const { threads, blobs } = this.#dependencies;
    const key = packKey(this.#lease.packId);
    const resolution = new PackResolution({ ...this.#request, threads, blobs, key, cancel: this.#cancel }, incoming);
    const table = await resolution.resolve(parsed);
    await this.#refuseCollisions(table, parsed.table.count, resolution);
    const { inspections } = resolution;
    const pack = await this.#settlePack(table, parsed, incoming, resolution.appended);
    const treeLevelsMax = this.#request.limits.treeDepthMax + 1;
    const report = await this.#thread.call('report', table, inspections, pack.trailer, treeLevelsMax);
    const notices = await this.#checkNamedBlobs(table, report, resolution);
    await this.#replaced?.abandon();
    await this.#store(report);
    return {
      lease: this.#lease,
      sizeBytes: pack.sizeBytes,
      objectCount: table.count,
      trailer: pack.trailer,
      report,
      notices: [
        ...inspections.flatMap((part) => part.notices),
        ...notices,
        ...largeObjectNotices(table, this.#request.limits.objectWarnBytes),
      ],
    };
  }

  /** @param entryCount without what was appended */
  #refuseCollisions(table: EntryTable, entryCount: number, resolution: PackResolution): Promise<void> {
    const { threads } = this.#dependencies;
    const { objects, signal } = this.#request;
    return refuseCollisions({
      table,
      entryCount,
      objects,
      signal,
      segmentsFor: (entries) => resolution.segmentsFor(table, entries),
      streamData: (entry) => resolution.streamData(table, entry),
      compare: (segments, entries, bodies) => threads.pick().call('compare', table, segments, entries, bodies),
    });
  }

  /** Brings the pack into storage in its final form. */
  async #settlePack(
    table: EntryTable,
    parsed: ParseResult,
    incoming: IncomingPack,
    appended: PackSegment | undefined,
  ): Promise<{ sizeBytes: number; trailer: Uint8Array }> {
    const { blobs } = this.#dependencies;
    const { signal, format } = this.#request;
    if (incoming.isUploaded && appended) return this.#rewrite(table, appended);
    if (incoming.isUploaded) return { sizeBytes: parsed.sizeBytes, trailer: parsed.trailer };
    const bytes = wholePack(table, parsed, incoming.retained, appended);
    await blobs.put(packKey(this.#lease.packId), bytes, { signal });
    return { sizeBytes: bytes.length, trailer: bytes.slice(bytes.length - format.idBytes) };
  }

  /** Puts a whole pack in the place of a thin one that is in storage already, under another lease. */
  async #rewrite(table: EntryTable, appended: PackSegment): Promise<{ sizeBytes: number; trailer: Uint8Array }> {
    this.#replaced = this.#lease;
    this.#lease = this.#dependencies.leases.reserve();
    await this.#lease.begin();
    return rewritePack(this.#dependencies.blobs, {
      fromKey: packKey(this.#replaced.packId),
      entriesEnd: appended.offset,
      toKey: packKey(this.#lease.packId),
      appended: appended.bytes,
      objectCount: table.count,
      format: this.#request.format,
      signal: this.#request.signal,
      onUploadStarted: (uploadId) => this.#lease.recordUpload(uploadId),
    });
  }

  async #checkNamedBlobs(
    table: EntryTable,
    report: PackReport,
    resolution: PackResolution,
  ): Promise<readonly string[]> {
    if (report.namedEntries.length === 0) return [];
    const entries = [...report.namedEntries].flatMap((entry) => deltaChain(table, entry));
    const segments = await resolution.segmentsFor(table, entries);
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

/** More of them help nobody. */
const LARGE_OBJECTS_TOLD = 10;

function largeObjectNotices(table: EntryTable, warnBytes: number): string[] {
  const notices: string[] = [];
  for (let entry = 0; entry < table.count && notices.length < LARGE_OBJECTS_TOLD; entry++) {
    const sizeBytes = table.size[entry] as number;
    if (sizeBytes <= warnBytes) continue;
    const { idBytes } = table.format;
    const id = toHex(table.id, entry * idBytes, (entry + 1) * idBytes);
    notices.push(
      `warning: object ${id} has ${sizeBytes} bytes, more than the ${warnBytes} recommended; Git LFS is made for such files`,
    );
  }
  return notices;
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
