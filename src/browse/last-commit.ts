/**
 * The commit that last changed each entry of a directory. Every entry starts at the newest commit and moves on to a parent
 * that has it alike, until there is none: that commit changed it. Bounded: entries that nothing changed for long stay open.
 */
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
    const entries = await this.#directories.entriesAt(position);
    if (entries.size > 0) this.#pass(position, new Set(entries.keys()));
  }

  /** Looks at one commit. @returns false when no name is open */
  async step(): Promise<boolean> {
    const position = this.#queue.pop();
    if (position === undefined) return false;
    let names = this.#open.get(position) ?? new Set<string>();
    this.#open.delete(position);
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
    if (await this.#directories.isSame(position, parent)) return names;
    const [own, other] = [await this.#directories.entriesAt(position), await this.#directories.entriesAt(parent)];
    return new Set([...names].filter((name) => own.get(name) === other.get(name)));
  }
}

/** Directories that are kept while neighbours are compared. */
const LISTINGS_MAX = 64;
/** Commits along the first parents whose trees are read in one go. */
const LOOK_AHEAD_COMMITS = 32;

/** One directory in the trees of many commits. */
class DirectoryHistory {
  readonly #snapshot: RepositorySnapshot;
  readonly #graph: CommitGraph;
  /** Undefined for the root, which needs no look-up. */
  readonly #entries: PathEntries | undefined;
  readonly #listings = new Map<ObjectId, ReadonlyMap<string, string>>();

  constructor(snapshot: RepositorySnapshot, graph: CommitGraph, directory: string) {
    this.#snapshot = snapshot;
    this.#graph = graph;
    this.#entries = directory === '' ? undefined : new PathEntries(snapshot.objects, directory);
  }

  async isSame(a: number, b: number): Promise<boolean> {
    return (await this.#treeAt(a)) === (await this.#treeAt(b));
  }

  /** Mode and id of each entry by its name; empty when the commit lacks the directory. */
  async entriesAt(position: number): Promise<ReadonlyMap<string, string>> {
    const treeId = await this.#treeAt(position);
    if (treeId === undefined) return new Map();
    const known = this.#listings.get(treeId);
    if (known) return known;
    const { body } = await this.#snapshot.objects.read(treeId);
    const entries = parseTree(body, this.#snapshot.objects.format);
    const listing = new Map(entries.map(({ name, mode, id }) => [name, `${mode} ${id}`]));
    this.#remember(treeId, listing);
    return listing;
  }

  #remember(treeId: ObjectId, listing: ReadonlyMap<string, string>): void {
    const [oldest] = this.#listings.keys();
    if (this.#listings.size >= LISTINGS_MAX && oldest !== undefined) this.#listings.delete(oldest);
    this.#listings.set(treeId, listing);
  }

  async #treeAt(position: number): Promise<ObjectId | undefined> {
    const rootTreeId = this.#graph.treeAt(position);
    if (!this.#entries) return rootTreeId;
    if (!this.#entries.has(rootTreeId)) await this.#entries.load(this.#treesAhead(position));
    return this.#entries.findTree(rootTreeId);
  }

  #treesAhead(position: number): ObjectId[] {
    const treeIds: ObjectId[] = [];
    let ahead: number | undefined = position;
    while (ahead !== undefined && treeIds.length < LOOK_AHEAD_COMMITS) {
      treeIds.push(this.#graph.treeAt(ahead));
      ahead = parentsOf(this.#graph, ahead)[0];
    }
    return treeIds;
  }
}
