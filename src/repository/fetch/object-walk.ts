/**
 * Finds the objects that a fetch needs, where whole packs will not do: walks the commits that are wanted and not had, and compares each
 * tree with those of its parents, so that only what changed is read. Like git's sparse walk (`pack.useSparse`), it may send an object that
 * the client has under another path.
 */
import { setImmediate as yieldToOthers } from 'node:timers/promises';
import { fromHex, toHex } from '#bytes/hex.ts';
import { MissingObjectError } from '#git/errors.ts';
import { isGitlinkMode, isTreeMode } from '#git/object/file-mode.ts';
import type { ObjectFormat, ObjectId } from '#git/object/object-id.ts';
import { findTreeEntry, type TreeReader } from '#git/object/tree.ts';
import { DateQueue } from '#git/walk/ancestry.ts';
import { IdTable } from '#git/walk/id-table.ts';
import { forEachChange } from '#git/walk/tree-changes.ts';
import type { PackedObjectStore } from '../packed-object-store.ts';
import { type Closure, HAD, WANTED } from './closure.ts';

export interface NeededObjects {
  /** To be sent. */
  readonly needed: IdTable;
  /** Some of what the client has: the versions that needed objects replace, which deltas most often stand on. */
  readonly clientHas: IdTable;
}

/** Trees read between two turns of the event loop. */
const TREES_PER_TURN = 200;

export async function walkObjects(
  objects: PackedObjectStore,
  closure: Closure,
  signal: AbortSignal,
): Promise<NeededObjects> {
  const walk = new ObjectWalk(objects, signal);
  await walk.addCommits(closure);
  for (const id of idsOf(closure.tags)) walk.needed.add(fromHex(id), 0);
  for (const id of idsOf(closure.looseWants)) await walk.addLoose(id);
  return { needed: walk.needed, clientHas: walk.clientHas };
}

function idsOf({ ids, size, idBytes }: IdTable): ObjectId[] {
  return Array.from({ length: size }, (_, number) => toHex(ids, number * idBytes, (number + 1) * idBytes));
}

class ObjectWalk {
  readonly #objects: PackedObjectStore;
  readonly #format: ObjectFormat;
  readonly #signal: AbortSignal;
  readonly needed: IdTable;
  readonly clientHas: IdTable;
  #untilYield = TREES_PER_TURN;

  constructor(objects: PackedObjectStore, signal: AbortSignal) {
    this.#objects = objects;
    this.#format = objects.format;
    this.#signal = signal;
    this.needed = new IdTable(this.#format);
    this.clientHas = new IdTable(this.#format);
  }

  /** Newest first, as git writes them. */
  async addCommits({ graph, marks }: Closure): Promise<void> {
    const queue = new DateQueue(graph);
    for (let position = 0; position < graph.count; position++) if (marks[position] === WANTED) queue.push(position);
    const positions: number[] = [];
    for (let position = queue.pop(); position >= 0; position = queue.pop()) positions.push(position);
    for (const position of positions) this.needed.add(fromHex(graph.idAt(position)), 0);
    // Oldest first from here: a tree that a parent brings is known by the time its child is looked at.
    for (const position of positions.reverse()) {
      const parents = Array.from({ length: graph.parentCount(position) }, (_, index) =>
        graph.parentAt(position, index),
      );
      const known = parents.filter((parent) => parent >= 0);
      for (const parent of known) {
        if ((marks[parent] as number) & HAD) this.clientHas.add(fromHex(graph.treeAt(parent)), 0);
      }
      await this.#addTree(
        graph.treeAt(position),
        known.map((parent) => ({ id: graph.treeAt(parent), isHad: ((marks[parent] as number) & HAD) !== 0 })),
      );
    }
  }

  /** Adds a tree or blob that was asked for by itself, and everything below. */
  async addLoose(id: ObjectId): Promise<void> {
    const header = await this.#objects.header(id);
    if (!header) throw new MissingObjectError(id);
    if (header.type === 'tree') await this.#addTree(id, []);
    else this.needed.add(fromHex(id), 0);
  }

  /** Adds what the tree has and none of its counterparts does. */
  async #addTree(id: ObjectId, counterparts: readonly Counterpart[]): Promise<void> {
    if (counterparts.some((counterpart) => counterpart.id === id) || !this.#take(id)) return;
    await this.#breathe();
    const body = await this.#readTree(id);
    const others: CounterpartTree[] = [];
    for (const { id: treeId, isHad } of counterparts) others.push({ body: await this.#readTree(treeId), isHad });
    const subtrees = this.#addChanges(body, others);
    for (const subtree of subtrees) await this.#addTree(subtree.id, subtree.counterparts);
  }

  /** Adds the blobs that changed. @returns the directories that did */
  #addChanges(body: Uint8Array, [first, ...rest]: readonly CounterpartTree[]): Subtree[] {
    const subtrees: Subtree[] = [];
    forEachChange(body, first?.body ?? NO_ENTRIES, this.#format, (entry, other) => {
      if (isGitlinkMode(entry.mode)) return;
      const id = this.#idOf(entry);
      const same: (Counterpart & { mode: number })[] = [];
      if (first && other) same.push({ id: this.#idOf(other), mode: other.mode, isHad: first.isHad });
      for (const tree of rest) {
        const found = findTreeEntry(tree.body, body.subarray(entry.nameStart, entry.nameEnd), this.#format);
        if (found) same.push({ id: found.id, mode: found.mode, isHad: tree.isHad });
      }
      if (same.some((counterpart) => counterpart.id === id)) return;
      for (const counterpart of same) if (counterpart.isHad) this.clientHas.add(fromHex(counterpart.id), 0);
      if (!isTreeMode(entry.mode)) this.#take(id);
      else subtrees.push({ id, counterparts: same.filter((counterpart) => isTreeMode(counterpart.mode)) });
    });
    return subtrees;
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
    if (--this.#untilYield > 0) return;
    this.#untilYield = TREES_PER_TURN;
    this.#signal.throwIfAborted();
    await yieldToOthers();
  }
}

/** What stands at the same path in a parent. */
interface Counterpart {
  readonly id: ObjectId;
  readonly isHad: boolean;
}

interface CounterpartTree {
  readonly body: Uint8Array;
  readonly isHad: boolean;
}

interface Subtree {
  readonly id: ObjectId;
  readonly counterparts: readonly Counterpart[];
}

const NO_ENTRIES = new Uint8Array(0);
