/**
 * Lists of commits, newest first, a page at a time. Nothing is counted: a page costs what it shows and what lies before it in
 * the graph, which is in memory — git-log(1), "Commit Ordering" and "History Simplification".
 */
import { isObjectId, type ObjectId } from '#git/object/object-id.ts';
import type { CommitGraph } from '#git/walk/commit-graph.ts';
import { limits } from '#limits.ts';
import type { RepositorySnapshot } from '#repository/repository-engine.ts';
import { CommitQueue } from './commit-queue.ts';
import { type CommitSummary, readCommitSummaries } from './commit-summary.ts';
import { PathEntries } from './path-entries.ts';
import { areReachableCommits } from './reachability.ts';
import { TimeSlice } from './time-slice.ts';

export interface HistoryRequest {
  /** A commit of the repository. */
  readonly startId: ObjectId;
  /** Only commits that changed this file or directory; empty or absent for all. */
  readonly path?: string;
  /** `next` of the page before. */
  readonly after?: string | undefined;
  readonly countMax?: number;
  /** For a path: commits to look at before the page ends with what was found. */
  readonly examinedMax?: number;
  /** The same in milliseconds. */
  readonly maxMs?: number;
}

export interface HistoryPage {
  readonly commits: readonly CommitSummary[];
  /** For `after`; undefined on the last page. */
  readonly next: string | undefined;
  /** The page ended because enough commits were looked at: there may be more commits even if none is shown. */
  readonly isCutShort: boolean;
}

const EMPTY_PAGE: HistoryPage = { commits: [], next: undefined, isCutShort: false };

export async function listHistory(snapshot: RepositorySnapshot, request: HistoryRequest): Promise<HistoryPage> {
  return request.path ? listPathHistory(snapshot, request, request.path) : listAllHistory(snapshot, request);
}

/** Here `after` is the last commit of the page before: the walk starts over and shows what comes behind it. */
async function listAllHistory(snapshot: RepositorySnapshot, request: HistoryRequest): Promise<HistoryPage> {
  const graph = await snapshot.objects.commitGraph();
  const countMax = request.countMax ?? limits.historyPageCommits;
  const queue = new CommitQueue(graph);
  queue.push(graph.positionOf(request.startId));
  if (request.after !== undefined && !(await skipThrough(queue, positionIn(graph, snapshot, request.after))))
    return EMPTY_PAGE;
  const positions: number[] = [];
  while (positions.length < countMax) {
    const position = queue.pop();
    if (position === undefined) break;
    positions.push(position);
    queue.pushParents(position);
  }
  const commits = await readPositions(snapshot, graph, positions);
  const hasMore = queue.waiting.length > 0;
  return { commits, next: hasMore ? commits.at(-1)?.id : undefined, isCutShort: false };
}

/** @returns false when the walk does not come by the commit */
async function skipThrough(queue: CommitQueue, target: number): Promise<boolean> {
  if (target < 0) return false;
  const slice = new TimeSlice();
  let skipped = 0;
  for (let position = queue.pop(); position !== undefined; position = queue.pop()) {
    queue.pushParents(position);
    if (position === target) return true;
    if (++skipped % SKIPPED_PER_REST === 0) await slice.rest();
  }
  return false;
}

/** One takes about a microsecond. */
const SKIPPED_PER_REST = 1_024;

/** Trees of so many commits along the first parents are read in one go. */
const LOOK_AHEAD_COMMITS = 32;
/** Commits that may wait at the end of a page and still fit into a link. */
const CURSOR_COMMITS_MAX = 50;
const CURSOR_SEPARATOR = '.';

/**
 * Follows a path as git log does by default: a commit whose entry equals that of a parent is left out, and of several parents
 * only that one is followed. Here `after` names the commits to go on with.
 */
async function listPathHistory(
  snapshot: RepositorySnapshot,
  request: HistoryRequest,
  path: string,
): Promise<HistoryPage> {
  const graph = await snapshot.objects.commitGraph();
  const entries = new PathEntries(snapshot.objects, path);
  const walk = new PathWalk(graph, entries);
  for (const position of await startsOf(snapshot, graph, request)) walk.queue.push(position);
  const countMax = request.countMax ?? limits.historyPageCommits;
  const examinedMax = request.examinedMax ?? limits.pathHistoryCommitsMax;
  const positions: number[] = [];
  const deadline = performance.now() + (request.maxMs ?? limits.pathHistoryMaxMs);
  let examined = 0;
  while (positions.length < countMax && examined < examinedMax && performance.now() < deadline) {
    const step = await walk.next();
    if (!step) break;
    examined++;
    if (step.isShown) positions.push(step.position);
  }
  entries.keep();
  const waiting = walk.queue.waiting;
  const isResumable = waiting.length > 0 && waiting.length <= CURSOR_COMMITS_MAX;
  return {
    commits: await readPositions(snapshot, graph, positions),
    next: isResumable ? waiting.map((position) => graph.idAt(position)).join(CURSOR_SEPARATOR) : undefined,
    isCutShort: waiting.length > 0 && (positions.length < countMax || !isResumable),
  };
}

/** Cursors come back from the address: whatever is no commit that some ref reaches is passed over. */
async function startsOf(
  snapshot: RepositorySnapshot,
  graph: CommitGraph,
  { startId, after }: HistoryRequest,
): Promise<number[]> {
  if (after === undefined) return [graph.positionOf(startId)];
  const ids = after.split(CURSOR_SEPARATOR, CURSOR_COMMITS_MAX).filter((id) => isObjectId(id, snapshot.objects.format));
  const reachable = await areReachableCommits(snapshot, ids);
  return ids.filter((_, index) => reachable[index]).map((id) => graph.positionOf(id));
}

/** @returns -1 for a text that is no id, too */
function positionIn(graph: CommitGraph, { objects }: RepositorySnapshot, text: string): number {
  return isObjectId(text, objects.format) ? graph.positionOf(text) : -1;
}

class PathWalk {
  readonly queue: CommitQueue;
  readonly #graph: CommitGraph;
  readonly #entries: PathEntries;
  readonly #slice = new TimeSlice();

  constructor(graph: CommitGraph, entries: PathEntries) {
    this.queue = new CommitQueue(graph);
    this.#graph = graph;
    this.#entries = entries;
  }

  /** @returns the commit that was looked at, and whether it changed the path */
  async next(): Promise<{ position: number; isShown: boolean } | undefined> {
    const position = this.queue.pop();
    if (position === undefined) return undefined;
    await this.#loadAround(position);
    await this.#slice.rest();
    const entry = this.#entries.find(this.#graph.treeAt(position));
    const parents = parentsOf(this.#graph, position);
    const same = parents.find((parent) => this.#entries.find(this.#graph.treeAt(parent)) === entry);
    if (same !== undefined) this.queue.push(same);
    else this.queue.pushParents(position);
    const isShown = same === undefined && (parents.length > 0 || entry !== undefined);
    return { position, isShown };
  }

  async #loadAround(position: number): Promise<void> {
    const needed = [position, ...parentsOf(this.#graph, position)];
    if (needed.every((commit) => this.#entries.has(this.#graph.treeAt(commit)))) return;
    let ahead: number | undefined = position;
    for (let count = 0; ahead !== undefined && count < LOOK_AHEAD_COMMITS; count++) {
      needed.push(ahead);
      ahead = parentsOf(this.#graph, ahead)[0];
    }
    const treeIds = needed.map((commit) => this.#graph.treeAt(commit));
    await this.#entries.load(treeIds, this.#slice);
  }
}

/** Those that are in the graph: a shallow history ends where parents are missing. */
export function parentsOf(graph: CommitGraph, position: number): number[] {
  const parents: number[] = [];
  for (let index = 0; index < graph.parentCount(position); index++) {
    const parent = graph.parentAt(position, index);
    if (parent >= 0) parents.push(parent);
  }
  return parents;
}

function readPositions(
  snapshot: RepositorySnapshot,
  graph: CommitGraph,
  positions: readonly number[],
): Promise<CommitSummary[]> {
  return readCommitSummaries(
    snapshot.objects,
    positions.map((position) => graph.idAt(position)),
  );
}
