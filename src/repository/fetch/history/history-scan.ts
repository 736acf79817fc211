/**
 * Reads what each commit of a history brings: the trees and blobs that stand at a path where none of its parents has them. A commit
 * and all its ancestors together bring exactly what their trees hold, so whoever knows this needs to read no tree to find it.
 */
import { toHex } from '#bytes/hex.ts';
import { LimitExceededError } from '#git/errors.ts';
import { isGitlinkMode, isTreeMode } from '#git/object/file-mode.ts';
import type { ObjectFormat, ObjectId } from '#git/object/object-id.ts';
import type { TreeReader } from '#git/object/tree.ts';
import { IdTable } from '#git/walk/id-table.ts';
import { entryAt, TreeComparer } from '#git/walk/tree-changes.ts';
import { limits } from '#limits.ts';
import type { PackedObjectStore } from '../../packed-object-store.ts';

/** Commits by their trees, in the order in which they are to be read; newest first is best. */
export interface CommitTrees {
  readonly count: number;
  /** One slot a commit. */
  readonly treeIds: Uint8Array;
  /** Where each commit's parents begin in `parentTreeIds`; one more, for the end. */
  readonly parentStarts: Uint32Array;
  readonly parentTreeIds: Uint8Array;
}

/** What these commits bring. */
export interface BroughtObjects {
  /** Of the objects, one slot each. */
  readonly ids: Uint8Array;
  /** Where each commit's entries begin; one more, for the end. */
  readonly starts: Uint32Array;
  /** For each entry, the number of an object. */
  readonly numbers: Uint32Array;
  /** How deep below the root tree, which has 0, the object stands; 255 for that or more. */
  readonly depths: Uint8Array;
}

interface Visit {
  readonly id: ObjectId;
  readonly depth: number;
  /** What stands at the same path in the parents. */
  readonly counterparts: readonly ObjectId[];
}

export const DEPTH_MAX = 255;

export class HistoryScan {
  readonly #objects: PackedObjectStore;
  readonly #format: ObjectFormat;
  readonly #comparer: TreeComparer;
  readonly #assertWanted: () => void;
  readonly #ids: IdTable;
  #numbers = new Uint32Array(4096);
  #depths = new Uint8Array(4096);
  #count = 0;

  /** @param assertWanted throws when nobody waits for the result any more */
  constructor(objects: PackedObjectStore, assertWanted: () => void) {
    this.#objects = objects;
    this.#format = objects.format;
    this.#comparer = new TreeComparer(objects.format);
    this.#assertWanted = assertWanted;
    this.#ids = new IdTable(objects.format);
  }

  /** @throws {LimitExceededError} there is too much to keep */
  async read({ count, treeIds, parentStarts, parentTreeIds }: CommitTrees): Promise<BroughtObjects> {
    const { idBytes } = this.#format;
    const idAt = (ids: Uint8Array, at: number) => toHex(ids, at * idBytes, (at + 1) * idBytes);
    const starts = new Uint32Array(count + 1);
    for (let commit = 0; commit < count; commit++) {
      const counterparts: ObjectId[] = [];
      const end = parentStarts[commit + 1] as number;
      for (let at = parentStarts[commit] as number; at < end; at++) counterparts.push(idAt(parentTreeIds, at));
      const id = idAt(treeIds, commit);
      if (!counterparts.includes(id)) {
        this.#add(treeIds, commit * idBytes, 0);
        await this.#readTree({ id, depth: 0, counterparts });
      }
      starts[commit + 1] = this.#count;
    }
    return {
      ids: this.#ids.ids.slice(),
      starts,
      numbers: this.#numbers.slice(0, this.#count),
      depths: this.#depths.slice(0, this.#count),
    };
  }

  async #readTree(root: Visit): Promise<void> {
    const waiting = [root];
    for (let visit = waiting.pop(); visit; visit = waiting.pop()) {
      this.#assertWanted();
      const body = (await this.#objects.read(visit.id)).body;
      const others: Uint8Array[] = [];
      for (const id of visit.counterparts) others.push((await this.#objects.read(id)).body);
      this.#addNew(body, others, visit.depth + 1, waiting);
    }
  }

  #addNew(body: Uint8Array, others: readonly Uint8Array[], depth: number, waiting: Visit[]): void {
    this.#comparer.compare(body, others, (entry, starts) => {
      if (isGitlinkMode(entry.mode)) return;
      this.#add(entry.body, entry.idStart, depth);
      if (!isTreeMode(entry.mode)) return;
      const counterparts: ObjectId[] = [];
      for (let index = 0; index < others.length; index++) {
        const start = starts[index] as number;
        const other = start < 0 ? undefined : entryAt(others[index] as Uint8Array, start, this.#format);
        if (other && isTreeMode(other.mode)) counterparts.push(this.#idOf(other));
      }
      waiting.push({ id: this.#idOf(entry), depth, counterparts });
    });
  }

  #idOf({ body, idStart }: TreeReader): ObjectId {
    return toHex(body, idStart, idStart + this.#format.idBytes);
  }

  #add(ids: Uint8Array, idStart: number, depth: number): void {
    if (this.#count === limits.historyEntriesMax) {
      throw new LimitExceededError('history brings the same objects too often to keep where');
    }
    if (this.#count === this.#numbers.length) {
      const [numbers, depths] = [new Uint32Array(this.#count * 2), new Uint8Array(this.#count * 2)];
      numbers.set(this.#numbers);
      depths.set(this.#depths);
      this.#numbers = numbers;
      this.#depths = depths;
    }
    this.#numbers[this.#count] = this.#ids.add(ids, idStart);
    this.#depths[this.#count++] = Math.min(depth, DEPTH_MAX);
  }
}
