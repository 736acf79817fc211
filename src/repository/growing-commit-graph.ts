/**
 * The commits of a repository's packs in typed arrays that only ever grow: a push adds its commits to the end, and a snapshot taken
 * before goes on seeing the part that it knew. 56 bytes a commit and two ids.
 */
import { fromHex, toHex } from '#bytes/hex.ts';
import type { ObjectFormat, ObjectId } from '#git/object/object-id.ts';
import type { CommitGraph } from '#git/walk/commit-graph.ts';
import { IdTable } from '#git/walk/id-table.ts';
import type { LoadedPack } from './packed-object-store.ts';
import { Pause } from './pause.ts';

export class GrowingCommitGraph {
  readonly #format: ObjectFormat;
  readonly #packIds = new Set<string>();
  /** The last addition: the next waits for it. */
  #adding: Promise<void> = Promise.resolve();
  /** Commits of whole packs. */
  #count = 0;
  #lastView: CommitGraph | undefined;
  /** A commit's position is its number in this table. */
  readonly ids: IdTable;
  treeIds: Uint8Array;
  dates = new Float64Array(1024);
  generations = new Float64Array(1024);
  /** Where each commit's parents begin in `parents`; one more, for the end. */
  parentStarts = new Uint32Array(1025);
  parents = new Int32Array(1024);

  constructor(format: ObjectFormat) {
    this.#format = format;
    this.ids = new IdTable(format);
    this.treeIds = new Uint8Array(1024 * format.idBytes);
  }

  /** Whether it holds nothing but commits of these packs: otherwise it must be built anew. */
  isWithin(packs: readonly LoadedPack[]): boolean {
    const wanted = new Set(packs.map((pack) => pack.id));
    return [...this.#packIds].every((id) => wanted.has(id));
  }

  /** Adds the packs that it lacks. @param packs oldest first, so parents come before or with their children */
  add(packs: readonly LoadedPack[]): Promise<void> {
    const lacking = packs.filter((pack) => !this.#packIds.has(pack.id));
    for (const pack of lacking) this.#packIds.add(pack.id);
    this.#adding = this.#adding.then(async () => {
      for (const pack of lacking) await this.#addPack(pack);
    });
    return this.#adding;
  }

  /** The commits that are there now; the same object as before when none was added, so that what is found out about it can be kept. */
  view(): CommitGraph {
    if (this.#lastView?.count !== this.#count) this.#lastView = new CommitGraphView(this, this.#count, this.#format);
    return this.#lastView;
  }

  async #addPack({ index, summary }: LoadedPack): Promise<void> {
    const { idBytes } = this.#format;
    const pause = new Pause();
    const positions = new Int32Array(summary.commits.length);
    const firstNew = this.ids.size;
    for (let row = 0; row < positions.length; row++) {
      const position = this.ids.add(index.idAt(summary.commits[row] as number), 0);
      // A commit that an older pack has too keeps its place.
      positions[row] = position < firstNew ? -1 : position;
      if (pause.isDue) await pause.take();
    }
    this.#reserve(this.ids.size);
    const rows = rowsByPosition(positions, firstNew, this.ids.size);
    for (let position = firstNew; position < this.ids.size; position++) {
      const row = rows[position - firstNew] as number;
      this.treeIds.set(summary.treeIds.subarray(row * idBytes, (row + 1) * idBytes), position * idBytes);
      this.dates[position] = summary.dates[row] as number;
      let at = this.parentStarts[position] as number;
      const end = summary.parentStarts[row + 1] as number;
      for (let parent = summary.parentStarts[row] as number; parent < end; parent++) {
        if (at === this.parents.length) this.parents = grown(this.parents, new Int32Array(at * 2));
        this.parents[at++] = this.ids.find(summary.parentIds, parent * idBytes);
      }
      this.parentStarts[position + 1] = at;
      if (pause.isDue) await pause.take();
    }
    for (let position = firstNew; position < this.ids.size; position++) {
      this.#addGeneration(position);
      if (pause.isDue) await pause.take();
    }
    this.#count = this.ids.size;
  }

  /** Parents may come later in a pack than their children: their generations are found first. */
  #addGeneration(first: number): void {
    const stack = [first];
    for (let position = stack.at(-1); position !== undefined; position = stack.at(-1)) {
      if (this.generations[position] === 0 && !this.#followParents(position, stack)) continue;
      stack.pop();
    }
  }

  /** Finds a generation by those of the parents. @returns whether they were all known; if not, those that were not are on the stack */
  #followParents(position: number, stack: number[]): boolean {
    const waiting = stack.length;
    const end = this.parentStarts[position + 1] as number;
    let newest = 0;
    for (let index = this.parentStarts[position] as number; index < end; index++) {
      const parent = this.parents[index] as number;
      if (parent < 0) continue;
      const generation = this.generations[parent] as number;
      if (generation === 0) stack.push(parent);
      newest = Math.max(newest, generation);
    }
    if (stack.length > waiting) return false;
    const date = Math.min(this.dates[position] as number, GENERATION_DATE_MAX);
    this.generations[position] = Math.max(date, newest + 1);
    return true;
  }

  #reserve(count: number): void {
    if (count <= this.dates.length) return;
    const capacity = Math.max(count, this.dates.length * 2);
    this.dates = grown(this.dates, new Float64Array(capacity));
    this.generations = grown(this.generations, new Float64Array(capacity));
    this.parentStarts = grown(this.parentStarts, new Uint32Array(capacity + 1));
    this.treeIds = grown(this.treeIds, new Uint8Array(capacity * this.#format.idBytes));
  }
}

/** Dates may be any number; beyond this one, adding one might not make a later one. Seconds: some 34,000 years. */
const GENERATION_DATE_MAX = 2 ** 40;

class CommitGraphView implements CommitGraph {
  readonly count: number;
  readonly #graph: GrowingCommitGraph;
  readonly #idBytes: number;

  constructor(graph: GrowingCommitGraph, count: number, format: ObjectFormat) {
    this.#graph = graph;
    this.count = count;
    this.#idBytes = format.idBytes;
  }

  positionOf(id: ObjectId): number {
    return this.positionOfSlot(fromHex(id), 0);
  }

  positionOfSlot(ids: Uint8Array, idStart: number): number {
    const position = this.#graph.ids.find(ids, idStart);
    return position < this.count ? position : -1;
  }

  idAt(position: number): ObjectId {
    return toHex(this.#graph.ids.ids, position * this.#idBytes, (position + 1) * this.#idBytes);
  }

  treeAt(position: number): ObjectId {
    return toHex(this.#graph.treeIds, position * this.#idBytes, (position + 1) * this.#idBytes);
  }

  dateAt(position: number): number {
    return this.#graph.dates[position] as number;
  }

  generationAt(position: number): number {
    return this.#graph.generations[position] as number;
  }

  parentCount(position: number): number {
    const { parentStarts } = this.#graph;
    return (parentStarts[position + 1] as number) - (parentStarts[position] as number);
  }

  parentAt(position: number, index: number): number {
    const { parentStarts, parents } = this.#graph;
    const parent = parents[(parentStarts[position] as number) + index] as number;
    return parent < this.count ? parent : -1;
  }
}

function rowsByPosition(positions: Int32Array, first: number, end: number): Int32Array {
  const rows = new Int32Array(end - first);
  positions.forEach((position, row) => {
    if (position >= 0) rows[position - first] = row;
  });
  return rows;
}

function grown<Table extends Uint8Array | Int32Array | Uint32Array | Float64Array>(from: Table, to: Table): Table {
  to.set(from);
  return to;
}
