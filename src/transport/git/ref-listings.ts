/**
 * The lists of refs that services begin with, made once for all who ask while the refs stay as they are: of 100,000 refs it is seven
 * megabytes. Only the lines up to that of the capabilities, which hold nonces and session ids, are made for each request.
 */
import { promisify } from 'node:util';
import { constants, crc32, deflateRaw, deflateRawSync } from 'node:zlib';
import { LRUCache } from 'lru-cache';
import { encodePktLines, type OutgoingPkt } from '#git/pkt-line/encode.ts';
import type { Ref, RefSnapshot } from '#git/ref-store.ts';
import { limits } from '#limits.ts';
import { Pause } from '#repository/pause.ts';

export interface ListedRefs {
  readonly repositoryId: number;
  readonly refsVersion: number;
  readonly refs: RefSnapshot;
}

/** As it can be sent, piece by piece. */
export interface RefListing {
  readonly pieces: Iterable<Uint8Array>;
  readonly encoding: 'plain' | 'gzip';
}

export class RefListings {
  readonly #kept = new LRUCache<string, KeptListing>({
    maxSize: limits.refListingsMaxBytes,
    sizeCalculation: ({ sizeBytesMax }) => sizeBytesMax,
  });

  /**
   * @param kind what the lines depend on beside the refs: the service, and what it hides
   * @param makePkts the whole list; all that differs from one request to the next is at the latest in its first line with a NUL
   * @param encoding gzip is left aside for short lists
   */
  async list(
    listed: ListedRefs,
    kind: string,
    makePkts: () => Iterable<OutgoingPkt>,
    encoding: RefListing['encoding'],
  ): Promise<RefListing> {
    if (!isWorthKeeping(listed.refs)) return { pieces: encodePktLines(makePkts()), encoding: 'plain' };
    const { opening, rest } = cutAfterCapabilities(makePkts());
    const kept = this.#find(listed, kind, rest);
    const sharedBytes = await kept.bytes;
    if (encoding === 'plain') return { pieces: plainPieces(opening, sharedBytes), encoding };
    return { pieces: gzipPieces(opening, sharedBytes, await kept.deflated()), encoding };
  }

  #find({ repositoryId, refsVersion, refs }: ListedRefs, kind: string, rest: Iterable<OutgoingPkt>): KeptListing {
    const key = `${repositoryId} ${kind}`;
    const kept = this.#kept.get(key);
    if (kept?.refsVersion === refsVersion) return kept;
    const made = new KeptListing(refsVersion, encodeWithPauses(rest), estimateBytes(refs));
    this.#kept.set(key, made);
    return made;
  }
}

class KeptListing {
  readonly refsVersion: number;
  readonly bytes: Promise<Uint8Array>;
  /** Of both forms; the deflated one is the smaller. */
  readonly sizeBytesMax: number;
  #deflated: Promise<Uint8Array> | undefined;

  constructor(refsVersion: number, bytes: Promise<Uint8Array>, estimatedBytes: number) {
    this.refsVersion = refsVersion;
    this.bytes = bytes;
    this.sizeBytesMax = 2 * estimatedBytes;
  }

  /** Ids are half of the list and do not shrink by more work, so the least is done. */
  deflated(): Promise<Uint8Array> {
    this.#deflated ??= this.bytes.then((bytes) => deflateInThread(bytes, { level: constants.Z_BEST_SPEED }));
    return this.#deflated;
  }
}

const deflateInThread = promisify<Uint8Array, { level: number }, Uint8Array>(deflateRaw);

function isWorthKeeping(refs: RefSnapshot): boolean {
  return refs.refs.length >= limits.refListingKeptRefsMin && estimateBytes(refs) <= limits.refListingMaxBytes;
}

/** At most the bytes of the list: a ref may have a line more, for what its tag leads to. */
function estimateBytes(refs: RefSnapshot): number {
  const sizeBytes = estimates.get(refs) ?? refs.refs.reduce((sum, ref) => sum + estimateLineBytes(ref), 0);
  estimates.set(refs, sizeBytes);
  return sizeBytes;
}

/** To look at 100,000 refs takes longer than to send what is kept of them. */
const estimates = new WeakMap<RefSnapshot, number>();

function estimateLineBytes({ name, target, peeled }: Ref): number {
  const lineBytes = target.length + LINE_EXTRA_BYTES + 3 * name.length;
  return peeled === undefined ? lineBytes : 2 * lineBytes;
}

/** Length digits, space, newline, and `^{}` of a line. */
const LINE_EXTRA_BYTES = 9;

function cutAfterCapabilities(pkts: Iterable<OutgoingPkt>): { opening: Uint8Array; rest: Iterable<OutgoingPkt> } {
  const iterator = pkts[Symbol.iterator]();
  const opening: OutgoingPkt[] = [];
  for (let next = iterator.next(); !next.done; next = iterator.next()) {
    opening.push(next.value);
    if (typeof next.value === 'string' && next.value.includes('\0')) break;
  }
  return { opening: Buffer.concat([...encodePktLines(opening)]), rest: { [Symbol.iterator]: () => iterator } };
}

async function encodeWithPauses(pkts: Iterable<OutgoingPkt>): Promise<Uint8Array> {
  const pause = new Pause(1);
  const pieces: Uint8Array[] = [];
  for (const piece of encodePktLines(pkts)) {
    pieces.push(piece);
    if (pause.isDue) await pause.take();
  }
  return Buffer.concat(pieces);
}

function* plainPieces(opening: Uint8Array, rest: Uint8Array): Generator<Uint8Array> {
  yield opening;
  yield* inSlices(rest);
}

/** One member of RFC 1952 whose data is deflated in two parts, the first of which ends at a byte and is not the last. */
function* gzipPieces(opening: Uint8Array, rest: Uint8Array, deflatedRest: Uint8Array): Generator<Uint8Array> {
  yield GZIP_HEADER;
  yield deflateRawSync(opening, { finishFlush: constants.Z_FULL_FLUSH });
  yield* inSlices(deflatedRest);
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc32(rest, crc32(opening)), 0);
  trailer.writeUInt32LE(opening.length + rest.length, 4);
  yield trailer;
}

/** Deflate; no name, no time, made by nobody in particular — RFC 1952, section 2.3. */
const GZIP_HEADER = Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 4, 0xff);

/** Views, so that a slow client is waited for. */
function* inSlices(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += limits.refListingPieceBytes) {
    yield bytes.subarray(at, at + limits.refListingPieceBytes);
  }
}
