/**
 * The commit that last changed each entry of a directory. Every entry starts at the newest commit and moves on to a parent
 * that has it alike, until there is none: that commit changed it. Bounded by time; what was found is kept, so the next
 * request goes on from there, and after a push only the new commits are looked at.
 */
import { LRUCache } from 'lru-cache';
import { changedNames } from '#git/diff/changed-names.ts';
import type { ObjectId } from '#git/object/object-id.ts';
import { parseTree } from '#git/object/tree.ts';
import type { CommitGraph } from '#git/walk/commit-graph.ts';
import { limits } from '#limits.ts';
import type { RepositorySnapshot } from '#repository/repository-engine.ts';
import { CommitQueue } from './commit-queue.ts';
import { type CommitSummary, readCommitSummaries } from './commit-summary.ts';
import { parentsOf } from './history.ts';
import { PathEntries } from './path-entries.ts';
import { TimeSlice } from './time-slice.ts';

export interface LastCommits {
  /** By the entry's name as text; without those that were not found within the bound. */
  readonly byName: ReadonlyMap<string, CommitSummary>;
  readonly isComplete: boolean;
}

export interface LastCommitRequest {
  readonly commitId: ObjectId;
  /** Without slashes at either end; empty for the root. */
  readonly directory: string;
  /** The entries to look for; all by default. */
  readonly names?: readonly string[];
  readonly maxMs?: number;
  readonly commitsMax?: number;
}

/** How far the entries of a directory of one commit were followed. */
interface Progress {
  /** The commit that changed the entry. */
  readonly settled: Map<string, ObjectId>;
  /** For the others: an older commit, up to which nothing changed the entry. */
  readonly reached: Map<string, ObjectId>;
}

export class LastCommitFinder {
  /** By commit and directory. A commit's id stands for its whole history, whatever the repository. */
  readonly #progress = new LRUCache<string, Progress>({
    maxSize: limits.folderChangesMax,
    sizeCalculation: ({ settled, reached }) => settled.size + reached.size + 1,
  });

  async find(snapshot: RepositorySnapshot, request: LastCommitRequest): Promise<LastCommits> {
    const { commitId, directory, maxMs = limits.lastCommitMaxMs, commitsMax = Number.POSITIVE_INFINITY } = request;
    const graph = await snapshot.objects.commitGraph();
    const slice = new TimeSlice();
    const directories = new DirectoryHistory(snapshot, graph, directory, slice);
    const keyOf = (id: ObjectId) => `${id} ${directory}`;
    const search = new LastCommitSearch(graph, directories, (id) => this.#progress.get(keyOf(id)));
    const deadline = performance.now() + maxMs;
    await search.start(graph.positionOf(commitId), request.names);
    for (let examined = 0; examined < commitsMax && performance.now() < deadline; examined++) {
      if (!(await search.step())) break;
      await slice.rest();
    }
    directories.keep();
    this.#progress.set(keyOf(commitId), search.progressAfter(this.#progress.get(keyOf(commitId))));
    return { byName: await readFound(snapshot, graph, search.found), isComplete: search.isComplete };
  }

  /**
   * @param path of something that the commit has; empty for the commit itself
   * @returns the newest commit that changed it; undefined when it was not found within the bound
   */
  async findOne(snapshot: RepositorySnapshot, commitId: ObjectId, path: string): Promise<CommitSummary | undefined> {
    if (path === '') return (await readCommitSummaries(snapshot.objects, [commitId]))[0];
    const slash = path.lastIndexOf('/');
    const [directory, name] = [path.slice(0, Math.max(slash, 0)), path.slice(slash + 1)];
    const { byName } = await this.find(snapshot, { commitId, directory, names: [name] });
    return byName.get(name);
  }
}

async function readFound(
  snapshot: RepositorySnapshot,
  graph: CommitGraph,
  found: ReadonlyMap<string, number>,
): Promise<Map<string, CommitSummary>> {
  const positions = [...new Set(found.values())];
  const ids = positions.map((position) => graph.idAt(position));
  const summaries = await readCommitSummaries(snapshot.objects, ids);
  const byPosition = new Map(positions.map((position, index) => [position, summaries[index] as CommitSummary]));
  return new Map([...found].map(([name, position]) => [name, byPosition.get(position) as CommitSummary]));
}

class LastCommitSearch {
  /** The commit of each name that was settled. */
  readonly found = new Map<string, number>();
  readonly #graph: CommitGraph;
  readonly #directories: DirectoryHistory;
  readonly #progressOf: (commitId: ObjectId) => Progress | undefined;
  readonly #queue: CommitQueue;
  /** Names that have come as far as a commit. */
  readonly #open = new Map<number, Set<string>>();

  constructor(
    graph: CommitGraph,
    directories: DirectoryHistory,
    progressOf: (commitId: ObjectId) => Progress | undefined,
  ) {
    this.#graph = graph;
    this.#directories = directories;
    this.#progressOf = progressOf;
    this.#queue = new CommitQueue(graph);
  }

  get isComplete(): boolean {
    return this.#open.size === 0;
  }

  /** @param names absent for all that the directory has */
  async start(position: number, names: readonly string[] | undefined): Promise<void> {
    if (position < 0) return;
    this.#pass(position, new Set(names ?? (await this.#directories.namesAt(position))));
  }

  /** Looks at one commit. @returns false when no name is open */
  async step(): Promise<boolean> {
    const position = this.#queue.pop();
    if (position === undefined) return false;
    let names = this.#open.get(position) ?? new Set<string>();
    this.#open.delete(position);
    this.#queue.readmit(position);
    for (const parent of parentsOf(this.#graph, position)) {
      if (names.size === 0) break;
      const changed = await this.#directories.changedBetween(parent, position);
      const others = takeOut(names, changed);
      this.#pass(parent, names);
      names = others;
    }
    for (const name of names) this.found.set(name, position);
    return this.#open.size > 0;
  }

  /** @param before what was known of other names @returns what is known now, of the commit that the search started at */
  progressAfter(before: Progress | undefined): Progress {
    const { settled, reached } = before ?? { settled: new Map<string, ObjectId>(), reached: new Map() };
    for (const [name, position] of this.found) {
      settled.set(name, this.#graph.idAt(position));
      reached.delete(name);
    }
    for (const [position, names] of this.#open) {
      const id = this.#graph.idAt(position);
      for (const name of names) reached.set(name, id);
    }
    return { settled, reached };
  }

  /** The names go on from this commit, or from where an earlier search that came by it has got. @param names becomes the search's */
  #pass(position: number, names: Set<string>): void {
    if (names.size === 0) return;
    const known = this.#progressOf(this.#graph.idAt(position));
    const ahead = known ? this.#leap(known, position, names) : [];
    this.#wait(position, names);
    for (const [further, leaping] of ahead) this.#pass(further, leaping);
  }

  /** Takes the names out that are known to go on elsewhere. */
  #leap(known: Progress, position: number, names: Set<string>): Map<number, Set<string>> {
    const ahead = new Map<number, Set<string>>();
    for (const name of names) {
      const settledAt = this.#positionOf(known.settled.get(name));
      const reachedAt = this.#positionOf(known.reached.get(name));
      if (settledAt >= 0) this.found.set(name, settledAt);
      else if (reachedAt >= 0 && reachedAt !== position)
        ahead.set(reachedAt, (ahead.get(reachedAt) ?? new Set()).add(name));
      else continue;
      names.delete(name);
    }
    return ahead;
  }

  #positionOf(id: ObjectId | undefined): number {
    return id === undefined ? -1 : this.#graph.positionOf(id);
  }

  #wait(position: number, names: Set<string>): void {
    if (names.size === 0) return;
    const waiting = this.#open.get(position);
    if (waiting) for (const name of names) waiting.add(name);
    else this.#open.set(position, names);
    this.#queue.push(position);
  }
}

/** Removes from `names` those that are among `removed`. @returns them */
function takeOut(names: Set<string>, removed: ReadonlySet<string>): Set<string> {
  const taken = new Set<string>();
  for (const name of removed) if (names.delete(name)) taken.add(name);
  return taken;
}

const NO_ENTRIES = new Uint8Array(0);
/** Commits along the first parents whose trees are read in one go. */
const LOOK_AHEAD_COMMITS = 32;
/** Directories that are kept for the comparisons to come; the oldest go first. */
const BODIES_MAX = 128;

/** One directory in the trees of many commits. */
class DirectoryHistory {
  readonly #snapshot: RepositorySnapshot;
  readonly #graph: CommitGraph;
  /** Undefined for the root, which needs no look-up. */
  readonly #entries: PathEntries | undefined;
  readonly #bodies = new Map<ObjectId, Uint8Array>();
  readonly #slice: TimeSlice;

  constructor(snapshot: RepositorySnapshot, graph: CommitGraph, directory: string, slice: TimeSlice) {
    this.#slice = slice;
    this.#snapshot = snapshot;
    this.#graph = graph;
    this.#entries = directory === '' ? undefined : new PathEntries(snapshot.objects, directory);
  }

  /** Keeps what was found of the directory's place for searches to come. */
  keep(): void {
    this.#entries?.keep();
  }

  async namesAt(position: number): Promise<string[]> {
    return parseTree(await this.#bodyAt(position), this.#snapshot.objects.format).map(({ name }) => name);
  }

  /** Names that are not alike in the two commits; a commit without the directory has none. */
  async changedBetween(a: number, b: number): Promise<ReadonlySet<string>> {
    if ((await this.#treeAt(a)) === (await this.#treeAt(b))) return new Set();
    return changedNames(await this.#bodyAt(a), await this.#bodyAt(b), this.#snapshot.objects.format);
  }

  async #treeAt(position: number): Promise<ObjectId | undefined> {
    const rootTreeId = this.#graph.treeAt(position);
    if (!this.#entries) return rootTreeId;
    if (!this.#entries.has(rootTreeId)) {
      const treeIds = this.#ahead(position).map((commit) => this.#graph.treeAt(commit));
      await this.#entries.load(treeIds, this.#slice);
    }
    return this.#entries.findTree(rootTreeId);
  }

  async #bodyAt(position: number): Promise<Uint8Array> {
    const treeId = await this.#treeAt(position);
    if (treeId === undefined) return NO_ENTRIES;
    return this.#bodies.get(treeId) ?? (await this.#readAhead(position, treeId));
  }

  /** Reads the directory in this commit together with those that will be asked for next. */
  async #readAhead(position: number, treeId: ObjectId): Promise<Uint8Array> {
    const ids = new Set([treeId]);
    for (const commit of this.#ahead(position)) {
      const id = await this.#treeAt(commit);
      if (id !== undefined && !this.#bodies.has(id)) ids.add(id);
    }
    await this.#slice.rest();
    const objects = await this.#snapshot.objects.readMany([...ids]);
    for (const [index, id] of [...ids].entries()) this.#bodies.set(id, objects[index]?.body ?? NO_ENTRIES);
    const body = this.#bodies.get(treeId) ?? NO_ENTRIES;
    for (const id of [...this.#bodies.keys()].slice(0, -BODIES_MAX)) this.#bodies.delete(id);
    return body;
  }

  /** The commit and those before it along the first parents. */
  #ahead(position: number): number[] {
    const commits: number[] = [];
    let ahead: number | undefined = position;
    while (ahead !== undefined && commits.length < LOOK_AHEAD_COMMITS) {
      commits.push(ahead);
      ahead = parentsOf(this.#graph, ahead)[0];
    }
    return commits;
  }
}
