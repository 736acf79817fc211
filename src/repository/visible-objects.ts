/**
 * Which objects of a repository a push may build on: those that its visible refs reach. What merely lies in the packs (the
 * history of a deleted branch, or of a hidden one) counts as missing, or whoever knows an id and may push could bring it back and
 * fetch it: see docs/decisions/006.
 *
 * Commits are looked up in the graph. Other objects are visible when some pack that has them has visible roots alone, as nearly all
 * packs of a repository have; only for the rest are trees read.
 */
import { fromHex, toHex } from '#bytes/hex.ts';
import { LimitExceededError } from '#git/errors.ts';
import { isTreeMode } from '#git/object/file-mode.ts';
import { parseTag } from '#git/object/tag.ts';
import { TreeReader } from '#git/object/tree.ts';
import type { Ref } from '#git/ref-store.ts';
import { DateQueue } from '#git/walk/ancestry.ts';
import type { CommitGraph } from '#git/walk/commit-graph.ts';
import { IdTable } from '#git/walk/id-table.ts';
import { ReachableCommits } from '#git/walk/reachable-commits.ts';
import { limits } from '#limits.ts';
import { headerAt, type LoadedPack, type PackedObjectStore } from './packed-object-store.ts';
import { Pause, runWithPauses } from './pause.ts';

const TREES_AT_ONCE = 64;

export class VisibleObjects {
  readonly #objects: PackedObjectStore;
  readonly #refs: readonly Ref[];
  readonly #signal: AbortSignal;
  readonly #pause = new Pause();
  /** Ids that refs name themselves. */
  readonly #tips: IdTable;
  readonly #wholePacks = new Map<LoadedPack, Promise<boolean>>();
  #history: { readonly graph: CommitGraph; readonly reachable: ReachableCommits } | undefined;

  /** @param refs those that the pusher may see */
  constructor(objects: PackedObjectStore, refs: readonly Ref[], signal: AbortSignal) {
    this.#objects = objects;
    this.#refs = refs;
    this.#signal = signal;
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
    return reachable.isFound(position) || runWithPauses(reachable.has(position), this.#signal);
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
      this.#signal.throwIfAborted();
      if (this.#pause.isDue) await this.#pause.take();
    }
  }

  /** Looks for trees and blobs under everything that is visible, newest first. Marks those of `wanted` that it finds. */
  async #findInTrees(wanted: IdTable): Promise<void> {
    if (wanted.size === 0) return;
    const search = new TreeSearch(this.#objects, wanted, this.#pause, this.#signal);
    await search.lookAtTips(this.#refs);
    const graph = await this.#objects.commitGraph();
    const queue = new DateQueue(graph);
    const seen = new Uint8Array(graph.count);
    const push = (position: number) => {
      if (position < 0 || seen[position]) return;
      seen[position] = 1;
      queue.push(position);
    };
    for (const position of tipsOf(this.#refs, graph)) push(position);
    while (search.missingCount > 0 && queue.size > 0) {
      const position = queue.pop();
      await search.lookAt(fromHex(graph.treeAt(position)));
      const count = graph.parentCount(position);
      for (let index = 0; index < count; index++) push(graph.parentAt(position, index));
    }
  }
}

function tipsOf(refs: readonly Ref[], graph: CommitGraph): number[] {
  return refs.map((ref) => graph.positionOf(ref.peeled ?? ref.target));
}

/** Reads trees, each once, until all that is wanted was seen. */
class TreeSearch {
  readonly #objects: PackedObjectStore;
  readonly #wanted: IdTable;
  readonly #seen: IdTable;
  readonly #pause: Pause;
  readonly #signal: AbortSignal;
  missingCount: number;

  constructor(objects: PackedObjectStore, wanted: IdTable, pause: Pause, signal: AbortSignal) {
    this.#objects = objects;
    this.#wanted = wanted;
    this.#seen = new IdTable(objects.format);
    this.#pause = pause;
    this.#signal = signal;
    this.missingCount = wanted.size;
  }

  /** Trees and blobs that refs lead to without a commit. */
  async lookAtTips(refs: readonly Ref[]): Promise<void> {
    for (const { target, peeled = target } of refs) {
      if (this.missingCount === 0) return;
      this.#found(fromHex(peeled), 0);
      if ((await this.#objects.header(peeled))?.type === 'tree') await this.lookAt(fromHex(peeled));
    }
  }

  /** A tree and everything below it. */
  async lookAt(rootId: Uint8Array): Promise<void> {
    const waiting: string[] = [];
    this.#found(rootId, 0);
    this.#enqueue(rootId, 0, waiting);
    while (waiting.length > 0 && this.missingCount > 0) {
      this.#signal.throwIfAborted();
      if (this.#seen.size > limits.pushTreesReadMax) {
        throw new LimitExceededError('push refers to objects that no ref of the repository seems to reach');
      }
      const trees = await this.#objects.readMany(waiting.splice(-TREES_AT_ONCE));
      for (const { body } of trees) {
        this.#lookInto(body, waiting);
        if (this.#pause.isDue) await this.#pause.take();
      }
    }
  }

  #lookInto(body: Uint8Array, waiting: string[]): void {
    const reader = new TreeReader(body, this.#objects.format);
    while (reader.next()) {
      this.#found(body, reader.idStart);
      if (isTreeMode(reader.mode)) this.#enqueue(body, reader.idStart, waiting);
    }
  }

  #enqueue(ids: Uint8Array, idStart: number, waiting: string[]): void {
    const before = this.#seen.size;
    this.#seen.add(ids, idStart);
    if (this.#seen.size > before) waiting.push(toHex(ids, idStart, idStart + this.#objects.format.idBytes));
  }

  #found(ids: Uint8Array, idStart: number): void {
    const number = this.#wanted.find(ids, idStart);
    if (number < 0 || this.#wanted.notes[number] !== 0) return;
    this.#wanted.mark(ids, idStart, 1);
    this.missingCount--;
  }
}
