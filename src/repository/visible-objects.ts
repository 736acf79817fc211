/**
 * Which objects of a repository a push may build on: those that its visible refs reach. What merely lies in the packs (the
 * history of a deleted branch, or of a hidden one) counts as missing, or whoever knows an id and may push could bring it back and
 * fetch it: see docs/decisions/006.
 *
 * Commits are looked up in the graph. Other objects are visible when some pack that has them has visible roots alone, as nearly all
 * packs of a repository have; only for the rest are trees read.
 */
import { fromHex } from '#bytes/hex.ts';
import { LimitExceededError } from '#git/errors.ts';
import { parseTag } from '#git/object/tag.ts';
import type { Ref } from '#git/ref-store.ts';
import type { CommitGraph } from '#git/walk/commit-graph.ts';
import { IdTable } from '#git/walk/id-table.ts';
import { ReachableCommits } from '#git/walk/reachable-commits.ts';
import { limits } from '#limits.ts';
import type { BroughtTogether } from './fetch/history/history.ts';
import type { HistorySource } from './fetch/history/known-history.ts';
import { findReachedObjects, knownReachedObjects } from './fetch/history/reached-objects.ts';
import { headerAt, type LoadedPack, type PackedObjectStore } from './packed-object-store.ts';
import { Pause, runWithPauses } from './pause.ts';
import type { ReachOptions } from './repository-engine.ts';
import { TreeSearch } from './tree-search.ts';

export interface SightOptions extends ReachOptions {
  /** Where histories are kept: without, trees are read here. */
  readonly source?: HistorySource | undefined;
}

export class VisibleObjects {
  readonly #objects: PackedObjectStore;
  readonly #refs: readonly Ref[];
  readonly #options: SightOptions;
  readonly #pause = new Pause();
  /** Ids that refs name themselves. */
  readonly #tips: IdTable;
  readonly #wholePacks = new Map<LoadedPack, Promise<boolean>>();
  #history: { readonly graph: CommitGraph; readonly reachable: ReachableCommits } | undefined;

  /** @param refs those that the pusher may see */
  constructor(objects: PackedObjectStore, refs: readonly Ref[], options: SightOptions) {
    this.#objects = objects;
    this.#refs = refs;
    this.#options = options;
    this.#tips = new IdTable(objects.format, Math.max(16, refs.length));
    for (const ref of refs) this.#tips.add(fromHex(ref.target), 0);
  }

  /**
   * @param ids objects that the packs have, one slot after another
   * @returns numbers of the slots whose objects are not visible
   * @throws {LimitExceededError} finding out would take too long
   */
  async findInvisible(ids: Uint8Array): Promise<number[]> {
    const packs = await this.#objects.load();
    const { idBytes } = this.#objects.format;
    const doubtful = { tag: new IdTable(this.#objects.format), other: new IdTable(this.#objects.format) };
    const invisible: number[] = [];
    const doubts: { readonly number: number; readonly table: IdTable }[] = [];
    for (let number = 0; number * idBytes < ids.length; number++) {
      if (this.#pause.isDue) await this.#pause.take();
      const sight = await this.#lookFor(packs, ids, number * idBytes);
      if (sight === 'visible') continue;
      if (sight === 'invisible') {
        invisible.push(number);
        continue;
      }
      const table = doubtful[sight];
      table.add(ids, number * idBytes);
      doubts.push({ number, table });
    }
    await this.#findInTags(doubtful.tag);
    await this.#findInTrees(doubtful.other);
    for (const { number, table } of doubts) {
      if (table.notes[table.find(ids, number * idBytes)] === 0) invisible.push(number);
    }
    return invisible.sort((a, b) => a - b);
  }

  /** Without reading objects. @returns for what may be visible all the same, what it is: a tag, or a tree or blob */
  async #lookFor(
    packs: readonly LoadedPack[],
    ids: Uint8Array,
    idStart: number,
  ): Promise<'visible' | 'invisible' | 'tag' | 'other'> {
    if (this.#tips.find(ids, idStart) >= 0) return 'visible';
    const isReached = await this.#reaches(ids, idStart);
    if (isReached !== undefined) return isReached ? 'visible' : 'invisible';
    let isTag = false;
    for (let index = packs.length - 1; index >= 0; index--) {
      const pack = packs[index] as LoadedPack;
      const position = pack.index.find(ids, idStart);
      if (position < 0) continue;
      if (await this.#isWhole(pack)) return 'visible';
      isTag = headerAt({ pack, position }).type === 'tag';
    }
    return isTag ? 'tag' : 'other';
  }

  /** Whether everything in the pack is reachable, because its roots are: `fetch/whole-packs.ts`. */
  #isWhole(pack: LoadedPack): Promise<boolean> {
    const known = this.#wholePacks.get(pack);
    if (known) return known;
    const isWhole = this.#areRootsReached(pack);
    this.#wholePacks.set(pack, isWhole);
    return isWhole;
  }

  async #areRootsReached({ index, summary }: LoadedPack): Promise<boolean> {
    for (const position of summary.roots) {
      if (this.#pause.isDue) await this.#pause.take();
      const id = index.idAt(position);
      if (this.#tips.find(id, 0) < 0 && !(await this.#reaches(id, 0))) return false;
    }
    return true;
  }

  /** Whether visible refs reach a commit; undefined when it is no commit. */
  async #reaches(ids: Uint8Array, idStart: number): Promise<boolean | undefined> {
    this.#history ??= this.#openHistory(await this.#objects.commitGraph());
    const { graph, reachable } = this.#history;
    const position = graph.positionOfSlot(ids, idStart);
    if (position < 0) return undefined;
    return reachable.isFound(position) || runWithPauses(reachable.has(position), this.#options.signal);
  }

  #openHistory(graph: CommitGraph) {
    return { graph, reachable: new ReachableCommits(graph, tipsOf(this.#refs, graph)) };
  }

  /** Looks for tags between the tags that refs name and what they lead to. Marks those of `wanted` that it finds. */
  async #findInTags(wanted: IdTable): Promise<void> {
    if (wanted.size === 0) return;
    for (const { target, peeled } of this.#refs) {
      if (peeled === undefined) continue;
      let id = target;
      while (id !== peeled) {
        if (wanted.find(fromHex(id), 0) >= 0) wanted.mark(fromHex(id), 0, 1);
        id = parseTag((await this.#objects.read(id)).body, this.#objects.format).targetId;
      }
      this.#options.signal.throwIfAborted();
      if (this.#pause.isDue) await this.#pause.take();
    }
  }

  /**
   * Looks for trees and blobs under everything that is visible. Marks those of `wanted` that it finds. What the newest commits have is found
   * soonest by reading their trees; for the rest, what each commit brings is read by a thread, once.
   */
  async #findInTrees(wanted: IdTable): Promise<void> {
    if (wanted.size === 0) return;
    const { source, admit } = this.#options;
    const known = source && knownReachedObjects(source, this.#refs);
    if (known) markWhere(wanted, known.has);
    else await (admit ? admit(() => this.#searchTrees(wanted)) : this.#searchTrees(wanted));
  }

  async #searchTrees(wanted: IdTable): Promise<void> {
    const { source, signal } = this.#options;
    const question = { objects: this.#objects, refs: this.#refs, signal };
    const search = new TreeSearch({ ...question, wanted });
    if (await search.run(limits.visibleTreesSearched)) return;
    const reached = source && (await unlessTooMuch(findReachedObjects(source, question)));
    if (reached) return markWhere(wanted, reached.has);
    if (await search.run(limits.pushTreesReadMax)) return;
    throw new LimitExceededError('push refers to objects that no ref of the repository seems to reach');
  }
}

function markWhere(wanted: IdTable, has: BroughtTogether['has']): void {
  const { ids, idBytes } = wanted;
  for (let at = 0; at < ids.length; at += idBytes) if (has(ids, at)) wanted.mark(ids, at, 1);
}

async function unlessTooMuch<Result>(result: Promise<Result>): Promise<Result | undefined> {
  try {
    return await result;
  } catch (error) {
    if (error instanceof LimitExceededError) return undefined;
    throw error;
  }
}

function tipsOf(refs: readonly Ref[], graph: CommitGraph): number[] {
  return refs.map((ref) => graph.positionOf(ref.peeled ?? ref.target));
}
