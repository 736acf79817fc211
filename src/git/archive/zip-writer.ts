/**
 * Zip archives as `git archive --format=zip` writes them — `archive-zip.c`; PKWARE's APPNOTE.TXT 6.3.10, sections 4.3 to 4.5.
 * Files that are held in memory are compressed before their header goes out, several at once; streamed ones say their size
 * behind their bytes. The commit's id is the comment of the archive.
 */
import { promisify } from 'node:util';
import { constants, crc32, createDeflateRaw, deflateRaw } from 'node:zlib';
import { isUtf8 } from '#bytes/utf8.ts';
import { limits } from '#limits.ts';
import { LimitExceededError } from '../errors.ts';
import type { ArchiveEntry, ArchiveRequest, FileEntry } from './archive-request.ts';
import { COMPRESSED_CHUNK_BYTES, through } from './compress.ts';
import { LittleEndian } from './little-endian.ts';

const LOCAL_MAGIC = 0x04034b50;
const DESCRIPTOR_MAGIC = 0x08074b50;
const CENTRAL_MAGIC = 0x02014b50;
const END_MAGIC = 0x06054b50;
const END_64_MAGIC = 0x06064b50;
const LOCATOR_64_MAGIC = 0x07064b50;
/** Extra fields: modification time in seconds, sizes of 64 bits. */
const MTIME_FIELD = 0x5455;
const ZIP64_FIELD = 0x0001;
const FLAG_STREAMED = 1 << 3;
const FLAG_UTF8 = 1 << 11;
const METHOD_STORE = 0;
const METHOD_DEFLATE = 8;
const VERSION_PLAIN = 10;
const VERSION_ZIP64 = 45;
/** Unix, 2.3: the attributes hold a mode. */
const CREATOR_UNIX = 0x0317;
const MAX_16 = 0xffff;
const MAX_32 = 0xffffffff;
/** Beyond it a streamed file might need more than 32 bits when it is compressed. */
const STREAM_32_MAX_BYTES = 0x7fffffff;
/** Git looks at so much of a file to tell a text from a binary one. */
const BINARY_PROBE_BYTES = 8_000;
const OUTPUT_BYTES = 64 * 1024;
/** Files that are compressed at once. */
const COMPRESSED_AHEAD = 4;
const NO_BYTES = new Uint8Array();

const deflate = promisify(deflateRaw);

type ZipTraits = Pick<ArchiveRequest, 'commitId' | 'timeSeconds'>;

export async function* writeZip(
  entries: AsyncIterable<ArchiveEntry>,
  { commitId, timeSeconds }: ZipTraits,
  level: number = constants.Z_DEFAULT_COMPRESSION,
): AsyncGenerator<Uint8Array> {
  const zip = new ZipWriter(timeSeconds, level);
  for await (const prepared of compressAhead(entries, level)) {
    yield* zip.entry(prepared);
    if (zip.pendingBytes >= OUTPUT_BYTES) yield zip.take();
  }
  zip.end(commitId ?? '');
  yield zip.take();
}

/** An entry with the bytes that go out, unless they are streamed. */
interface Prepared {
  readonly entry: ArchiveEntry;
  readonly content: Uint8Array;
  readonly stored: { readonly method: number; readonly bytes: Uint8Array } | undefined;
}

async function* compressAhead(entries: AsyncIterable<ArchiveEntry>, level: number): AsyncGenerator<Prepared> {
  const underWay: Promise<Prepared>[] = [];
  for await (const entry of entries) {
    const prepared = prepare(entry, level);
    // Awaited when its turn comes; until then a failure must not count as unhandled.
    prepared.catch(() => {});
    underWay.push(prepared);
    if (underWay.length >= COMPRESSED_AHEAD) yield await (underWay.shift() as Promise<Prepared>);
  }
  for (const prepared of underWay) yield await prepared;
}

async function prepare(entry: ArchiveEntry, level: number): Promise<Prepared> {
  if (entry.kind === 'file' && !(entry.body instanceof Uint8Array))
    return { entry, content: NO_BYTES, stored: undefined };
  const content = entry.kind === 'file' ? (entry.body as Uint8Array) : entry.kind === 'link' ? entry.target : NO_BYTES;
  if (entry.kind === 'file' && level !== 0 && content.length > 0) {
    const bytes = await deflate(content, { level });
    if (bytes.length < content.length) return { entry, content, stored: { method: METHOD_DEFLATE, bytes } };
  }
  return { entry, content, stored: { method: METHOD_STORE, bytes: content } };
}

/** What both headers of an entry say. */
interface EntryRecord {
  readonly path: Uint8Array;
  readonly flags: number;
  readonly version: number;
  readonly creator: number;
  readonly method: number;
  readonly crc: number;
  readonly sizeBytes: number;
  readonly compressedBytes: number;
  readonly isText: boolean;
  readonly attributes: number;
  readonly offset: number;
}

class ZipWriter {
  readonly #level: number;
  readonly #dos: { date: number; time: number };
  readonly #mtimeField: Uint8Array;
  readonly #directory: Uint8Array[] = [];
  #directoryBytes = 0;
  #entryCount = 0;
  #creatorMax = 0;
  #offset = 0;
  #pieces: Uint8Array[] = [];
  pendingBytes = 0;

  constructor(timeSeconds: number, level: number) {
    this.#level = level;
    this.#dos = dosTime(timeSeconds);
    this.#mtimeField = new LittleEndian(9)
      .u16(MTIME_FIELD)
      .u16(5)
      .u8(1)
      .u32(timeSeconds >>> 0).bytes;
  }

  async *entry({ entry, content, stored }: Prepared): AsyncGenerator<Uint8Array> {
    if (entry.path.length > MAX_16) throw new LimitExceededError(`path too long (${entry.path.length} chars)`);
    const traits = { ...traitsOf(entry), path: entry.path, offset: this.#offset };
    if (!stored) return yield* this.#streamed(entry as FileEntry, traits);
    const record: EntryRecord = {
      ...traits,
      version: VERSION_PLAIN,
      method: stored.method,
      crc: crc32(content),
      sizeBytes: content.length,
      compressedBytes: stored.bytes.length,
      isText: entry.kind !== 'folder' && !isBinary(entry, content),
    };
    this.#add(this.#localHeader(record, false));
    this.#add(stored.bytes);
    this.#list(record);
  }

  take(): Uint8Array {
    const chunk = Buffer.concat(this.#pieces, this.pendingBytes);
    this.#pieces = [];
    this.pendingBytes = 0;
    return chunk;
  }

  /** The central directory and what stands behind it. */
  end(comment: string): void {
    const offset = this.#offset;
    for (const record of this.#directory) this.#add(record);
    if (this.#entryCount > MAX_16 || offset > MAX_32) this.#add(this.#end64(offset));
    const count = Math.min(this.#entryCount, MAX_16);
    const end = new LittleEndian(22).u32(END_MAGIC).u16(0).u16(0).u16(count).u16(count);
    this.#add(end.u32(this.#directoryBytes).u32(Math.min(offset, MAX_32)).u16(comment.length).bytes);
    this.#add(Buffer.from(comment));
  }

  async *#streamed(
    entry: FileEntry,
    traits: Pick<EntryRecord, 'path' | 'offset' | 'flags' | 'creator' | 'attributes'>,
  ): AsyncGenerator<Uint8Array> {
    const method = this.#level === 0 ? METHOD_STORE : METHOD_DEFLATE;
    const isLarge = entry.sizeBytes > STREAM_32_MAX_BYTES;
    const announced = {
      ...traits,
      flags: traits.flags | FLAG_STREAMED,
      version: isLarge ? VERSION_ZIP64 : VERSION_PLAIN,
      method,
      crc: 0,
      sizeBytes: entry.sizeBytes,
      compressedBytes: method === METHOD_STORE ? entry.sizeBytes : 0,
      isText: false,
    };
    this.#add(this.#localHeader(announced, isLarge));
    const content = new ContentMeter(entry);
    const bytes =
      method === METHOD_STORE
        ? content.read()
        : through(content.read(), createDeflateRaw({ level: this.#level, chunkSize: COMPRESSED_CHUNK_BYTES }));
    const startOffset = this.#offset;
    for await (const chunk of bytes) {
      this.#add(chunk);
      if (this.pendingBytes >= OUTPUT_BYTES) yield this.take();
    }
    const { crc, isText } = content;
    const record = { ...announced, crc, isText, compressedBytes: this.#offset - startOffset };
    this.#add(descriptor(record));
    this.#list(record);
  }

  #add(bytes: Uint8Array): void {
    this.#pieces.push(bytes);
    this.pendingBytes += bytes.length;
    this.#offset += bytes.length;
  }

  #localHeader(record: EntryRecord, isLarge: boolean): Uint8Array {
    const { sizeBytes, compressedBytes } = record;
    const field64 = isLarge
      ? new LittleEndian(20).u16(ZIP64_FIELD).u16(16).u64(sizeBytes).u64(compressedBytes).bytes
      : NO_BYTES;
    const header = new LittleEndian(30).u32(LOCAL_MAGIC).u16(record.version).u16(record.flags).u16(record.method);
    header.u16(this.#dos.time).u16(this.#dos.date).u32(record.crc);
    header.u32(isLarge ? MAX_32 : compressedBytes).u32(isLarge ? MAX_32 : sizeBytes);
    header.u16(record.path.length).u16(this.#mtimeField.length + field64.length);
    return Buffer.concat([header.bytes, record.path, this.#mtimeField, field64]);
  }

  /** Keeps the entry's line of the central directory. @throws {LimitExceededError} the directory would be too large */
  #list(record: EntryRecord): void {
    const line = this.#directoryLine(record);
    this.#directoryBytes += line.length;
    if (this.#directoryBytes > limits.zipDirectoryMaxBytes) {
      throw new LimitExceededError('archive: too many files for a zip archive; a tar archive takes them');
    }
    this.#directory.push(line);
    this.#entryCount++;
    this.#creatorMax = Math.max(this.#creatorMax, record.creator);
  }

  #directoryLine(record: EntryRecord): Uint8Array {
    const { sizeBytes, compressedBytes, offset } = record;
    const large = [sizeBytes, compressedBytes, offset].filter((value) => value >= MAX_32);
    const field64 = new LittleEndian(large.length === 0 ? 0 : 4 + 8 * large.length);
    if (large.length > 0) field64.u16(ZIP64_FIELD).u16(8 * large.length);
    for (const value of large) field64.u64(value);
    const line = new LittleEndian(46).u32(CENTRAL_MAGIC).u16(record.creator).u16(record.version).u16(record.flags);
    line.u16(record.method).u16(this.#dos.time).u16(this.#dos.date).u32(record.crc);
    line.u32(Math.min(compressedBytes, MAX_32)).u32(Math.min(sizeBytes, MAX_32));
    line
      .u16(record.path.length)
      .u16(this.#mtimeField.length + field64.bytes.length)
      .u16(0)
      .u16(0);
    line
      .u16(record.isText ? 1 : 0)
      .u32(record.attributes)
      .u32(Math.min(offset, MAX_32));
    return Buffer.concat([line.bytes, record.path, this.#mtimeField, field64.bytes]);
  }

  #end64(offset: number): Uint8Array {
    const end = new LittleEndian(56).u32(END_64_MAGIC).u64(44).u16(this.#creatorMax).u16(VERSION_ZIP64).u32(0).u32(0);
    end.u64(this.#entryCount).u64(this.#entryCount).u64(this.#directoryBytes).u64(offset);
    const locator = new LittleEndian(20)
      .u32(LOCATOR_64_MAGIC)
      .u32(0)
      .u64(offset + this.#directoryBytes)
      .u32(1);
    return Buffer.concat([end.bytes, locator.bytes]);
  }
}

function traitsOf(entry: ArchiveEntry): Pick<EntryRecord, 'flags' | 'creator' | 'attributes'> {
  const flags = entry.path.some((byte) => byte >= 0x80) && isUtf8(entry.path) ? FLAG_UTF8 : 0;
  switch (entry.kind) {
    case 'folder':
      return { flags, creator: 0, attributes: 16 };
    case 'link':
      return { flags, creator: CREATOR_UNIX, attributes: 0o120777 * 0x10000 };
    case 'file':
      return entry.executable
        ? { flags, creator: CREATOR_UNIX, attributes: 0o100755 * 0x10000 }
        : { flags, creator: 0, attributes: 0 };
  }
}

/** Checks and sums up what is read of a file. */
class ContentMeter {
  readonly #entry: FileEntry;
  crc = 0;
  isText = true;

  constructor(entry: FileEntry) {
    this.#entry = entry;
  }

  async *read(): AsyncGenerator<Uint8Array> {
    const { body, sizeBytes } = this.#entry;
    let readBytes = 0;
    for await (const chunk of (body as () => AsyncIterable<Uint8Array>)()) {
      if (readBytes === 0) this.isText = !isBinary(this.#entry, chunk);
      readBytes += chunk.length;
      this.crc = crc32(chunk, this.crc);
      // The source may reuse its chunk.
      yield chunk.slice();
    }
    if (readBytes !== sizeBytes) throw new Error(`write zip: ${readBytes} of ${sizeBytes} bytes of a file came`);
  }
}

function isBinary(entry: ArchiveEntry, content: Uint8Array): boolean {
  const byAttribute = entry.kind === 'folder' ? undefined : entry.binary;
  return byAttribute ?? content.subarray(0, BINARY_PROBE_BYTES).includes(0);
}

function descriptor({ crc, compressedBytes, sizeBytes }: EntryRecord): Uint8Array {
  const isLarge = sizeBytes >= MAX_32 || compressedBytes >= MAX_32;
  const bytes = new LittleEndian(isLarge ? 24 : 16).u32(DESCRIPTOR_MAGIC).u32(crc);
  if (isLarge) return bytes.u64(compressedBytes).u64(sizeBytes).bytes;
  return bytes.u32(compressedBytes).u32(sizeBytes).bytes;
}

/** MS-DOS's date and time of two seconds, in UTC. */
function dosTime(timeSeconds: number): { date: number; time: number } {
  const at = new Date(timeSeconds * 1_000);
  const date = at.getUTCDate() + (at.getUTCMonth() + 1) * 32 + (at.getUTCFullYear() - 1980) * 512;
  const time = Math.floor(at.getUTCSeconds() / 2) + at.getUTCMinutes() * 32 + at.getUTCHours() * 2048;
  return { date: date & MAX_16, time: time & MAX_16 };
}
