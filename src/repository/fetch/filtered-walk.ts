/**
 * Finds the objects that a fetch needs, where a filter asks where in a tree they stand. Unlike the walk without a filter, it cannot pass
 * over what a parent has: at another depth, or at another path, the answer may differ.
 */
import { fromHex, toHex } from '#bytes/hex.ts';
import { LimitExceededError, MissingObjectError } from '#git/errors.ts';
import type { FilterPlan } from '#git/filter/filter-plan.ts';
import { NO_DIRECTORY, type SparsePatterns } from '#git/filter/sparse-patterns.ts';
import { isGitlinkMode, isTreeMode } from '#git/object/file-mode.ts';
import type { ObjectId } from '#git/object/object-id.ts';
import { findTreeEntry, TreeReader } from '#git/object/tree.ts';
import { HAD } from '#git/walk/commit-difference.ts';
import { IdTable } from '#git/walk/id-table.ts';
import { limits } from '#limits.ts';
import type { PackedObjectStore } from '../packed-object-store.ts';
import { Pause } from '../pause.ts';
import { type HistoryQuestion, splitByHistory } from './history/known-history.ts';
import { commitsToSend, idsOf, relativesOf } from './object-walk.ts';

/** What the filter says about paths and depths; types and sizes are left to the caller. */
export type PathFilter = Pick<FilterPlan, 'depthLimit'> & { readonly sparse: readonly SparsePatterns[] };

export async function walkFiltered(
  question: Omit<HistoryQuestion, 'depthLimit'>,
  filter: PathFilter,
): Promise<IdTable> {
  const { objects, closure, signal } = question;
  const walk = new FilteredWalk(objects, filter, signal);
  const { graph, marks } = closure;
  const commits = await commitsToSend(closure, objects.format, signal);
  const roots = new Set(commits.positions.map((position) => graph.treeAt(position)));
  // Of a tree that a commit brings, the depths count from the commit, as in git, whoever else asks for it.
  for (const id of idsOf(closure.looseWants)) if (!roots.has(id)) await walk.addLoose(id);
  for (let at = 0; at < commits.ids.length; at += objects.format.idBytes) walk.needed.add(commits.ids, at);
  const { depthLimit, sparse } = filter;
  // What is kept of history knows depths and no paths.
  const source = sparse.length > 0 ? undefined : question.source;
  const { others, collect } = await splitByHistory({ ...question, source, depthLimit }, commits);
  for (const position of others.positions) {
    const had = relativesOf(closure, position).filter((relative) => ((marks[relative] as number) & HAD) !== 0);
    await walk.addRoot(
      graph.treeAt(position),
      had.map((relative) => graph.treeAt(relative)),
    );
  }
  await collect(walk.needed);
  for (const id of idsOf(closure.tags)) walk.needed.add(fromHex(id), 0);
  return walk.needed;
}

interface Visit {
  readonly id: ObjectId;
  readonly depth: number;
  /** Ends with a slash unless empty; bytes as latin1. Not kept when no pattern asks. */
  readonly path: string;
  /** What each of the patterns says about the directory. */
  readonly inherited: readonly boolean[];
  /** Trees at the same path that the client has. */
  readonly had: readonly ObjectId[];
}

class FilteredWalk {
  readonly needed: IdTable;
  readonly #objects: PackedObjectStore;
  readonly #filter: PathFilter;
  readonly #signal: AbortSignal;
  readonly #pause = new Pause(8);
  /** Trees by the least depth at which they were met. */
  readonly #trees: IdTable;
  readonly #depths: number[] = [];
  /** Trees with their paths, where there are patterns. */
  readonly #places = new Set<string>();
  #visitCount = 0;

  constructor(objects: PackedObjectStore, filter: PathFilter, signal: AbortSignal) {
    this.#objects = objects;
    this.#filter = filter;
    this.#signal = signal;
    this.needed = new IdTable(objects.format);
    this.#trees = new IdTable(objects.format);
  }

  addRoot(id: ObjectId, had: readonly ObjectId[]): Promise<void> {
    const inherited = this.#filter.sparse.map((patterns) => patterns.match('', NO_DIRECTORY, true) ?? false);
    return this.#visitAll({ id, depth: 0, path: '', inherited, had });
  }

  /** Of a tree that was asked for by itself, the entries have depth 0. */
  async addLoose(id: ObjectId): Promise<void> {
    const header = await this.#objects.header(id);
    if (!header) throw new MissingObjectError(id);
    if (header.type !== 'tree') this.needed.add(fromHex(id), 0);
    else await this.#visitAll({ id, depth: -1, path: '', inherited: this.#filter.sparse.map(() => false), had: [] });
  }

  /** Shallow first, since what is near the root need not be looked at again when it shows up further down. */
  async #visitAll(root: Visit): Promise<void> {
    let level = [root];
    while (level.length > 0) {
      const next: Visit[] = [];
      for (const visit of level) {
        if (!visit.had.includes(visit.id) && this.#isNew(visit)) await this.#visit(visit, next);
      }
      level = next;
    }
  }

  #isNew({ id, depth, path }: Visit): boolean {
    if (depth >= this.#filter.depthLimit) return false;
    const number = this.#trees.add(fromHex(id), 0);
    const known = this.#depths[number];
    const isNearer = known === undefined || depth < known;
    if (isNearer) this.#depths[number] = depth;
    if (this.#filter.sparse.length === 0) return isNearer;
    const place = `${path}\0${id}`;
    if (!isNearer && this.#places.has(place)) return false;
    this.#places.add(place);
    return true;
  }

  async #visit(visit: Visit, next: Visit[]): Promise<void> {
    if (++this.#visitCount > limits.filterTreesMax) {
      throw new LimitExceededError('filter looks at too many trees: the same one stands at too many paths');
    }
    if (this.#pause.isDue) {
      this.#signal.throwIfAborted();
      await this.#pause.take();
    }
    // Each place is kept with its path.
    if (this.#filter.sparse.length > 0 && visit.depth > limits.treeDepthSiteMax) {
      throw new LimitExceededError('exceeded maximum allowed tree depth');
    }
    this.needed.add(fromHex(visit.id), 0);
    if (visit.depth + 1 >= this.#filter.depthLimit) return;
    const { body } = await this.#objects.read(visit.id);
    const had = await Promise.all(visit.had.map(async (id) => (await this.#objects.read(id)).body));
    await this.#addEntries(visit, body, had, next);
  }

  async #addEntries(visit: Visit, body: Uint8Array, had: readonly Uint8Array[], next: Visit[]): Promise<void> {
    const { format } = this.#objects;
    const reader = new TreeReader(body, format);
    while (reader.next()) {
      if (this.#pause.isDue) await this.#pause.take();
      if (isGitlinkMode(reader.mode)) continue;
      const id = toHex(body, reader.idStart, reader.idStart + format.idBytes);
      const name = body.subarray(reader.nameStart, reader.nameEnd);
      const same = had.map((tree) => findTreeEntry(tree, name, format)).filter((entry) => entry !== undefined);
      if (same.some((entry) => entry.id === id)) continue;
      const isDirectory = isTreeMode(reader.mode);
      const included = this.#match(visit, name, isDirectory);
      if (isDirectory) {
        const path = this.#filter.sparse.length === 0 ? '' : `${visit.path}${latin1(name)}/`;
        const trees = same.filter((entry) => isTreeMode(entry.mode)).map((entry) => entry.id);
        next.push({ id, depth: visit.depth + 1, path, inherited: included, had: trees });
      } else if (included.every(Boolean)) {
        this.needed.add(body, reader.idStart);
      }
    }
  }

  /** What no pattern is about is as its directory. */
  #match({ path, inherited }: Visit, name: Uint8Array, isDirectory: boolean): readonly boolean[] {
    if (inherited.length === 0) return inherited;
    const text = latin1(name);
    return this.#filter.sparse.map(
      (patterns, index) => patterns.match(text, path, isDirectory) ?? (inherited[index] as boolean),
    );
  }
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}
