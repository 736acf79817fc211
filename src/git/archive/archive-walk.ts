/** The paths of a tree in the order of an archive: `archive.c`, "write_archive_entries"; `tree.c`, "read_tree_at". */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { toHex } from '#bytes/hex.ts';
import { limits } from '#limits.ts';
import { parseAttributeFile } from '../attributes/attribute-file.ts';
import { AttributeStack, type Attributes } from '../attributes/attribute-stack.ts';
import { LimitExceededError } from '../errors.ts';
import { type EntryKind, entryKindOf } from '../object/file-mode.ts';
import type { ObjectId } from '../object/object-id.ts';
import { TreeReader } from '../object/tree.ts';
import type { ArchiveRequest } from './archive-request.ts';

/** Attributes that change an archive. */
const ATTRIBUTES = [
  'export-ignore',
  'export-subst',
  'text',
  'crlf',
  'eol',
  'ident',
  'working-tree-encoding',
  'diff',
] as const;

export interface ArchivePath {
  readonly kind: EntryKind;
  /** From the root of the tree, as a byte string; that of a folder or submodule ends in a slash. */
  readonly path: string;
  readonly id: ObjectId;
  readonly attributes: Attributes;
}

interface Folder {
  readonly id: ObjectId;
  /** Without a slash at its end; empty for the root. */
  readonly path: string;
  readonly entries: TreeReader;
  /** A folder goes out before the first file in it, and not at all when there is none. */
  isWritten: boolean;
}

const NO_ATTRIBUTES: Attributes = new Map();

/** @throws {LimitExceededError} more entries, or deeper folders, than an archive may have */
export async function* walkArchive(request: ArchiveRequest): AsyncGenerator<ArchivePath> {
  const walk = new Walk(request);
  let count = 0;
  for await (const path of walk.paths()) {
    count++;
    if (count > limits.archiveEntriesMax) throw new LimitExceededError('archive: too many entries');
    yield path;
  }
}

class Walk {
  readonly #request: ArchiveRequest;
  readonly #attributes = new AttributeStack(ATTRIBUTES);
  readonly #folders: Folder[] = [];
  #turnBeganAt = performance.now();

  constructor(request: ArchiveRequest) {
    this.#request = request;
  }

  async *paths(): AsyncGenerator<ArchivePath> {
    await this.#enter('', this.#request.treeId);
    for (let folder = this.#folders.at(-1); folder; folder = this.#folders.at(-1)) {
      await this.#rest();
      if (!folder.entries.next()) this.#leave();
      else if (entryKindOf(folder.entries.mode) === 'tree') await this.#descend(folder);
      else yield* this.#leaf(folder);
    }
  }

  async #descend(parent: Folder): Promise<void> {
    const { pathspec, treeDepthMax } = this.#request;
    const { path, id } = this.#current(parent);
    if (!pathspec.mayMatchBelow(path) || this.#isIgnored(this.#lookUp(`${path}/`))) return;
    if (this.#folders.length > treeDepthMax) throw new LimitExceededError('exceeded maximum allowed tree depth');
    await this.#enter(path, id);
  }

  *#leaf(folder: Folder): Generator<ArchivePath> {
    const kind = entryKindOf(folder.entries.mode);
    const { path, id } = this.#current(folder);
    if (!this.#request.pathspec.matches(path, kind === 'gitlink')) return;
    yield* this.#pendingFolders();
    const fullPath = kind === 'gitlink' ? `${path}/` : path;
    const attributes = this.#lookUp(fullPath);
    if (!this.#isIgnored(attributes)) yield { kind, path: fullPath, id, attributes };
  }

  *#pendingFolders(): Generator<ArchivePath> {
    for (const folder of this.#folders) {
      if (folder.isWritten) continue;
      folder.isWritten = true;
      yield { kind: 'tree', path: `${folder.path}/`, id: folder.id, attributes: NO_ATTRIBUTES };
    }
  }

  #current(folder: Folder): { path: string; id: ObjectId } {
    const { body, nameStart, nameEnd, idStart } = folder.entries;
    const name = Buffer.from(body.buffer, body.byteOffset + nameStart, nameEnd - nameStart).toString('latin1');
    const id = toHex(body, idStart, idStart + this.#request.objects.format.idBytes);
    return { path: folder.path === '' ? name : `${folder.path}/${name}`, id };
  }

  async #enter(path: string, id: ObjectId): Promise<void> {
    const { objects, signal } = this.#request;
    const { body } = await objects.read(id, { signal });
    this.#folders.push({ path, id, entries: new TreeReader(body, objects.format), isWritten: path === '' });
    this.#attributes.push(path, await this.#readAttributes(body, path));
  }

  #leave(): void {
    this.#folders.pop();
    this.#attributes.pop();
  }

  async #readAttributes(tree: Uint8Array, path: string) {
    const id = this.#request.attributes === 'of-tree' ? this.#findAttributes(tree) : undefined;
    const header = id === undefined ? undefined : await this.#request.objects.header(id);
    const isUsable = header?.type === 'blob' && header.sizeBytes < limits.attributesMaxBytes;
    const body = isUsable ? (await this.#request.objects.read(id as ObjectId)).body : new Uint8Array();
    return parseAttributeFile(body, path === '');
  }

  #findAttributes(tree: Uint8Array): ObjectId | undefined {
    const { format } = this.#request.objects;
    const reader = new TreeReader(tree, format);
    while (reader.next()) {
      if (reader.nameEnd - reader.nameStart !== ATTRIBUTES_NAME.length) continue;
      if (Buffer.compare(tree.subarray(reader.nameStart, reader.nameEnd), ATTRIBUTES_NAME) !== 0) continue;
      return toHex(tree, reader.idStart, reader.idStart + format.idBytes);
    }
    return undefined;
  }

  #lookUp(path: string): Attributes {
    return this.#request.attributes === 'of-tree' ? this.#attributes.lookUp(path) : NO_ATTRIBUTES;
  }

  #isIgnored(attributes: Attributes): boolean {
    return attributes.get('export-ignore') === true;
  }

  /** All requests of a process share one thread. */
  async #rest(): Promise<void> {
    if (performance.now() - this.#turnBeganAt < limits.walkSliceMs) return;
    await nextTurn();
    this.#request.signal.throwIfAborted();
    this.#turnBeganAt = performance.now();
  }
}

const ATTRIBUTES_NAME = Buffer.from('.gitattributes');
