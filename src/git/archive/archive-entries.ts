/** Turns the paths of an archive into entries with their bytes: small files are read many at once, large ones streamed. */
import { limits } from '#limits.ts';
import { LimitExceededError } from '../errors.ts';
import type { ObjectId } from '../object/object-id.ts';
import type { ArchiveEntry, ArchiveRequest } from './archive-request.ts';
import { type ArchivePath, walkArchive } from './archive-walk.ts';
import { convertToWorkingTree, isConverted } from './checkout-conversion.ts';

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
  if (path.kind !== 'symlink') return { path, sizeBytes, inMemory: sizeBytes <= inMemoryMaxBytes(path) };
  if (sizeBytes > limits.archiveLinkMaxBytes) throw new LimitExceededError(`symbolic link too long: ${path.path}`);
  return { path, sizeBytes, inMemory: true };
}

function inMemoryMaxBytes(path: ArchivePath): number {
  const isChanged = isConverted(path.attributes) || path.attributes.get('export-subst') === true;
  return isChanged ? limits.archiveConvertedMaxBytes : limits.archiveFileInMemoryMaxBytes;
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
  { path, sizeBytes, inMemory }: Planned,
  loaded: Uint8Array | undefined,
): Promise<ArchiveEntry> {
  const { id, kind } = path;
  const named = { path: byteString(request.prefix + path.path), id };
  if (kind === 'tree' || kind === 'gitlink') return { kind: 'folder', ...named };
  if (kind === 'symlink') return { kind: 'link', ...named, target: loaded as Uint8Array };
  const file = { kind: 'file', ...named, executable: kind === 'executable', binary: binaryByAttribute(path) } as const;
  if (!inMemory) return { ...file, sizeBytes, body: () => streamBlob(request, id) };
  const converted = convertToWorkingTree(loaded as Uint8Array, path.attributes, id);
  const isSubstituted = path.attributes.get('export-subst') === true && request.substitution !== undefined;
  const body = isSubstituted ? await request.substitution.fillIn(converted) : converted;
  return { ...file, sizeBytes: body.length, body };
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
