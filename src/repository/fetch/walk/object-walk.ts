/**
 * Finds the trees and blobs that some commits bring a client: compares each tree with those of the commit's relatives, so that only what
 * changed is read. Like git's sparse walk (`pack.useSparse`), it may find an object that the client has under another path.
 */
import { isGitlinkMode, isTreeMode } from '#git/object/file-mode.ts';
import type { ObjectFormat } from '#git/object/object-id.ts';
import { IdTable } from '#git/walk/id-table.ts';
import { entryAt, TreeComparer } from '#git/walk/tree-changes.ts';
import { Pause } from '../../pause.ts';
import type { HeldTree } from './tree-cache.ts';
import { readTrees, type TreeSource, type TreeWithOthers } from './tree-source.ts';
import type { WalkResult, WalkTask } from './walk-task.ts';

/** What stands at the same path in a relative. */
interface Counterpart {
  readonly tree: number;
  readonly isHad: boolean;
}

interface TreeVisit {
  readonly tree: number;
  readonly counterparts: readonly Counterpart[];
}

export class ObjectWalk {
  readonly #trees: TreeSource;
  readonly #format: ObjectFormat;
  readonly #assertWanted: () => void;
  readonly #comparer: TreeComparer;
  readonly #pause = new Pause(4);
  readonly #needed: IdTable;
  readonly #clientHas: IdTable;

  constructor(trees: TreeSource, assertWanted: () => void) {
    this.#trees = trees;
    this.#format = trees.format;
    this.#assertWanted = assertWanted;
    this.#comparer = new TreeComparer(trees.format);
    this.#needed = new IdTable(this.#format);
    this.#clientHas = new IdTable(this.#format);
  }

  async run({ commits, isHad, looseTreeIds }: Omit<WalkTask, 'filter'>): Promise<WalkResult> {
    const { idBytes } = this.#format;
    const { count, treeIds, relativeStarts, relativeTreeIds } = commits;
    for (let commit = 0; commit < count; commit++) {
      const counterparts: Counterpart[] = [];
      for (let at = relativeStarts[commit] as number; at < (relativeStarts[commit + 1] as number); at++) {
        if (isHad[at]) this.#clientHas.add(relativeTreeIds, at * idBytes);
        counterparts.push({ tree: this.#trees.numberOf(relativeTreeIds, at * idBytes), isHad: isHad[at] === 1 });
      }
      await this.#addTree({ tree: this.#trees.numberOf(treeIds, commit * idBytes), counterparts });
    }
    for (let at = 0; at < looseTreeIds.length; at += idBytes) {
      await this.#addTree({ tree: this.#trees.numberOf(looseTreeIds, at), counterparts: [] });
    }
    return { neededIds: this.#needed.ids.slice(), clientHasIds: this.#clientHas.ids.slice() };
  }

  /** Adds what the tree has and none of its counterparts does. The stack is our own, since the depth is the pusher's choice. */
  async #addTree(root: TreeVisit): Promise<void> {
    const waiting = [root];
    for (let visit = waiting.pop(); visit; visit = waiting.pop()) {
      const { tree, counterparts } = visit;
      if (counterparts.some((counterpart) => counterpart.tree === tree) || !this.#take(tree)) continue;
      if (this.#pause.isDue) {
        this.#assertWanted();
        await this.#pause.take();
      }
      const others = counterparts.map((counterpart) => counterpart.tree);
      const trees = this.#trees.readAll(tree, others) ?? (await readTrees(this.#trees, tree, others));
      this.#addChanges(trees, counterparts, waiting);
    }
  }

  /** Adds the blobs that changed, and to `waiting` the directories that did. */
  #addChanges([tree, ...others]: TreeWithOthers, known: readonly Counterpart[], waiting: TreeVisit[]): void {
    this.#comparer.compare(tree, others, (entry, starts) => {
      if (isGitlinkMode(entry.mode)) return;
      const counterparts: Counterpart[] = [];
      for (let index = 0; index < others.length; index++) {
        const start = starts[index] as number;
        if (start < 0) continue;
        const other = entryAt((others[index] as HeldTree).bytes, start, this.#format);
        const { isHad } = known[index] as Counterpart;
        if (isHad && !isGitlinkMode(other.mode)) this.#clientHas.add(other.body, other.idStart);
        if (isTreeMode(other.mode)) counterparts.push({ tree: this.#trees.numberOf(other.body, other.idStart), isHad });
      }
      if (isTreeMode(entry.mode)) {
        waiting.push({ tree: this.#trees.numberOf(entry.body, entry.idStart), counterparts });
      } else {
        this.#needed.add(entry.body, entry.idStart);
      }
    });
  }

  /** @returns whether the tree is new */
  #take(tree: number): boolean {
    const before = this.#needed.size;
    this.#needed.add(this.#trees.ids, tree * this.#format.idBytes);
    return this.#needed.size > before;
  }
}
