/**
 * Finds the trees and blobs that some commits bring a client whose filter asks where in a tree they stand. What a relative has at the same
 * path is passed over, for there the filter says the same of it; what it has at another path is not.
 */
import { LimitExceededError } from '#git/errors.ts';
import { NO_DIRECTORY, SparsePatterns } from '#git/filter/sparse-patterns.ts';
import { isGitlinkMode, isTreeMode } from '#git/object/file-mode.ts';
import type { ObjectFormat } from '#git/object/object-id.ts';
import { IdTable } from '#git/walk/id-table.ts';
import { entryAt, TreeComparer } from '#git/walk/tree-changes.ts';
import { limits } from '#limits.ts';
import { Pause } from '../../pause.ts';
import type { HeldTree } from './tree-cache.ts';
import { readTrees, type TreeSource, type TreeWithOthers } from './tree-source.ts';
import type { PathFilter, WalkResult, WalkTask } from './walk-task.ts';

interface Visit {
  readonly tree: number;
  readonly depth: number;
  /** Ends with a slash unless empty; bytes as latin1. Not kept when no pattern asks. */
  readonly path: string;
  /** What each of the patterns says about the directory. */
  readonly inherited: readonly boolean[];
  /** Trees at the same path in the relatives. */
  readonly counterparts: readonly number[];
}

/** An entry that no relative has at the same path. */
interface NewEntry {
  readonly mode: number;
  readonly name: Uint8Array;
  readonly idStart: number;
  readonly counterparts: readonly number[];
}

export class FilteredWalk {
  readonly #trees: TreeSource;
  readonly #format: ObjectFormat;
  readonly #depthLimit: number;
  readonly #sparse: readonly SparsePatterns[];
  readonly #assertWanted: () => void;
  readonly #comparer: TreeComparer;
  readonly #pause = new Pause(8);
  readonly #needed: IdTable;
  /** By tree, the least depth at which it was met. */
  readonly #depths: number[] = [];
  /** Trees with their paths, where there are patterns. */
  readonly #places = new Set<string>();
  #visitCount = 0;

  constructor(trees: TreeSource, { depthLimit, sparse }: PathFilter, assertWanted: () => void) {
    this.#trees = trees;
    this.#format = trees.format;
    this.#depthLimit = depthLimit;
    this.#sparse = sparse.map((text) => new SparsePatterns(text));
    this.#assertWanted = assertWanted;
    this.#comparer = new TreeComparer(trees.format);
    this.#needed = new IdTable(trees.format);
  }

  async run({ commits, looseTreeIds }: WalkTask): Promise<WalkResult> {
    const { idBytes } = this.#format;
    const { count, treeIds, relativeStarts, relativeTreeIds } = commits;
    // Of a tree that was asked for by itself, the entries have depth 0.
    const outside = this.#sparse.map(() => false);
    for (let at = 0; at < looseTreeIds.length; at += idBytes) {
      const tree = this.#trees.numberOf(looseTreeIds, at);
      await this.#visitAll({ tree, depth: -1, path: '', inherited: outside, counterparts: [] });
    }
    const inherited = this.#sparse.map((patterns) => patterns.match('', NO_DIRECTORY, true) ?? false);
    for (let commit = 0; commit < count; commit++) {
      const counterparts: number[] = [];
      for (let at = relativeStarts[commit] as number; at < (relativeStarts[commit + 1] as number); at++) {
        counterparts.push(this.#trees.numberOf(relativeTreeIds, at * idBytes));
      }
      const tree = this.#trees.numberOf(treeIds, commit * idBytes);
      await this.#visitAll({ tree, depth: 0, path: '', inherited, counterparts });
    }
    return { neededIds: this.#needed.ids.slice(), clientHasIds: new Uint8Array(0) };
  }

  /** Shallow first, since what is near the root need not be looked at again when it shows up further down. */
  async #visitAll(root: Visit): Promise<void> {
    let level = [root];
    while (level.length > 0) {
      const next: Visit[] = [];
      for (const visit of level) {
        if (!visit.counterparts.includes(visit.tree) && this.#isNew(visit)) await this.#visit(visit, next);
      }
      level = next;
    }
  }

  #isNew({ tree, depth, path, inherited }: Visit): boolean {
    if (depth >= this.#depthLimit) return false;
    const known = this.#depths[tree];
    const isNearer = known === undefined || depth < known;
    if (isNearer) this.#depths[tree] = depth;
    if (this.#sparse.length === 0) return isNearer;
    const place = `${tree} ${inherited.map(Number).join('')} ${path}`;
    if (!isNearer && this.#places.has(place)) return false;
    this.#places.add(place);
    return true;
  }

  async #visit(visit: Visit, next: Visit[]): Promise<void> {
    if (++this.#visitCount > limits.filterTreesMax) {
      throw new LimitExceededError('filter looks at too many trees: the same one stands at too many paths');
    }
    await this.#breathe();
    // Each place is kept with its path.
    if (this.#sparse.length > 0 && visit.depth > limits.treeDepthSiteMax) {
      throw new LimitExceededError('exceeded maximum allowed tree depth');
    }
    const { tree, counterparts } = visit;
    this.#needed.add(this.#trees.ids, tree * this.#format.idBytes);
    if (visit.depth + 1 >= this.#depthLimit) return;
    const trees = this.#trees.readAll(tree, counterparts) ?? (await readTrees(this.#trees, tree, counterparts));
    const { bytes } = trees[0];
    for (const entry of this.#newEntries(trees)) {
      await this.#breathe();
      const isDirectory = isTreeMode(entry.mode);
      const included = this.#match(visit, entry.name, isDirectory);
      if (isDirectory) {
        const path = this.#sparse.length === 0 ? '' : `${visit.path}${latin1(entry.name)}/`;
        const child = this.#trees.numberOf(bytes, entry.idStart);
        next.push({ tree: child, depth: visit.depth + 1, path, inherited: included, counterparts: entry.counterparts });
      } else if (included.every(Boolean)) {
        this.#needed.add(bytes, entry.idStart);
      }
    }
  }

  /** Gathered before they are looked at, for that may take longer than a comparison can be held up. */
  #newEntries([tree, ...others]: TreeWithOthers): NewEntry[] {
    const entries: NewEntry[] = [];
    this.#comparer.compare(tree, others, (entry, starts) => {
      if (isGitlinkMode(entry.mode)) return;
      const { mode, idStart } = entry;
      const name = entry.body.subarray(entry.nameStart, entry.nameEnd);
      entries.push({ mode, name, idStart, counterparts: isTreeMode(mode) ? this.#treesAt(others, starts) : [] });
    });
    return entries;
  }

  #treesAt(others: readonly HeldTree[], starts: Int32Array): number[] {
    const trees: number[] = [];
    for (const [index, { bytes }] of others.entries()) {
      const start = starts[index] as number;
      const entry = start < 0 ? undefined : entryAt(bytes, start, this.#format);
      if (entry && isTreeMode(entry.mode)) trees.push(this.#trees.numberOf(bytes, entry.idStart));
    }
    return trees;
  }

  /** What no pattern is about is as its directory. */
  #match({ path, inherited }: Visit, name: Uint8Array, isDirectory: boolean): readonly boolean[] {
    if (inherited.length === 0) return inherited;
    const text = latin1(name);
    return this.#sparse.map(
      (patterns, index) => patterns.match(text, path, isDirectory) ?? (inherited[index] as boolean),
    );
  }

  async #breathe(): Promise<void> {
    if (!this.#pause.isDue) return;
    this.#assertWanted();
    await this.#pause.take();
  }
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}
