/** Which commits and tags a fetch asks for, and which the client has: the frame within which objects are chosen. */
import { fromHex } from '#bytes/hex.ts';
import type { ObjectFormat, ObjectId } from '#git/object/object-id.ts';
import { parseTag } from '#git/object/tag.ts';
import type { Ref } from '#git/ref-store.ts';
import { WANTED, walkDifference } from '#git/walk/commit-difference.ts';
import type { CommitGraph } from '#git/walk/commit-graph.ts';
import { IdTable } from '#git/walk/id-table.ts';
import type { PackedObjectStore } from '../packed-object-store.ts';
import { Pause, runWithPauses } from '../pause.ts';
import type { PackRequest } from '../repository-engine.ts';

export interface Closure {
  readonly graph: CommitGraph;
  /** Wanted and not had. */
  readonly newCommits: readonly number[];
  /** WANTED and HAD, for new commits and their parents. */
  readonly marks: Uint8Array;
  /** Commits whose parents the client lacks and goes on lacking, or gets for the first time: nothing is known of it from their parents. */
  readonly boundary: ReadonlySet<number>;
  /** Commits of the boundary by their parents, when the client has them and gets the parents now. */
  readonly childrenHad: ReadonlyMap<number, number>;
  /** Some of the commits that the client says it has. */
  readonly clientTips: readonly number[];
  /** Tag objects to send. */
  readonly tags: IdTable;
  /** Trees and blobs that were asked for, by id or through a tag. */
  readonly looseWants: IdTable;
  /** Commits that were asked for, by id or through a tag. */
  readonly commitWants: readonly number[];
  readonly hasHaves: boolean;
}

export type ClosureRequest = Pick<
  PackRequest,
  'wants' | 'haves' | 'includeTag' | 'visibleRefs' | 'clientShallow' | 'shallowUpdate' | 'signal'
>;

/** Of the client's tips, as many are compared with trees that have no better counterpart. */
const CLIENT_TIPS_MAX = 4;

/** Each may be a tag, which is read to see where it leads. */
const IDS_PER_LOOK = 8;

export async function computeClosure(objects: PackedObjectStore, request: ClosureRequest): Promise<Closure> {
  const graph = await objects.commitGraph();
  const marks = new Uint8Array(graph.count);
  const hadTags = new IdTable(objects.format);
  const wantedTags = new IdTable(objects.format);
  const had = await peelAll(objects, graph, request.haves, hadTags);
  const wanted = await peelAll(objects, graph, request.wants, wantedTags);
  const { boundary, unshallowed, childrenHad } = boundaryOf(graph, request);
  const commitsHad = [...had.commits, ...unshallowed];
  const commitWants = [...wanted.commits, ...childrenHad.keys()];
  const isCut = (position: number) => boundary.has(position);
  const sides = { wants: commitWants, haves: commitsHad };
  const newCommits = await runWithPauses(walkDifference(graph, sides, marks, isCut), request.signal);
  const tags = without(wantedTags, hadTags, objects.format);
  const isSent = (id: Uint8Array) => marks[graph.positionOfSlot(id, 0)] === WANTED;
  if (request.includeTag) await addTags(objects, request.visibleRefs, tags, isSent);
  return {
    graph,
    newCommits,
    marks,
    boundary,
    childrenHad,
    clientTips: newest(graph, commitsHad).slice(0, CLIENT_TIPS_MAX),
    tags,
    looseWants: without(wanted.others, had.others, objects.format),
    commitWants,
    hasHaves: commitsHad.length > 0,
  };
}

/** Follows ids to commits. Tags on the way are added to `tags`. */
export async function peelAll(
  objects: PackedObjectStore,
  graph: CommitGraph,
  ids: readonly ObjectId[],
  tags: IdTable,
): Promise<{ commits: number[]; others: IdTable }> {
  const commits: number[] = [];
  const others = new IdTable(objects.format);
  const pause = new Pause(IDS_PER_LOOK);
  for (const id of ids) {
    if (pause.isDue) await pause.take();
    const position = graph.positionOf(id);
    if (position >= 0) {
      commits.push(position);
      continue;
    }
    const target = await peel(objects, id, tags);
    const targetPosition = graph.positionOf(target);
    if (targetPosition >= 0) commits.push(targetPosition);
    else others.add(fromHex(target), 0);
  }
  return { commits, others };
}

/**
 * Adds the annotated tags that lead to what is sent, and the tags between — gitprotocol-capabilities(5), "include-tag".
 *
 * @param isSent asked about what a tag leads to in the end
 */
export async function addTags(
  objects: PackedObjectStore,
  refs: readonly Ref[],
  tags: IdTable,
  isSent: (id: Uint8Array) => boolean,
): Promise<void> {
  const pause = new Pause(IDS_PER_LOOK);
  for (const ref of refs) {
    if (pause.isDue) await pause.take();
    if (!ref.peeled || !ref.name.startsWith('refs/tags/')) continue;
    if (isSent(fromHex(ref.peeled))) await peel(objects, ref.target, tags);
  }
}

async function peel(objects: PackedObjectStore, id: ObjectId, tags: IdTable): Promise<ObjectId> {
  let target = id;
  while ((await objects.header(target))?.type === 'tag') {
    tags.add(fromHex(target), 0);
    target = parseTag((await objects.read(target)).body, objects.format).targetId;
  }
  return target;
}

/**
 * A commit whose parents are sent for the first time stays in the boundary: the client has it and lacks its parents, which are
 * asked for besides — `send_unshallow` of git's `upload-pack.c`.
 */
function boundaryOf(graph: CommitGraph, { clientShallow, shallowUpdate }: ClosureRequest) {
  const boundary = new Set<number>();
  for (const id of [...clientShallow, ...(shallowUpdate?.shallow ?? [])]) boundary.add(graph.positionOf(id));
  const unshallowed = (shallowUpdate?.unshallow ?? []).map((id) => graph.positionOf(id)).filter((at) => at >= 0);
  const childrenHad = new Map<number, number>();
  for (const child of unshallowed) {
    boundary.add(child);
    for (let index = 0; index < graph.parentCount(child); index++) {
      const parent = graph.parentAt(child, index);
      if (parent >= 0) childrenHad.set(parent, child);
    }
  }
  boundary.delete(-1);
  return { boundary, unshallowed, childrenHad };
}

function newest(graph: CommitGraph, positions: readonly number[]): number[] {
  return [...new Set(positions)].sort((a, b) => graph.dateAt(b) - graph.dateAt(a));
}

function without(table: IdTable, left: IdTable, format: ObjectFormat): IdTable {
  if (left.size === 0) return table;
  const { ids, idBytes, size } = table;
  const rest = new IdTable(format);
  for (let number = 0; number < size; number++) {
    if (left.find(ids, number * idBytes) < 0) rest.add(ids, number * idBytes);
  }
  return rest;
}
