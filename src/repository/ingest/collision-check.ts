/**
 * Compares objects that the repository has already with what a push brings under the same names, as git does
 * (`check_collision` of `builtin/index-pack.c`): whatever becomes of SHA-1, nobody replaces an object by another of its name.
 *
 * Entries are taken in the order of the pack, some at a time, and what is stored of them is read in the order of storage; so a push that
 * brings a whole history again costs one more pass, and memory for one lot.
 */
import { Readable } from 'node:stream';
import { createInflate } from 'node:zlib';
import { toHex } from '#bytes/hex.ts';
import { GitError } from '#git/errors.ts';
import type { ObjectId } from '#git/object/object-id.ts';
import { deltaChain } from '#git/pack/entry-reader.ts';
import type { PackSegment } from '#git/pack/entry-source.ts';
import { type EntryTable, NO_BASE } from '#git/pack/entry-table.ts';
import { limits } from '#limits.ts';
import type { ObjectPlace, PackedObjectStore } from '../packed-object-store.ts';
import { Pause } from '../pause.ts';

/** Two objects of one name. The message is git's. */
export class CollisionError extends GitError {
  override readonly name = 'CollisionError';
  readonly code = 'COLLISION';

  constructor(id: ObjectId) {
    super(`SHA1 COLLISION FOUND WITH ${id} !`);
  }
}

export interface CollisionContext {
  readonly table: EntryTable;
  /** Entries that came with the push: what was appended is the repository's own. */
  readonly entryCount: number;
  readonly objects: Pick<PackedObjectStore, 'load' | 'locate' | 'readMany' | 'stream'>;
  readonly signal: AbortSignal;
  /** Pieces of the pack that hold these entries. */
  segmentsFor(entries: readonly number[]): Promise<PackSegment[]>;
  /** The compressed data of one entry. */
  streamData(entry: number): Promise<AsyncIterable<Uint8Array>>;
  /** Compares bodies with those of entries. @returns index of the first that differs, or -1 */
  compare(segments: readonly PackSegment[], entries: Int32Array, bodies: readonly Uint8Array[]): Promise<number>;
}

interface Known {
  readonly entry: number;
  readonly id: ObjectId;
  readonly place: ObjectPlace;
}

/** @throws {CollisionError} */
export async function refuseCollisions(context: CollisionContext): Promise<void> {
  const { table, objects, entryCount } = context;
  await objects.load();
  const { idBytes } = table.format;
  const pause = new Pause();
  let lot: Known[] = [];
  let lotBytes = 0;
  for (let entry = 0; entry < entryCount; entry++) {
    if (pause.isDue) await pause.take();
    const place = objects.locate(table.id, entry * idBytes);
    if (!place) continue;
    const known = { entry, id: toHex(table.id, entry * idBytes, (entry + 1) * idBytes), place };
    refuseOtherHeader(table, known);
    if (isStreamed(table, entry)) {
      await compareStreams(context, known);
      continue;
    }
    lot.push(known);
    lotBytes += table.size[entry] as number;
    if (lotBytes < limits.collisionLotBytes && lot.length < limits.collisionLotObjects) continue;
    await compareLot(context, lot);
    lot = [];
    lotBytes = 0;
  }
  if (lot.length > 0) await compareLot(context, lot);
}

function refuseOtherHeader(table: EntryTable, { entry, id, place: { pack, position } }: Known): void {
  const { types, sizes } = pack.summary;
  if (types[position] !== table.type[entry] || sizes[position] !== table.size[entry]) throw new CollisionError(id);
}

async function compareLot(context: CollisionContext, lot: readonly Known[]): Promise<void> {
  const { table, objects, signal } = context;
  signal.throwIfAborted();
  const byPlace = [...lot].sort((a, b) => orderOfPlaces(a.place, b.place));
  const stored = await objects.readMany(byPlace.map(({ id }) => id));
  const needed = new Set(byPlace.flatMap(({ entry }) => deltaChain(table, entry)));
  const segments = await context.segmentsFor([...needed]);
  const entries = Int32Array.from(byPlace, ({ entry }) => entry);
  const bodies = stored.map(({ body }) => body);
  const different = byPlace[await context.compare(segments, entries, bodies)];
  if (different) throw new CollisionError(different.id);
}

function orderOfPlaces(a: ObjectPlace, b: ObjectPlace): number {
  if (a.pack !== b.pack) return a.pack.id < b.pack.id ? -1 : 1;
  return a.pack.index.offsetAt(a.position) - b.pack.index.offsetAt(b.position);
}

/** Large, and compressed by itself: neither side has to be in memory. */
function isStreamed(table: EntryTable, entry: number): boolean {
  return table.base[entry] === NO_BASE && (table.size[entry] as number) > limits.collisionLotBytes;
}

async function compareStreams({ objects, streamData, signal }: CollisionContext, { entry, id }: Known): Promise<void> {
  const stored = await objects.stream(id, signal);
  const inflate = createInflate({ chunkSize: 256 * 1024 });
  const compressed = Readable.from(await streamData(entry), { objectMode: false });
  compressed.on('error', (error) => inflate.destroy(error)).pipe(inflate);
  try {
    if (!(await areEqual(inflate, stored.body))) throw new CollisionError(id);
  } finally {
    compressed.destroy();
    inflate.destroy();
  }
}

async function areEqual(a: AsyncIterable<Uint8Array>, b: AsyncIterable<Uint8Array>): Promise<boolean> {
  const others = b[Symbol.asyncIterator]();
  let other: Uint8Array = new Uint8Array(0);
  for await (const bytes of a) {
    for (let at = 0; at < bytes.length; ) {
      if (other.length === 0) {
        const next = await others.next();
        if (next.done) return false;
        other = next.value;
      }
      const count = Math.min(bytes.length - at, other.length);
      if (Buffer.compare(bytes.subarray(at, at + count), other.subarray(0, count)) !== 0) {
        await others.return?.();
        return false;
      }
      at += count;
      other = other.subarray(count);
    }
  }
  return other.length === 0 && (await others.next()).done === true;
}
