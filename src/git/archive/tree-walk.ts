/** Walks through the entries of a tree that a pathspec means, with the attributes of each: `tree.c`, "read_tree_at". */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { toHex } from '#bytes/hex.ts';
import { limits } from '#limits.ts';
import { parseAttributeFile } from '../attributes/attribute-file.ts';
import { AttributeStack, type Attributes } from '../attributes/attribute-stack.ts';
import { LimitExceededError } from '../errors.ts';
import { type EntryKind, entryKindOf } from '../object/file-mode.ts';
import type { ObjectId } from '../object/object-id.ts';
import { TreeReader } from '../object/tree.ts';
import type { Interest, Pathspec } from '../path/pathspec.ts';
import type { ArchiveRequest } from './archive-request.ts';

export interface WalkedEntry {
  readonly kind: EntryKind;
  /** From the root of the tree, as a byte string, without a slash at its end. */
  readonly path: string;
  readonly id: ObjectId;
}

interface Folder {
  /** With a slash at its end; empty for the root. */
  readonly path: string;
  readonly entries: TreeReader;
  /** `all` once everything that is left in it is meant. */
  interest: Interest;
}

type WalkedTree = Pick<ArchiveRequest, 'objects' | 'treeId' | 'attributes' | 'treeDepthMax' | 'signal'>;

const NO_ATTRIBUTES: Attributes = new Map();
const ATTRIBUTES_NAME = Buffer.from('.gitattributes');

export class TreeWalk {
  readonly #tree: WalkedTree;
  readonly #pathspec: Pathspec;
  readonly #attributes: AttributeStack;
  readonly #needsAttributes: boolean;
  readonly #folders: Folder[] = [];
  #staysOut = false;
  #turnBeganAt = performance.now();

  /** @param attributeNames that `attributesOf` is asked for */
  constructor(tree: WalkedTree, pathspec: Pathspec, attributeNames: readonly string[]) {
    const names = [...attributeNames, ...pathspec.attributeNames];
    this.#tree = tree;
    this.#pathspec = pathspec;
    this.#attributes = new AttributeStack(names);
    this.#needsAttributes = tree.attributes === 'of-tree' && names.length > 0;
  }

  /**
   * Entries in the tree's order; what is in a folder comes behind it, unless `stayOut` was called before the next was asked for.
   *
   * @throws {LimitExceededError} deeper folders than an archive may have
   */
  async *entries(): AsyncGenerator<WalkedEntry> {
    await this.#enter('', this.#tree.treeId);
    for (let folder = this.#folders.at(-1); folder; folder = this.#folders.at(-1)) {
      await this.#rest();
      const entry = this.#nextIn(folder);
      if (!entry) {
        this.#folders.pop();
        this.#attributes.pop();
        continue;
      }
      yield entry;
      if (entry.kind === 'tree' && !this.#staysOut) await this.#descend(entry);
      this.#staysOut = false;
    }
  }

  /** Leaves out what is in the folder that came last. */
  stayOut(): void {
    this.#staysOut = true;
  }

  /** @param path of an entry of the folder where the walk is; of a folder it ends in a slash, if its pattern may ask for that */
  readonly attributesOf = (path: string): Attributes =>
    this.#needsAttributes ? this.#attributes.lookUp(path) : NO_ATTRIBUTES;

  #nextIn(folder: Folder): WalkedEntry | undefined {
    while (folder.entries.next()) {
      const name = currentName(folder.entries);
      const kind = entryKindOf(folder.entries.mode);
      if (folder.interest !== 'all') folder.interest = this.#interestIn(folder, name, kind);
      if (folder.interest === 'never') return undefined;
      if (folder.interest === 'no') continue;
      const { body, idStart } = folder.entries;
      return { kind, path: folder.path + name, id: toHex(body, idStart, idStart + this.#tree.objects.format.idBytes) };
    }
    return undefined;
  }

  #interestIn(folder: Folder, name: string, entryKind: EntryKind): Interest {
    const kind = entryKind === 'tree' ? 'folder' : entryKind === 'gitlink' ? 'submodule' : 'file';
    return this.#pathspec.interestIn({ folder: folder.path, name, kind }, this.attributesOf);
  }

  async #descend({ path, id }: WalkedEntry): Promise<void> {
    if (this.#folders.length > this.#tree.treeDepthMax) {
      throw new LimitExceededError('exceeded maximum allowed tree depth');
    }
    await this.#enter(path, id);
  }

  async #enter(path: string, id: ObjectId): Promise<void> {
    const { objects, signal } = this.#tree;
    const { body } = await objects.read(id, { signal });
    const entries = new TreeReader(body, objects.format);
    this.#folders.push({ path: path === '' ? '' : `${path}/`, entries, interest: 'no' });
    this.#attributes.push(path, await this.#readAttributes(body, path));
  }

  async #readAttributes(tree: Uint8Array, path: string) {
    const { objects } = this.#tree;
    const id = this.#needsAttributes ? this.#findAttributes(tree) : undefined;
    const header = id === undefined ? undefined : await objects.header(id);
    const isUsable = header?.type === 'blob' && header.sizeBytes < limits.attributesMaxBytes;
    const body = isUsable ? (await objects.read(id as ObjectId)).body : new Uint8Array();
    return parseAttributeFile(body, path === '');
  }

  #findAttributes(tree: Uint8Array): ObjectId | undefined {
    const { format } = this.#tree.objects;
    const reader = new TreeReader(tree, format);
    while (reader.next()) {
      if (reader.nameEnd - reader.nameStart !== ATTRIBUTES_NAME.length) continue;
      if (Buffer.compare(tree.subarray(reader.nameStart, reader.nameEnd), ATTRIBUTES_NAME) !== 0) continue;
      return toHex(tree, reader.idStart, reader.idStart + format.idBytes);
    }
    return undefined;
  }

  /** All requests of a process share one thread. */
  async #rest(): Promise<void> {
    if (performance.now() - this.#turnBeganAt < limits.walkSliceMs) return;
    await nextTurn();
    this.#tree.signal.throwIfAborted();
    this.#turnBeganAt = performance.now();
  }
}

function currentName({ body, nameStart, nameEnd }: TreeReader): string {
  return Buffer.from(body.buffer, body.byteOffset + nameStart, nameEnd - nameStart).toString('latin1');
}
