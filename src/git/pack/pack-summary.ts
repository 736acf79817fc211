/**
 * What the engine wants to know of a pack without reading it: type and size of every object, the skeleton of its commits, and which of its
 * objects no other object of the pack refers to. Derived from the pack when it is received and stored beside it; anyone who has the pack
 * can make it again.
 *
 * Layout, little-endian. P = position in the pack's index, N = objects, C = commits, A = parent ids, R = roots, L = bytes of an id.
 *
 *   "OCHS" version(4) L(4) N(4) C(4) A(4) R(4), 4 reserved
 *   dates      C x 8   committer date, seconds since 1970, as a double
 *   sizes      N x 4   inflated size, 0xffffffff for that or more
 *   commits    C x 4   P, ascending
 *   parents    (C + 1) x 4   where the commit's parents begin in the list of parent ids
 *   roots      R x 4   P, ascending
 *   types      N x 1   1 to 4, as in a pack entry
 *   trees      C x L
 *   parent ids A x L
 *
 * The tables of numbers stand in the order of their alignment, so each can be used in place.
 */
import { CorruptPackError } from '../errors.ts';
import type { ObjectFormat } from '../object/object-id.ts';

const MAGIC = 0x5348434f;
const VERSION = 1;
const HEADER_BYTES = 32;

export interface PackSummaryContent {
  readonly types: Uint8Array;
  readonly sizes: Uint32Array;
  readonly commits: Uint32Array;
  readonly dates: Float64Array;
  readonly parentStarts: Uint32Array;
  readonly roots: Uint32Array;
  readonly treeIds: Uint8Array;
  readonly parentIds: Uint8Array;
}

export class PackSummary implements PackSummaryContent {
  readonly sizeBytes: number;
  readonly types: Uint8Array;
  readonly sizes: Uint32Array;
  readonly commits: Uint32Array;
  readonly dates: Float64Array;
  readonly parentStarts: Uint32Array;
  readonly roots: Uint32Array;
  readonly treeIds: Uint8Array;
  readonly parentIds: Uint8Array;

  /** @throws {CorruptPackError} not a summary of this format */
  constructor(bytes: Uint8Array, format: ObjectFormat) {
    // The tables are used in place, which asks for an aligned beginning. Not `slice`: that of a Buffer makes no copy.
    const aligned = bytes.byteOffset % 8 === 0 ? bytes : new Uint8Array(bytes);
    const header = new DataView(aligned.buffer, aligned.byteOffset, aligned.byteLength);
    if (aligned.length < HEADER_BYTES || header.getUint32(0, true) !== MAGIC || header.getUint32(4, true) !== VERSION) {
      throw new CorruptPackError('read pack summary: it is none of version 1');
    }
    const [idBytes, n, c, a, r] = [8, 12, 16, 20, 24].map((at) => header.getUint32(at, true)) as [
      number,
      number,
      number,
      number,
      number,
    ];
    const layout = layOut({ idBytes, n, c, a, r });
    if (idBytes !== format.idBytes || layout.sizeBytes !== aligned.length) {
      throw new CorruptPackError(`read pack summary: ${aligned.length} bytes do not fit ${n} objects`);
    }
    const { buffer, byteOffset } = aligned;
    this.sizeBytes = aligned.length;
    this.dates = new Float64Array(buffer, byteOffset + layout.dates, c);
    this.sizes = new Uint32Array(buffer, byteOffset + layout.sizes, n);
    this.commits = new Uint32Array(buffer, byteOffset + layout.commits, c);
    this.parentStarts = new Uint32Array(buffer, byteOffset + layout.parentStarts, c + 1);
    this.roots = new Uint32Array(buffer, byteOffset + layout.roots, r);
    this.types = new Uint8Array(buffer, byteOffset + layout.types, n);
    this.treeIds = new Uint8Array(buffer, byteOffset + layout.treeIds, c * idBytes);
    this.parentIds = new Uint8Array(buffer, byteOffset + layout.parentIds, a * idBytes);
  }
}

export function encodePackSummary(content: PackSummaryContent, format: ObjectFormat): Uint8Array {
  const { idBytes } = format;
  const counts = {
    idBytes,
    n: content.types.length,
    c: content.commits.length,
    a: content.parentIds.length / idBytes,
    r: content.roots.length,
  };
  const layout = layOut(counts);
  const bytes = new Uint8Array(layout.sizeBytes);
  const header = new DataView(bytes.buffer);
  [MAGIC, VERSION, idBytes, counts.n, counts.c, counts.a, counts.r].forEach((value, index) => {
    header.setUint32(index * 4, value, true);
  });
  const put = (at: number, table: Uint8Array | Uint32Array | Float64Array) =>
    bytes.set(new Uint8Array(table.buffer, table.byteOffset, table.byteLength), at);
  put(layout.dates, content.dates);
  put(layout.sizes, content.sizes);
  put(layout.commits, content.commits);
  put(layout.parentStarts, content.parentStarts);
  put(layout.roots, content.roots);
  put(layout.types, content.types);
  put(layout.treeIds, content.treeIds);
  put(layout.parentIds, content.parentIds);
  return bytes;
}

function layOut({ idBytes, n, c, a, r }: { idBytes: number; n: number; c: number; a: number; r: number }) {
  const dates = HEADER_BYTES;
  const sizes = dates + c * 8;
  const commits = sizes + n * 4;
  const parentStarts = commits + c * 4;
  const roots = parentStarts + (c + 1) * 4;
  const types = roots + r * 4;
  const treeIds = types + n;
  const parentIds = treeIds + c * idBytes;
  return { dates, sizes, commits, parentStarts, roots, types, treeIds, parentIds, sizeBytes: parentIds + a * idBytes };
}
