/** Turns the paths of an archive into entries with their bytes: small files are read many at once, large ones streamed. */
import { textOfBytes } from '#bytes/utf8.ts';
import { limits } from '#limits.ts';
import { LimitExceededError } from '../errors.ts';
import type { ObjectId } from '../object/object-id.ts';
import type { ArchiveEntry, ArchiveRequest, FileEntry } from './archive-request.ts';
import { type ArchivePath, walkArchive } from './archive-walk.ts';
import { type Conversion, conversionOf, convertToWorkingTree } from './checkout-conversion.ts';
import type { ExportSubstitution } from './export-subst.ts';
import { convertStream, measureConversion } from './streamed-conversion.ts';

/** A path whose entry is to be made; `bytes` of the files that are held in memory. */
interface Planned {
  readonly path: ArchivePath;
  readonly sizeBytes: number;
  readonly inMemory: boolean;
}

/** The entries in order. While one batch of files is written, the next is read. */
export async function* archiveEntries(request: ArchiveRequest): AsyncGenerator<ArchiveEntry> {
  if (request.prefix.endsWith('/')) yield prefixFolder(request);
  const batches = loadBatches(request);
  let ahead = batches.next();
  for (let loaded = await ahead; !loaded.done; loaded = await ahead) {
    request.signal.throwIfAborted();
    ahead = batches.next();
    // It is awaited in the next round; until then a failure must not count as unhandled.
    ahead.catch(() => {});
    yield* loaded.value;
  }
}

/** A prefix that ends in a slash is a folder, and the first entry. Several slashes are one. */
function prefixFolder({ prefix, treeId }: ArchiveRequest): ArchiveEntry {
  return { kind: 'folder', path: byteString(prefix.replace(/(?<=.)\/+$/, '/')), id: treeId };
}

async function* loadBatches(request: ArchiveRequest): AsyncGenerator<ArchiveEntry[]> {
  let batch: Planned[] = [];
  let batchBytes = 0;
  for await (const path of walkArchive(request)) {
    const planned = await plan(request, path);
    batch.push(planned);
    if (planned.inMemory) batchBytes += planned.sizeBytes;
    if (batchBytes < limits.archiveBatchBytes && batch.length < limits.archiveBatchFiles) continue;
    yield await load(request, batch);
    batch = [];
    batchBytes = 0;
  }
  yield await load(request, batch);
}

/** @throws {LimitExceededError} a link that leads too far */
async function plan({ objects }: ArchiveRequest, path: ArchivePath): Promise<Planned> {
  if (path.kind === 'tree' || path.kind === 'gitlink') return { path, sizeBytes: 0, inMemory: false };
  const header = await objects.header(path.id);
  if (header?.type !== 'blob') throw new Error(`archive: object ${path.id} of "${path.path}" is no blob that there is`);
  const { sizeBytes } = header;
  if (path.kind !== 'symlink') return { path, sizeBytes, inMemory: sizeBytes <= limits.archiveFileInMemoryMaxBytes };
  if (sizeBytes > limits.archiveLinkMaxBytes) throw new LimitExceededError(`symbolic link too long: ${path.path}`);
  return { path, sizeBytes, inMemory: true };
}

async function load(request: ArchiveRequest, batch: readonly Planned[]): Promise<ArchiveEntry[]> {
  const ids = batch.filter(({ inMemory }) => inMemory).map(({ path }) => path.id);
  const objects = await request.objects.readMany(ids);
  const bodies = new Map<ObjectId, Uint8Array>(objects.map(({ body }, index) => [ids[index] as ObjectId, body]));
  const entries: ArchiveEntry[] = [];
  for (const planned of batch) entries.push(await toEntry(request, planned, bodies.get(planned.path.id)));
  return entries;
}

async function toEntry(
  request: ArchiveRequest,
  planned: Planned,
  loaded: Uint8Array | undefined,
): Promise<ArchiveEntry> {
  const { path } = planned;
  const { id, kind } = path;
  const named = { path: byteString(request.prefix + path.path), id };
  if (kind === 'tree' || kind === 'gitlink') return { kind: 'folder', ...named };
  const binary = binaryByAttribute(path);
  if (kind === 'symlink') return { kind: 'link', ...named, target: loaded as Uint8Array, binary };
  const content = loaded ? await wholeContent(request, path, loaded) : await streamedContent(request, planned);
  return { kind: 'file', ...named, executable: kind === 'executable', binary, ...content };
}

type Content = Pick<FileEntry, 'sizeBytes' | 'body' | 'warning'>;

async function wholeContent(request: ArchiveRequest, path: ArchivePath, stored: Uint8Array): Promise<Content> {
  const conversion = conversionOf(path.attributes);
  const { bytes, isEncoded } = conversion
    ? convertToWorkingTree(stored, conversion, path.id)
    : { bytes: stored, isEncoded: true };
  const substitution = substitutionFor(request, path);
  const body = substitution ? await substitution.fillIn(bytes) : bytes;
  return { sizeBytes: body.length, body, ...warningOf(path, conversion, isEncoded) };
}

async function streamedContent(request: ArchiveRequest, { path, sizeBytes }: Planned): Promise<Content> {
  const { id } = path;
  const substitution = substitutionFor(request, path);
  const isStored = sizeBytes > limits.archiveBigFileBytes && path.attributes.get('export-subst') !== true;
  const conversion = isStored ? undefined : conversionOf(path.attributes);
  const measured = conversion && (await measureConversion(streamBlob(request, id), conversion, id));
  const open = () => {
    const stored = streamBlob(request, id);
    const converted = measured ? convertStream(stored, measured, id) : stored;
    return substitution ? substitution.fillInStream(converted) : converted;
  };
  const warning = warningOf(path, conversion, measured?.isEncoded ?? true);
  if (!substitution) return { sizeBytes: measured?.sizeBytes ?? sizeBytes, body: open, ...warning };
  let substitutedBytes = 0;
  for await (const chunk of open()) substitutedBytes += chunk.length;
  return { sizeBytes: substitutedBytes, body: open, ...warning };
}

function substitutionFor(request: ArchiveRequest, { attributes }: ArchivePath): ExportSubstitution | undefined {
  return attributes.get('export-subst') === true ? request.substitution : undefined;
}

function warningOf(
  { path }: ArchivePath,
  conversion: Conversion | undefined,
  isEncoded: boolean,
): Pick<FileEntry, 'warning'> {
  if (isEncoded) return {};
  return { warning: `error: failed to encode '${textOfBytes(path)}' from UTF-8 to ${conversion?.encoding}` };
}

function binaryByAttribute({ attributes }: ArchivePath): boolean | undefined {
  const value = attributes.get('diff');
  return typeof value === 'boolean' ? !value : undefined;
}

async function* streamBlob({ objects, signal }: ArchiveRequest, id: ObjectId): AsyncGenerator<Uint8Array> {
  const { body } = await objects.stream(id, signal);
  for await (const chunk of body) {
    signal.throwIfAborted();
    yield chunk;
  }
}

function byteString(text: string): Uint8Array {
  return Buffer.from(text, 'latin1');
}
