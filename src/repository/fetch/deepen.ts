/** Answers what a shallow fetch asks of history: `deepen` and `deepen_by_rev_list` of git's `upload-pack.c`. */
import { ProtocolError } from '#git/errors.ts';
import type { ObjectId } from '#git/object/object-id.ts';
import { markingAncestors } from '#git/walk/ancestry.ts';
import type { CommitGraph } from '#git/walk/commit-graph.ts';
import { IdTable } from '#git/walk/id-table.ts';
import {
  boundaryByDepth,
  boundaryBySelection,
  markingAbove,
  type ShallowBoundary,
} from '#git/walk/shallow-boundary.ts';
import type { PackedObjectStore } from '../packed-object-store.ts';
import { runWithPauses } from '../pause.ts';
import type { DeepenRequest, ShallowUpdate } from '../repository-engine.ts';
import { peelAll } from './closure.ts';

/** A depth that stands for all of history — gitprotocol-pack(5), "shallow"; git's `INFINITE_DEPTH`. */
const INFINITE_DEPTH = 2 ** 31 - 1;

export async function deepen(objects: PackedObjectStore, request: DeepenRequest): Promise<ShallowUpdate> {
  const graph = await objects.commitGraph();
  const clientShallow = unique(request.clientShallow.map((id) => graph.positionOf(id)).filter((at) => at >= 0));
  const boundary = await findBoundary(objects, graph, clientShallow, request);
  const { last, isInside } = boundary;
  const isOfClient = new Set(clientShallow);
  return {
    shallow: last.filter((at) => !isInside[at] && !isOfClient.has(at)).map((at) => graph.idAt(at)),
    unshallow: clientShallow.filter((at) => isInside[at]).map((at) => graph.idAt(at)),
  };
}

async function findBoundary(
  objects: PackedObjectStore,
  graph: CommitGraph,
  clientShallow: readonly number[],
  request: DeepenRequest,
): Promise<ShallowBoundary> {
  const { limit, signal } = request;
  if (limit.kind === 'since') return selectHistory(objects, graph, limit, request);
  if (limit.depth >= INFINITE_DEPTH) {
    const reachable = await visibleOf(graph, clientShallow, request);
    const isInside = new Uint8Array(graph.count);
    for (const position of reachable) isInside[position] = 1;
    return { last: [], isInside };
  }
  const heads = await commitsOf(objects, graph, request.wants);
  if (!limit.relative) return runWithPauses(boundaryByDepth(graph, heads, limit.depth), signal);
  const starts = await visibleOf(graph, clientShallow, request);
  const boundary = await runWithPauses(boundaryByDepth(graph, starts, limit.depth + 1), signal);
  // git before 2.54 ends the client's history at what lies that deep below one commit of the boundary and above another: at a merge,
  // history that the client had was lost. Since then it counts from the wants, and cuts branches that went on while others did not.
  const has = await commitsOf(objects, graph, request.haves);
  await runWithPauses(markingAbove(graph, [...heads, ...has], new Set(clientShallow), boundary.isInside), signal);
  return boundary;
}

async function selectHistory(
  objects: PackedObjectStore,
  graph: CommitGraph,
  { sinceSeconds, notIds }: Extract<DeepenRequest['limit'], { kind: 'since' }>,
  { wants, signal }: DeepenRequest,
): Promise<ShallowBoundary> {
  const heads = await commitsOf(objects, graph, wants);
  const excluded = await commitsOf(objects, graph, notIds);
  const boundary = await runWithPauses(boundaryBySelection(graph, heads, { sinceSeconds, excluded }), signal);
  if (boundary.isEmpty) throw new ProtocolError('no commits selected for shallow requests');
  return boundary;
}

/**
 * Those that the client may have been given. git unshallows any commit when all of history is asked for; but its parents may be of deleted
 * or hidden history, which must not be sent.
 */
async function visibleOf(
  graph: CommitGraph,
  commits: readonly number[],
  { visibleRefs, signal }: DeepenRequest,
): Promise<number[]> {
  if (commits.length === 0) return [];
  const tips = visibleRefs.map((ref) => graph.positionOf(ref.peeled ?? ref.target));
  const marks = new Uint8Array(graph.count);
  await runWithPauses(markingAncestors(graph, tips, marks, 1), signal);
  return commits.filter((position) => marks[position]);
}

async function commitsOf(
  objects: PackedObjectStore,
  graph: CommitGraph,
  ids: readonly ObjectId[],
): Promise<readonly number[]> {
  return (await peelAll(objects, graph, ids, new IdTable(objects.format))).commits;
}

function unique(positions: readonly number[]): number[] {
  return [...new Set(positions)];
}
