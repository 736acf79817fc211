/**
 * The commit that last changed each entry of a directory. Every entry starts at the newest commit and moves on to a parent
 * that has it alike, until there is none: that commit changed it. Bounded: entries that nothing changed for long stay open.
 */
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

export interface LastCommits {
  /** By the entry's name as text; without those that were not found within the bound. */
  readonly byName: ReadonlyMap<string, CommitSummary>;
  readonly isComplete: boolean;
}

/** @param directory without slashes at either end; empty for the root */
export async function findLastCommits(
  snapshot: RepositorySnapshot,
  commitId: ObjectId,
  directory: string,
  commitsMax: number = limits.lastCommitCommitsMax,
): Promise<LastCommits> {
  const graph = await snapshot.objects.commitGraph();
  const directories = new DirectoryHistory(snapshot, graph, directory);
  const search = new LastCommitSearch(graph, directories);
  await search.start(graph.positionOf(commitId));
  for (let examined = 0; examined < commitsMax && (await search.step()); examined++);
  const names = [...search.found.keys()];
  const positions = [...new Set(search.found.values())];
  const ids = positions.map((position) => graph.idAt(position));
  const summaries = await readCommitSummaries(snapshot.objects, ids);
  const byPosition = new Map(positions.map((position, index) => [position, summaries[index] as CommitSummary]));
  const byName = new Map(
    names.map((name) => [name, byPosition.get(search.found.get(name) as number) as CommitSummary]),
  );
  return { byName, isComplete: search.isComplete };
}

class LastCommitSearch {
  /** The commit of each name that was settled. */
  readonly found = new Map<string, number>();
  readonly #graph: CommitGraph;
  readonly #directories: DirectoryHistory;
  readonly #queue: CommitQueue;
  /** Names that have come as far as a commit. */
  readonly #open = new Map<number, Set<string>>();

  constructor(graph: CommitGraph, directories: DirectoryHistory) {
    this.#graph = graph;
    this.#directories = directories;
    this.#queue = new CommitQueue(graph);
  }

  get isComplete(): boolean {
    return this.#open.size === 0;
  }

  async start(position: number): Promise<void> {
    if (position < 0) return;
    const names = await this.#directories.namesAt(position);
    if (names.length > 0) this.#pass(position, new Set(names));
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
      const alike = await this.#alike(position, parent, names);
      if (alike.size > 0) this.#pass(parent, alike);
      names = new Set([...names].filter((name) => !alike.has(name)));
    }
    for (const name of names) this.found.set(name, position);
    return this.#open.size > 0;
  }

  #pass(position: number, names: ReadonlySet<string>): void {
    this.#open.set(position, new Set([...names, ...(this.#open.get(position) ?? [])]));
    this.#queue.push(position);
  }

  async #alike(position: number, parent: number, names: Set<string>): Promise<Set<string>> {
    const changed = await this.#directories.changedBetween(parent, position);
    return changed.size === 0 ? names : new Set([...names].filter((name) => !changed.has(name)));
  }
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

  constructor(snapshot: RepositorySnapshot, graph: CommitGraph, directory: string) {
    this.#snapshot = snapshot;
    this.#graph = graph;
    this.#entries = directory === '' ? undefined : new PathEntries(snapshot.objects, directory);
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
      await this.#entries.load(this.#ahead(position).map((commit) => this.#graph.treeAt(commit)));
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
