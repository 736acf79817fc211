/** What passes between the main thread and the threads that index packs: calls, and what they return. */

import type { FsckOptions } from '#git/fsck/finding.ts';
import type { ObjectFormatName } from '#git/object/object-id.ts';
import type { DeltaFamilies } from '#git/pack/delta-families.ts';
import type { PackSegment } from '#git/pack/entry-source.ts';
import type { EntryTable } from '#git/pack/entry-table.ts';
import type { Inspection } from '#git/pack/pack-inspector.ts';
import type { PackReport } from '#git/pack/pack-report.ts';
import type { ResolveBatch, ResolvePlanOptions } from '#git/pack/resolve-plan.ts';
import type { IngestLimits } from './ingest-limits.ts';

/** What a thread is started with. */
export interface IngestThreadOptions {
  readonly sha1: Sha1Mode;
}

/**
 * Whether received objects are looked at for collision attacks (`git/sha1/`): `dc` makes sure, `fast` does not look. `suspicious` refuses what only may be
 * part of one, so that tests can see a refusal.
 */
export type Sha1Mode = 'dc' | 'fast' | 'suspicious';

/** Whether the roots of a task were shown to an inspector already, or are objects that were just appended. */
export type RootKind = 'inspected' | 'new';

export interface ParseResult {
  readonly table: EntryTable;
  readonly families: DeltaFamilies;
  readonly batches: readonly ResolveBatch[];
  readonly sizeBytes: number;
  readonly trailer: Uint8Array;
  readonly inflatedBytes: number;
  /** Deltas whose base is named by id: entry number → id. */
  readonly baseIds: ReadonlyMap<number, string>;
  readonly inspection: Inspection;
}

export interface ResolveTask {
  readonly table: EntryTable;
  readonly families: DeltaFamilies;
  readonly segments: readonly PackSegment[];
  /** Entries whose deltas are to be resolved. */
  readonly roots: Int32Array;
  readonly rootKind: RootKind;
  readonly fsck: FsckOptions;
  readonly limits: IngestLimits;
  readonly inflatedMaxBytes: number;
  /** One flag, not 0 when the push is no longer wanted. */
  readonly cancel: Int32Array<SharedArrayBuffer>;
}

export interface ResolveResult {
  readonly inspection: Inspection;
  readonly inflatedBytes: number;
}

/** The calls that a thread answers. */
export interface IngestCalls {
  /** Begins a session; the calls with its number go to one thread. */
  open(session: number, options: { format: ObjectFormatName; fsck: FsckOptions; limits: IngestLimits }): void;
  /** Parses the next bytes of the pack. @returns whether its trailer was read */
  feed(session: number, bytes: Uint8Array): boolean;
  finishParsing(session: number, plan: ResolvePlanOptions): ParseResult;
  close(session: number): void;
  /** Has the thread's garbage collected. */
  collectGarbage(): void;
  resolve(task: ResolveTask): ResolveResult;
  report(table: EntryTable, inspections: readonly Inspection[], trailer: Uint8Array, treeLevelsMax: number): PackReport;
  /** Compares bodies with those of entries. @returns index of the first that differs, or -1 */
  compare(
    table: EntryTable,
    segments: readonly PackSegment[],
    entries: Int32Array,
    bodies: readonly Uint8Array[],
  ): number;
  /** Checks the content of blobs with rules of their own. @returns notices */
  checkNamedBlobs(
    table: EntryTable,
    segments: readonly PackSegment[],
    entries: Int32Array,
    notes: Uint8Array,
    fsck: FsckOptions,
  ): readonly string[];
}

export interface CallMessage {
  readonly call: number;
  readonly method: keyof IngestCalls;
  readonly args: readonly unknown[];
}

export interface ReturnMessage {
  readonly call: number;
  readonly result?: unknown;
  /** `name` is that of the error's class: `ingest-error.ts` makes it an error again. */
  readonly error?: { readonly name: string; readonly message: string };
}
