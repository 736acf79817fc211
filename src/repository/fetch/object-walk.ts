/**
 * Finds the objects that a fetch needs, where whole packs will not do: walks the commits that are wanted and not had, and compares each
 * tree with those of its parents, so that only what changed is read. Like git's sparse walk (`pack.useSparse`), it may send an object that
 * the client has under another path.
 */
import { fromHex, toHex } from '#bytes/hex.ts';
import { MissingObjectError } from '#git/errors.ts';
import { isGitlinkMode, isTreeMode } from '#git/object/file-mode.ts';
import type { ObjectFormat, ObjectId } from '#git/object/object-id.ts';
import type { TreeReader } from '#git/object/tree.ts';
import { DateQueue } from '#git/walk/ancestry.ts';
import { HAD } from '#git/walk/commit-difference.ts';
import { IdTable } from '#git/walk/id-table.ts';
import { entryAt, TreeComparer } from '#git/walk/tree-changes.ts';
import type { PackedObjectStore } from '../packed-object-store.ts';
import { Pause } from '../pause.ts';
import type { Closure } from './closure.ts';
import { type HistoryQuestion, splitByHistory } from './history/known-history.ts';

export interface NeededObjects {
  /** To be sent. */
  readonly needed: IdTable;
  /** Some of what the client has: the versions that needed objects replace, which deltas most often stand on. */
  readonly clientHas: IdTable;
}

export async function walkObjects(question: Omit<HistoryQuestion, 'depthLimit'>): Promise<NeededObjects> {
  const { objects, closure, signal } = question;
  const walk = new ObjectWalk(objects, signal);
  const { needed } = walk;
  const commits = await commitsToSend(closure, objects.format, signal);
  for (let at = 0; at < commits.ids.length; at += objects.format.idBytes) needed.add(commits.ids, at);
  const { others, collect } = await splitByHistory({ ...question, depthLimit: Number.POSITIVE_INFINITY }, commits);
  await walk.addCommits(closure, others);
  for (const id of idsOf(closure.tags)) needed.add(fromHex(id), 0);
  for (const id of idsOf(closure.looseWants)) await walk.addLoose(id);
  // Last, for the walk passes over trees that it has met: of what a commit brings, parts may be those of a commit that is walked.
  await collect(needed);
  return { needed, clientHas: walk.clientHas };
}

export interface CommitsToSend {
  /** Newest first, and none after one of its parents. */
  readonly positions: readonly number[];
  /** Their ids, one slot after another. */
  readonly ids: Uint8Array;
}

export async function commitsToSend(
  { graph, newCommits }: Closure,
  format: ObjectFormat,
  signal: AbortSignal,
): Promise<CommitsToSend> {
  const pause = new Pause();
  const queue = DateQueue.byGeneration(graph);
  const positions: number[] = [];
  for (const position of newCommits) {
    queue.push(position);
    if (pause.isDue) await pause.take();
  }
  const ids = new Uint8Array(queue.size * format.idBytes);
  for (let position = queue.pop(); position >= 0; position = queue.pop()) {
    ids.set(fromHex(graph.idAt(position)), positions.length * format.idBytes);
    positions.push(position);
    if (!pause.isDue) continue;
    signal.throwIfAborted();
    await pause.take();
  }
  return { positions, ids };
}

/**
 * Commits whose trees the client has or gets: what a commit's tree is compared with. The parents, unless the client's history ends at
 * the commit; then what the client has of other commits, for much of it is the same.
 */
export function relativesOf({ graph, marks, boundary, childrenHad, clientTips }: Closure, position: number): number[] {
  const childHad = childrenHad.get(position);
  if (boundary.has(position)) return childHad === undefined ? [...clientTips] : [childHad];
  const relatives = childHad === undefined ? [] : [childHad];
  for (let index = 0; index < graph.parentCount(position); index++) {
    const parent = graph.parentAt(position, index);
    if (parent >= 0 && marks[parent] !== 0) relatives.push(parent);
  }
  return relatives;
}

export function idsOf({ ids, size, idBytes }: IdTable): ObjectId[] {
  return Array.from({ length: size }, (_, number) => toHex(ids, number * idBytes, (number + 1) * idBytes));
}

class ObjectWalk {
  readonly #objects: PackedObjectStore;
  readonly #format: ObjectFormat;
  readonly #signal: AbortSignal;
  readonly #comparer: TreeComparer;
  readonly #pause = new Pause(1);
  readonly needed: IdTable;
  readonly clientHas: IdTable;

  constructor(objects: PackedObjectStore, signal: AbortSignal) {
    this.#objects = objects;
    this.#format = objects.format;
    this.#signal = signal;
    this.#comparer = new TreeComparer(objects.format);
    this.needed = new IdTable(this.#format);
    this.clientHas = new IdTable(this.#format);
  }

  async addCommits(closure: Closure, { positions }: CommitsToSend): Promise<void> {
    const { graph, marks } = closure;
    // Parents first, so that all of a parent's tree is known by the time its child is looked at: a tree that is met again, as when a change
    // is taken back, was compared with trees that were complete, and so is complete itself.
    for (const position of positions.toReversed()) {
      const relatives = relativesOf(closure, position);
      for (const relative of relatives) {
        if ((marks[relative] as number) & HAD) this.clientHas.add(fromHex(graph.treeAt(relative)), 0);
      }
      await this.#addTree(
        graph.treeAt(position),
        relatives.map((relative) => ({ id: graph.treeAt(relative), isHad: ((marks[relative] as number) & HAD) !== 0 })),
      );
    }
  }

  /** Adds a tree or blob that was asked for by itself, and everything below. */
  async addLoose(id: ObjectId): Promise<void> {
    await this.#breathe();
    const header = await this.#objects.header(id);
    if (!header) throw new MissingObjectError(id);
    if (header.type === 'tree') await this.#addTree(id, []);
    else this.needed.add(fromHex(id), 0);
  }

  /** Adds what the tree has and none of its counterparts does. The stack is our own, since the depth is the pusher's choice. */
  async #addTree(rootId: ObjectId, counterparts: readonly Counterpart[]): Promise<void> {
    const waiting: TreeVisit[] = [{ id: rootId, counterparts }];
    for (let visit = waiting.pop(); visit; visit = waiting.pop()) {
      const { id } = visit;
      if (visit.counterparts.some((counterpart) => counterpart.id === id) || !this.#take(id)) continue;
      await this.#breathe();
      const body = await this.#readTree(id);
      const others: Uint8Array[] = [];
      for (const counterpart of visit.counterparts) others.push(await this.#readTree(counterpart.id));
      this.#addChanges(body, others, visit.counterparts, waiting);
    }
  }

  /** Adds the blobs that changed, and to `waiting` the directories that did. */
  #addChanges(
    body: Uint8Array,
    others: readonly Uint8Array[],
    trees: readonly Counterpart[],
    waiting: TreeVisit[],
  ): void {
    this.#comparer.compare(body, others, (entry, starts) => {
      if (isGitlinkMode(entry.mode)) return;
      const counterparts: Counterpart[] = [];
      for (let index = 0; index < others.length; index++) {
        const start = starts[index] as number;
        if (start < 0) continue;
        const other = entryAt(others[index] as Uint8Array, start, this.#format);
        const { isHad } = trees[index] as Counterpart;
        if (isHad && !isGitlinkMode(other.mode)) this.clientHas.add(other.body, other.idStart);
        if (isTreeMode(other.mode)) counterparts.push({ id: this.#idOf(other), isHad });
      }
      if (isTreeMode(entry.mode)) waiting.push({ id: this.#idOf(entry), counterparts });
      else this.needed.add(entry.body, entry.idStart);
    });
  }

  #idOf({ body, idStart }: TreeReader): ObjectId {
    return toHex(body, idStart, idStart + this.#format.idBytes);
  }

  /** @returns whether the object is new */
  #take(id: ObjectId): boolean {
    const before = this.needed.size;
    this.needed.add(fromHex(id), 0);
    return this.needed.size > before;
  }

  async #readTree(id: ObjectId): Promise<Uint8Array> {
    return (await this.#objects.read(id)).body;
  }

  async #breathe(): Promise<void> {
    if (!this.#pause.isDue) return;
    this.#signal.throwIfAborted();
    await this.#pause.take();
  }
}

/** What stands at the same path in a parent. */
interface Counterpart {
  readonly id: ObjectId;
  readonly isHad: boolean;
}

interface TreeVisit {
  readonly id: ObjectId;
  readonly counterparts: readonly Counterpart[];
}
