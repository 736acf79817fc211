/** One page of a history, by page number as GitHub's clients ask for it: walks the graph in memory and reads no commit before the page. */
import { CommitQueue } from '#browse/commit-queue.ts';
import { listHistory } from '#browse/history.ts';
import type { ObjectId } from '#git/object/object-id.ts';
import type { RepositorySnapshot } from '#repository/repository-engine.ts';

export interface CommitListRequest {
  readonly startId: ObjectId;
  /** Only commits that changed this file or directory; empty for all. */
  readonly path: string;
  /** Committer dates in seconds since 1970; both ends belong to it. */
  readonly sinceSeconds: number;
  readonly untilSeconds: number;
  readonly offset: number;
  readonly count: number;
  readonly signal: AbortSignal;
}

/** Walks of `limits.pathHistoryCommitsMax` commits for one page of a path that hardly ever changed. */
const PATH_WALKS_MAX = 20;

/** @returns the ids, and whether there are more behind them */
export async function listCommitIds(
  snapshot: RepositorySnapshot,
  request: CommitListRequest,
): Promise<{ ids: ObjectId[]; hasNext: boolean }> {
  const end = request.offset + request.count;
  // One more than asked for tells whether there is another page.
  const ids = await (request.path ? walkPath : walkAll)(snapshot, request, end + 1);
  return { ids: ids.slice(request.offset, end), hasNext: ids.length > end };
}

async function walkAll(
  { objects }: RepositorySnapshot,
  request: CommitListRequest,
  countMax: number,
): Promise<ObjectId[]> {
  const graph = await objects.commitGraph();
  const queue = new CommitQueue(graph);
  queue.push(graph.positionOf(request.startId));
  const positions: number[] = [];
  while (positions.length < countMax) {
    const position = queue.pop();
    if (position === undefined) break;
    if (isWithin(graph.dateAt(position), request)) positions.push(position);
    queue.pushParents(position);
  }
  return positions.map((position) => graph.idAt(position));
}

async function walkPath(
  snapshot: RepositorySnapshot,
  request: CommitListRequest,
  countMax: number,
): Promise<ObjectId[]> {
  const { startId, path } = request;
  const ids: ObjectId[] = [];
  let after: string | undefined;
  for (let walk = 0; walk < PATH_WALKS_MAX && ids.length < countMax; walk++) {
    request.signal.throwIfAborted();
    const page = await listHistory(snapshot, { startId, path, after, countMax: countMax - ids.length });
    const within = page.commits.filter((commit) => isWithin(commit.committer.dateSeconds, request));
    ids.push(...within.map((commit) => commit.id));
    after = page.next;
    if (after === undefined) break;
  }
  return ids;
}

function isWithin(dateSeconds: number, { sinceSeconds, untilSeconds }: CommitListRequest): boolean {
  return dateSeconds >= sinceSeconds && dateSeconds <= untilSeconds;
}
