/** Which commits and tags a fetch asks for, and which the client has: the frame within which objects are chosen. */
import { fromHex } from '#bytes/hex.ts';
import type { ObjectId } from '#git/object/object-id.ts';
import { parseTag } from '#git/object/tag.ts';
import type { Ref } from '#git/ref-store.ts';
import { markAncestors } from '#git/walk/ancestry.ts';
import type { CommitGraph } from '#git/walk/commit-graph.ts';
import { IdTable } from '#git/walk/id-table.ts';
import type { PackedObjectStore } from '../packed-object-store.ts';

export const WANTED = 1;
export const HAD = 2;

export interface Closure {
  readonly graph: CommitGraph;
  /** WANTED and HAD for each commit of the graph, ancestors included. */
  readonly marks: Uint8Array;
  /** Tag objects to send. */
  readonly tags: IdTable;
  /** Trees and blobs that were asked for, by id or through a tag. */
  readonly looseWants: IdTable;
  readonly hasHaves: boolean;
}

export interface ClosureRequest {
  readonly wants: readonly ObjectId[];
  readonly haves: readonly ObjectId[];
  readonly includeTag: boolean;
  /** The tags that `includeTag` may add. */
  readonly refs: readonly Ref[];
}

export async function computeClosure(objects: PackedObjectStore, request: ClosureRequest): Promise<Closure> {
  const graph = await objects.commitGraph();
  const marks = new Uint8Array(graph.count);
  const tags = new IdTable(objects.format);
  const had = await peelAll(objects, graph, request.haves, new IdTable(objects.format));
  const wanted = await peelAll(objects, graph, request.wants, tags);
  markAncestors(graph, had.commits, marks, HAD);
  markAncestors(graph, wanted.commits, marks, WANTED);
  if (request.includeTag) await addTags(objects, graph, marks, request.refs, tags);
  return { graph, marks, tags, looseWants: wanted.others, hasHaves: had.commits.length > 0 };
}

/** Follows ids to commits. Tags on the way are added to `tags`. */
export async function peelAll(objects: PackedObjectStore, graph: CommitGraph, ids: readonly ObjectId[], tags: IdTable) {
  const commits: number[] = [];
  const others = new IdTable(objects.format);
  for (const id of ids) {
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

async function peel(objects: PackedObjectStore, id: ObjectId, tags: IdTable): Promise<ObjectId> {
  let target = id;
  while ((await objects.header(target))?.type === 'tag') {
    tags.add(fromHex(target), 0);
    target = parseTag((await objects.read(target)).body, objects.format).targetId;
  }
  return target;
}

/** Adds the tags whose target is sent, and the tags between — gitprotocol-capabilities(5), "include-tag". */
async function addTags(
  objects: PackedObjectStore,
  graph: CommitGraph,
  marks: Uint8Array,
  refs: readonly Ref[],
  tags: IdTable,
): Promise<void> {
  for (const ref of refs) {
    if (!ref.peeled || !ref.name.startsWith('refs/tags/')) continue;
    const position = graph.positionOf(ref.peeled);
    if (position >= 0 && marks[position] === WANTED) await peel(objects, ref.target, tags);
  }
}
