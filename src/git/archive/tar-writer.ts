/**
 * Tar archives, byte for byte as `git archive --format=tar` writes them — `archive-tar.c`; pax(1), "ustar Interchange Format".
 *
 * Header of 512 bytes: name(100) mode(8) uid(8) gid(8) size(12) mtime(12) checksum(8) type(1) link(100) magic(6) version(2)
 * user(32) group(32) major(8) minor(8) prefix(155); numbers are octal digits and a NUL. Content is padded to 512 bytes, the
 * archive to 10,240.
 */
import type { ArchiveEntry, ArchiveRequest, FileEntry } from './archive-request.ts';

const RECORD_BYTES = 512;
const BLOCK_BYTES = RECORD_BYTES * 20;
const NAME_BYTES = 100;
const LINK_BYTES = 100;
const PREFIX_BYTES = 155;
/** The largest number of 11 octal digits. */
const OCTAL_11_MAX = 0o77777777777;
/** git's tar.umask takes the right to write from others. */
const UMASK = 0o002;
const OUTPUT_BYTES = 128 * 1024;
const SLASH = 0x2f;

const TYPE = { file: '0', link: '2', folder: '5', extended: 'x', global: 'g' } as const;

interface HeaderFields {
  readonly name: Uint8Array;
  readonly prefix?: Uint8Array;
  readonly mode: number;
  readonly sizeBytes: number;
  readonly mtimeSeconds: number;
  readonly type: (typeof TYPE)[keyof typeof TYPE];
  readonly link?: Uint8Array;
}

type TarTraits = Pick<ArchiveRequest, 'commitId' | 'timeSeconds'>;

/** @returns chunks of some 128 KiB, each the consumer's own */
export async function* writeTar(
  entries: AsyncIterable<ArchiveEntry>,
  { commitId, timeSeconds }: TarTraits,
): AsyncGenerator<Uint8Array> {
  const output = new RecordBuffer();
  const mtimeSeconds = Math.min(Math.max(timeSeconds, 0), OCTAL_11_MAX);
  output.add(globalHeader(commitId, timeSeconds));
  for await (const entry of entries) {
    output.add(entryHeaders(entry, mtimeSeconds));
    if (entry.kind === 'file') yield* fileContent(output, entry);
    if (output.pendingBytes >= OUTPUT_BYTES) yield output.take();
  }
  output.endArchive();
  yield output.take();
}

async function* fileContent(output: RecordBuffer, { body, sizeBytes, path }: FileEntry): AsyncGenerator<Uint8Array> {
  if (body instanceof Uint8Array) {
    output.add([body]);
    output.endRecord();
    return;
  }
  let writtenBytes = 0;
  for await (const chunk of body()) {
    writtenBytes += chunk.length;
    // The source may reuse its chunk.
    output.add([chunk.slice()]);
    if (output.pendingBytes >= OUTPUT_BYTES) yield output.take();
  }
  if (writtenBytes !== sizeBytes) throw new Error(`write tar: ${writtenBytes} of ${sizeBytes} bytes of "${path}" came`);
  output.endRecord();
}

/** Collects pieces into chunks, and knows where records and blocks end. */
class RecordBuffer {
  #pieces: Uint8Array[] = [];
  #offset = 0;
  pendingBytes = 0;

  add(pieces: readonly Uint8Array[]): void {
    for (const piece of pieces) {
      this.#pieces.push(piece);
      this.pendingBytes += piece.length;
      this.#offset += piece.length;
    }
  }

  endRecord(): void {
    this.add([Buffer.alloc(paddingOf(this.#offset, RECORD_BYTES))]);
  }

  /** Two records of zeros, and more up to the end of the block. */
  endArchive(): void {
    const tail = BLOCK_BYTES - (this.#offset % BLOCK_BYTES);
    this.add([Buffer.alloc(tail < 2 * RECORD_BYTES ? tail + BLOCK_BYTES : tail)]);
  }

  take(): Uint8Array {
    const chunk = Buffer.concat(this.#pieces, this.pendingBytes);
    this.#pieces = [];
    this.pendingBytes = 0;
    return chunk;
  }
}

function paddingOf(lengthBytes: number, unitBytes: number): number {
  return (unitBytes - (lengthBytes % unitBytes)) % unitBytes;
}

/** Names the commit, so that `git get-tar-commit-id` finds it. */
function globalHeader(commitId: string | undefined, timeSeconds: number): Uint8Array[] {
  const records = commitId === undefined ? [] : [extendedRecord('comment', Buffer.from(commitId))];
  if (timeSeconds > OCTAL_11_MAX) records.push(extendedRecord('mtime', Buffer.from(String(timeSeconds))));
  if (records.length === 0) return [];
  const mtimeSeconds = Math.min(Math.max(timeSeconds, 0), OCTAL_11_MAX);
  return extendedHeader(TYPE.global, 'pax_global_header', records, mtimeSeconds);
}

function entryHeaders(entry: ArchiveEntry, mtimeSeconds: number): Uint8Array[] {
  const records: Uint8Array[] = [];
  const name = splitName(entry, records);
  const link = entry.kind === 'link' ? shortLink(entry.target, entry.id, records) : undefined;
  const sizeBytes = entry.kind === 'file' ? entry.sizeBytes : 0;
  if (sizeBytes > OCTAL_11_MAX) records.push(extendedRecord('size', Buffer.from(String(sizeBytes))));
  const header = encodeHeader({
    ...name,
    mode: modeOf(entry),
    sizeBytes: sizeBytes > OCTAL_11_MAX ? 0 : sizeBytes,
    mtimeSeconds,
    type: TYPE[entry.kind],
    ...(link && { link }),
  });
  if (records.length === 0) return [header];
  return [...extendedHeader(TYPE.extended, `${entry.id}.paxheader`, records, mtimeSeconds), header];
}

function modeOf(entry: ArchiveEntry): number {
  if (entry.kind === 'link') return 0o777;
  return (entry.kind === 'folder' || entry.executable ? 0o777 : 0o666) & ~UMASK;
}

/** A name of more than 100 bytes is cut in two at a slash, or else stands in an extended header. */
function splitName({ path, id }: ArchiveEntry, records: Uint8Array[]): Pick<HeaderFields, 'name' | 'prefix'> {
  if (path.length <= NAME_BYTES) return { name: path };
  const slash = prefixLength(path);
  if (slash > 0 && path.length - slash - 1 <= NAME_BYTES) {
    return { prefix: path.subarray(0, slash), name: path.subarray(slash + 1) };
  }
  records.push(extendedRecord('path', path));
  return { name: Buffer.from(`${id}.data`) };
}

/** The last slash that leaves a prefix short enough; the one at the very end does not count. */
function prefixLength(path: Uint8Array): number {
  const end = path.at(-1) === SLASH ? path.length - 1 : path.length;
  return Math.max(0, path.lastIndexOf(SLASH, Math.min(end, PREFIX_BYTES) - 1));
}

function shortLink(target: Uint8Array, id: string, records: Uint8Array[]): Uint8Array {
  if (target.length <= LINK_BYTES) return target;
  records.push(extendedRecord('linkpath', target));
  return Buffer.from(`see ${id}.paxheader`);
}

function extendedHeader(
  type: 'x' | 'g',
  name: string,
  records: readonly Uint8Array[],
  mtimeSeconds: number,
): Uint8Array[] {
  const body = Buffer.concat(records);
  const header = encodeHeader({ name: Buffer.from(name), mode: 0o666, sizeBytes: body.length, mtimeSeconds, type });
  return [header, body, Buffer.alloc(paddingOf(body.length, RECORD_BYTES))];
}

/** `length keyword=value LF`, where the length counts itself. */
function extendedRecord(keyword: string, value: Uint8Array): Uint8Array {
  const restBytes = 1 + keyword.length + 1 + value.length + 1;
  let lengthBytes = restBytes + 1;
  while (restBytes + String(lengthBytes).length > lengthBytes) lengthBytes++;
  return Buffer.concat([Buffer.from(`${lengthBytes} ${keyword}=`), value, Buffer.from('\n')]);
}

function encodeHeader(fields: HeaderFields): Uint8Array {
  const header = Buffer.alloc(RECORD_BYTES);
  header.set(fields.name, 0);
  writeOctal(header, fields.mode, 100, 7);
  writeOctal(header, 0, 108, 7);
  writeOctal(header, 0, 116, 7);
  writeOctal(header, fields.sizeBytes, 124, 11);
  writeOctal(header, fields.mtimeSeconds, 136, 11);
  header.write('        ', 148, 'latin1');
  header.write(fields.type, 156, 'latin1');
  if (fields.link) header.set(fields.link, 157);
  header.write('ustar\x0000root', 257, 'latin1');
  header.write('root', 297, 'latin1');
  writeOctal(header, 0, 329, 7);
  writeOctal(header, 0, 337, 7);
  if (fields.prefix) header.set(fields.prefix, 345);
  // Over the header with spaces in its place.
  const checksum = header.reduce((sum, byte) => sum + byte, 0);
  header[155] = 0;
  writeOctal(header, checksum, 148, 7);
  return header;
}

function writeOctal(header: Buffer, value: number, offset: number, digits: number): void {
  header.write(value.toString(8).padStart(digits, '0'), offset, 'latin1');
}
