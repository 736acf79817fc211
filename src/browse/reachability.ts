/**
 * What the refs of a snapshot lead to. Packs keep what a forced push or a deleted branch left behind, and whoever kept an id
 * must not read it: an id by itself opens nothing that no ref reaches.
 */
import type { ObjectId } from '#git/object/object-id.ts';
import { parseTag } from '#git/object/tag.ts';
import type { ObjectStore } from '#git/object-store.ts';
import type { RefSnapshot } from '#git/ref-store.ts';
import { markAncestors } from '#git/walk/ancestry.ts';
import type { CommitGraph } from '#git/walk/commit-graph.ts';
import type { RepositorySnapshot } from '#repository/repository-engine.ts';

const REACHED = 1;
/** Tags of tags; git itself makes none. */
const TAG_DEPTH_MAX = 32;

/** Marks of the refs' ancestors. Refs and graph are the same objects from request to request until one of them changes. */
const marksOf = new WeakMap<RefSnapshot, { graph: CommitGraph; marks: Uint8Array }>();

function reachedMarks(refs: RefSnapshot, graph: CommitGraph, tips: Iterable<ObjectId>): Uint8Array {
  const known = marksOf.get(refs);
  if (known?.graph === graph) return known.marks;
  const marks = new Uint8Array(graph.count);
  const positions = [...tips].map((id) => graph.positionOf(id));
  markAncestors(graph, positions, marks, REACHED);
  marksOf.set(refs, { graph, marks });
  return marks;
}

/** Whether some ref leads to each commit. One walk over the graph in memory, and none for the tips of branches. */
export async function areReachableCommits(snapshot: RepositorySnapshot, ids: readonly ObjectId[]): Promise<boolean[]> {
  const tips = new Set(snapshot.refs.refs.map((ref) => ref.peeled ?? ref.target));
  if (ids.every((id) => tips.has(id))) return ids.map(() => true);
  const graph = await snapshot.objects.commitGraph();
  const marks = reachedMarks(snapshot.refs, graph, tips);
  return ids.map((id) => marks[graph.positionOf(id)] === REACHED);
}

export async function isReachableCommit(snapshot: RepositorySnapshot, id: ObjectId): Promise<boolean> {
  const [isReachable = false] = await areReachableCommits(snapshot, [id]);
  return isReachable;
}

/** Whether some ref leads to the tag object, through other tags or not. */
export async function isReachableTag(snapshot: RepositorySnapshot, id: ObjectId): Promise<boolean> {
  const { refs } = snapshot.refs;
  if (refs.some((ref) => ref.target === id)) return true;
  const end = (await tagChain(snapshot.objects, id)).at(-1);
  for (const ref of refs) {
    if (ref.peeled === end && (await tagChain(snapshot.objects, ref.target)).includes(id)) return true;
  }
  return false;
}

/** The tag and what it leads to, step by step; the last is no tag. */
async function tagChain(objects: ObjectStore, id: ObjectId): Promise<ObjectId[]> {
  const chain = [id];
  for (let depth = 0; depth < TAG_DEPTH_MAX; depth++) {
    const last = chain.at(-1) ?? id;
    if ((await objects.header(last))?.type !== 'tag') break;
    chain.push(parseTag((await objects.read(last)).body, objects.format).targetId);
  }
  return chain;
}
