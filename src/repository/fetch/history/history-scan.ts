/**
 * Reads what each commit of a history brings: the trees and blobs that stand at a path where none of its parents has them. A commit
 * and all its ancestors together bring exactly what their trees hold, so whoever knows this needs to read no tree to find it.
 */
import { LimitExceededError } from '#git/errors.ts';
import { isGitlinkMode, isTreeMode } from '#git/object/file-mode.ts';
import { sortEntriesById } from '#git/pack/pack-index.ts';
import { IdTable } from '#git/walk/id-table.ts';
import { entryAt, TreeComparer } from '#git/walk/tree-changes.ts';
import { limits } from '#limits.ts';
import { Pause } from '../../pause.ts';
import type { CommitTrees } from '../walk/commit-trees.ts';
import type { HeldTree } from '../walk/tree-cache.ts';
import { readTrees, type TreeSource, type TreeWithOthers } from '../walk/tree-source.ts';

/** What these commits bring. */
export interface BroughtObjects {
  /** Of the objects, one slot each, in order. */
  readonly ids: Uint8Array;
  /** Where each commit's entries begin; one more, for the end. */
  readonly starts: Uint32Array;
  /** For each entry, the number of an object. */
  readonly numbers: Uint32Array;
  /** How deep below the root tree, which has 0, the object stands; 255 for that or more. */
  readonly depths: Uint8Array;
}

interface Visit {
  readonly tree: number;
  readonly depth: number;
  /** What stands at the same path in the parents. */
  readonly counterparts: readonly number[];
}

export const DEPTH_MAX = 255;

export class HistoryScan {
  readonly #trees: TreeSource;
  readonly #comparer: TreeComparer;
  readonly #assertWanted: () => void;
  readonly #pause = new Pause();
  readonly #ids: IdTable;
  #numbers = new Uint32Array(4096);
  #depths = new Uint8Array(4096);
  #count = 0;

  /** @param assertWanted throws when nobody waits for the result any more */
  constructor(trees: TreeSource, assertWanted: () => void) {
    this.#trees = trees;
    this.#comparer = new TreeComparer(trees.format);
    this.#assertWanted = assertWanted;
    this.#ids = new IdTable(trees.format);
  }

  /**
   * @param commits newest first is best
   * @throws {LimitExceededError} there is too much to keep
   */
  async read({ count, treeIds, relativeStarts, relativeTreeIds }: CommitTrees): Promise<BroughtObjects> {
    const { idBytes } = this.#trees.format;
    const starts = new Uint32Array(count + 1);
    for (let commit = 0; commit < count; commit++) {
      const counterparts: number[] = [];
      const end = relativeStarts[commit + 1] as number;
      for (let at = relativeStarts[commit] as number; at < end; at++) {
        counterparts.push(this.#trees.numberOf(relativeTreeIds, at * idBytes));
      }
      const tree = this.#trees.numberOf(treeIds, commit * idBytes);
      if (!counterparts.includes(tree)) {
        this.#add(treeIds, commit * idBytes, 0);
        await this.#readTree({ tree, depth: 0, counterparts });
      }
      starts[commit + 1] = this.#count;
    }
    return { starts, ...this.#sorted(), depths: this.#depths.slice(0, this.#count) };
  }

  #sorted(): Pick<BroughtObjects, 'ids' | 'numbers'> {
    const { ids: found, size, idBytes } = this.#ids;
    const order = sortEntriesById({ format: this.#trees.format, count: size, id: found });
    const ids = new Uint8Array(found.length);
    const numberOf = new Uint32Array(size);
    for (let number = 0; number < size; number++) {
      const old = order[number] as number;
      numberOf[old] = number;
      ids.set(found.subarray(old * idBytes, (old + 1) * idBytes), number * idBytes);
    }
    return { ids, numbers: this.#numbers.subarray(0, this.#count).map((old) => numberOf[old] as number) };
  }

  async #readTree(root: Visit): Promise<void> {
    const waiting = [root];
    for (let visit = waiting.pop(); visit; visit = waiting.pop()) {
      if (this.#pause.isDue) {
        this.#assertWanted();
        await this.#pause.take();
      }
      const { tree, counterparts } = visit;
      const trees = this.#trees.readAll(tree, counterparts) ?? (await readTrees(this.#trees, tree, counterparts));
      this.#addNew(trees, visit.depth + 1, waiting);
    }
  }

  #addNew([tree, ...others]: TreeWithOthers, depth: number, waiting: Visit[]): void {
    const { format } = this.#trees;
    this.#comparer.compare(tree, others, (entry, starts) => {
      if (isGitlinkMode(entry.mode)) return;
      this.#add(entry.body, entry.idStart, depth);
      if (!isTreeMode(entry.mode)) return;
      const counterparts: number[] = [];
      for (let index = 0; index < others.length; index++) {
        const start = starts[index] as number;
        const other = start < 0 ? undefined : entryAt((others[index] as HeldTree).bytes, start, format);
        if (other && isTreeMode(other.mode)) counterparts.push(this.#trees.numberOf(other.body, other.idStart));
      }
      waiting.push({ tree: this.#trees.numberOf(entry.body, entry.idStart), depth, counterparts });
    });
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
