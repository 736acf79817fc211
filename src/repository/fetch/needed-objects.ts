/**
 * Finds the objects that a fetch needs, where whole packs will not do: those of the commits that are wanted and not had. What most commits
 * bring is known where history is kept; the rest is walked, here or, where it is much, in a thread.
 */
import { toHex } from '#bytes/hex.ts';
import { MissingObjectError } from '#git/errors.ts';
import type { ObjectId } from '#git/object/object-id.ts';
import { HAD } from '#git/walk/commit-difference.ts';
import { IdTable } from '#git/walk/id-table.ts';
import { limits } from '#limits.ts';
import type { PackFiles } from '../pack-files.ts';
import type { PackedObjectStore } from '../packed-object-store.ts';
import { Pause } from '../pause.ts';
import type { Closure } from './closure.ts';
import { type CommitsToSend, commitsToSend } from './commits-to-send.ts';
import { type HistoryQuestion, splitByHistory } from './history/known-history.ts';
import { commitTrees, parentsOf } from './walk/commit-trees.ts';
import { runWalk } from './walk/run-walk.ts';
import { TreeSource } from './walk/tree-source.ts';
import type { PathFilter, WalkResult, WalkTask } from './walk/walk-task.ts';

export interface WalkQuestion extends Omit<HistoryQuestion, 'depthLimit'> {
  readonly files: PackFiles;
}

export interface NeededObjects {
  /** To be sent. */
  readonly needed: IdTable;
  /** Some of what the client has: the versions that needed objects replace, which deltas most often stand on. */
  readonly clientHas: IdTable;
}

export async function findNeededObjects(question: WalkQuestion): Promise<NeededObjects> {
  const { objects, closure, signal } = question;
  const commits = await commitsToSend(closure, objects.format, signal);
  const needed = new IdTable(objects.format);
  await addAll(commits.ids, needed);
  const { others, collect } = await splitByHistory({ ...question, depthLimit: Number.POSITIVE_INFINITY }, commits);
  const loose = await looseWants(objects, closure.looseWants);
  const { neededIds, clientHasIds } = await walk(question, others, loose.treeIds, undefined);
  await addAll(neededIds, needed);
  await addAll(loose.otherIds, needed);
  await addAll(closure.tags.ids, needed);
  await collect(needed);
  const clientHas = new IdTable(objects.format);
  await addAll(clientHasIds, clientHas);
  return { needed, clientHas };
}

/** The same where a filter asks where in a tree an object stands. */
export async function findFilteredObjects(question: WalkQuestion, filter: PathFilter): Promise<IdTable> {
  const { objects, closure, signal } = question;
  const { depthLimit } = filter;
  const commits = await commitsToSend(closure, objects.format, signal);
  const needed = new IdTable(objects.format);
  await addAll(commits.ids, needed);
  // What is kept of history knows depths and no paths.
  const source = filter.sparse.length > 0 ? undefined : question.source;
  const { others, collect } = await splitByHistory({ ...question, source, depthLimit }, commits);
  // Of a tree that a commit brings, the depths count from the commit, as in git, whoever else asks for it.
  const roots = new Set(commits.positions.map((position) => closure.graph.treeAt(position)));
  const loose = await looseWants(objects, closure.looseWants, roots);
  const { neededIds } = await walk(question, others, loose.treeIds, filter);
  await addAll(neededIds, needed);
  await addAll(loose.otherIds, needed);
  await addAll(closure.tags.ids, needed);
  await collect(needed);
  return needed;
}

async function walk(
  question: WalkQuestion,
  { positions }: CommitsToSend,
  looseTreeIds: Uint8Array,
  filter: PathFilter | undefined,
): Promise<WalkResult> {
  const { objects, closure, source, files, signal } = question;
  const { idBytes } = objects.format;
  // Parents first, so that all of a parent's tree is known by the time its child is looked at.
  const relatives = await commitTrees(
    closure.graph,
    positions.toReversed(),
    (position) => relativesOf(closure, position),
    idBytes,
  );
  const isHad = Uint8Array.from(relatives.positions, (at) => ((closure.marks[at] as number) & HAD ? 1 : 0));
  const task: WalkTask = { commits: relatives.trees, isHad, looseTreeIds, filter };
  if (source && isMuch(task, idBytes)) return source.histories.walk({ objects, task, signal });
  await objects.load();
  return runWalk(new TreeSource(objects, files, limits.walkTreesMaxBytes), task, () => signal.throwIfAborted());
}

/** What a pattern costs is the client's choice. */
function isMuch({ commits, looseTreeIds, filter }: WalkTask, idBytes: number): boolean {
  if (filter !== undefined && filter.sparse.length > 0) return true;
  return commits.count + looseTreeIds.length / idBytes >= limits.walkedCommitsMax;
}

/**
 * Commits whose trees the client has or gets: what a commit's tree is compared with. The parents, unless the client's history ends at
 * the commit; then what the client has of other commits, for much of it is the same.
 */
function relativesOf({ graph, marks, boundary, childrenHad, clientTips }: Closure, position: number): number[] {
  const childHad = childrenHad.get(position);
  if (boundary.has(position)) return childHad === undefined ? [...clientTips] : [childHad];
  const parents = parentsOf(graph, position).filter((parent) => marks[parent] !== 0);
  return childHad === undefined ? parents : [childHad, ...parents];
}

/** @param skipped trees that are not to be listed */
async function looseWants(objects: PackedObjectStore, wants: IdTable, skipped: ReadonlySet<ObjectId> = new Set()) {
  const { idBytes } = wants;
  const found = { treeIds: new IdTable(objects.format), otherIds: new IdTable(objects.format) };
  const pause = new Pause();
  for (let at = 0; at < wants.ids.length; at += idBytes) {
    if (pause.isDue) await pause.take();
    const id = toHex(wants.ids, at, at + idBytes);
    if (skipped.has(id)) continue;
    const header = await objects.header(id);
    if (!header) throw new MissingObjectError(id);
    found[header.type === 'tree' ? 'treeIds' : 'otherIds'].add(wants.ids, at);
  }
  return { treeIds: found.treeIds.ids, otherIds: found.otherIds.ids };
}

async function addAll(ids: Uint8Array, into: IdTable): Promise<void> {
  const pause = new Pause();
  for (let at = 0; at < ids.length; at += into.idBytes) {
    into.add(ids, at);
    if (pause.isDue) await pause.take();
  }
}
