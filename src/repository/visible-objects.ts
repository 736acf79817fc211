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
import { limits } from '#limits.ts';
import type { LoadedPack, PackedObjectStore } from './packed-object-store.ts';
import { Pause } from './pause.ts';

const TREES_AT_ONCE = 64;

export class VisibleObjects {
  readonly #objects: PackedObjectStore;
  readonly #refs: readonly Ref[];
  readonly #signal: AbortSignal;
  readonly #pause = new Pause();
  /** Ids that refs name themselves. */
  readonly #tips: IdTable;
  readonly #wholePacks = new Map<LoadedPack, boolean>();
  #marks: Promise<{ graph: CommitGraph; marks: Uint8Array }> | undefined;

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
    const doubtful = new IdTable(this.#objects.format);
    const numbers: number[] = [];
    for (let number = 0; number * idBytes < ids.length; number++) {
      if (this.#pause.isDue) await this.#pause.take();
      if (await this.#isPlainlyVisible(packs, ids, number * idBytes)) continue;
      doubtful.add(ids, number * idBytes);
      numbers.push(number);
    }
    const found = await this.#findInTrees(doubtful);
    return numbers.filter((number) => (found.notes[doubtful.find(ids, number * idBytes)] as number) === 0);
  }

  /** Without reading objects. */
  async #isPlainlyVisible(packs: readonly LoadedPack[], ids: Uint8Array, idStart: number): Promise<boolean> {
    if (this.#tips.find(ids, idStart) >= 0) return true;
    const { graph, marks } = await this.#reachableCommits();
    const commit = graph.positionOfSlot(ids, idStart);
    if (commit >= 0) return marks[commit] !== 0;
    for (let index = packs.length - 1; index >= 0; index--) {
      const pack = packs[index] as LoadedPack;
      if (pack.index.find(ids, idStart) >= 0 && this.#isWhole(pack, graph, marks)) return true;
    }
    return false;
  }

  /** Whether everything in the pack is reachable, because its roots are: `fetch/whole-packs.ts`. */
  #isWhole(pack: LoadedPack, graph: CommitGraph, marks: Uint8Array): boolean {
    let isWhole = this.#wholePacks.get(pack);
    if (isWhole === undefined) {
      isWhole = pack.summary.roots.every((position) => {
        const id = pack.index.idAt(position);
        const commit = graph.positionOfSlot(id, 0);
        return commit >= 0 ? marks[commit] !== 0 : this.#tips.find(id, 0) >= 0;
      });
      this.#wholePacks.set(pack, isWhole);
    }
    return isWhole;
  }

  #reachableCommits(): Promise<{ graph: CommitGraph; marks: Uint8Array }> {
    this.#marks ??= this.#markReachable();
    return this.#marks;
  }

  async #markReachable(): Promise<{ graph: CommitGraph; marks: Uint8Array }> {
    const graph = await this.#objects.commitGraph();
    const marks = new Uint8Array(graph.count);
    const stack = this.#refs.map((ref) => graph.positionOf(ref.peeled ?? ref.target));
    for (let position = stack.pop(); position !== undefined; position = stack.pop()) {
      if (position < 0 || marks[position]) continue;
      marks[position] = 1;
      if (this.#pause.isDue) await this.#pause.take();
      const count = graph.parentCount(position);
      for (let index = 0; index < count; index++) stack.push(graph.parentAt(position, index));
    }
    return { graph, marks };
  }

  /** Looks for trees, blobs and tags under everything that is visible, newest first. @returns `wanted`, those found marked */
  async #findInTrees(wanted: IdTable): Promise<IdTable> {
    const search = new TreeSearch(this.#objects, wanted, this.#pause, this.#signal);
    await search.lookAtTips(this.#refs);
    const { graph } = await this.#reachableCommits();
    const queue = new DateQueue(graph);
    const seen = new Uint8Array(graph.count);
    const push = (position: number) => {
      if (position < 0 || seen[position]) return;
      seen[position] = 1;
      queue.push(position);
    };
    for (const ref of this.#refs) push(graph.positionOf(ref.peeled ?? ref.target));
    while (search.missingCount > 0 && queue.size > 0) {
      const position = queue.pop();
      await search.lookAt(fromHex(graph.treeAt(position)));
      const count = graph.parentCount(position);
      for (let index = 0; index < count; index++) push(graph.parentAt(position, index));
    }
    return wanted;
  }
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

  /** The tags that refs name, and what is neither a tag nor a commit. */
  async lookAtTips(refs: readonly Ref[]): Promise<void> {
    for (const { target, peeled } of refs) {
      if (this.missingCount === 0) return;
      let id = target;
      while (peeled !== undefined && id !== peeled) {
        id = parseTag((await this.#objects.read(id)).body, this.#objects.format).targetId;
        this.#found(fromHex(id), 0);
      }
      if ((await this.#objects.header(id))?.type === 'tree') await this.lookAt(fromHex(id));
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
