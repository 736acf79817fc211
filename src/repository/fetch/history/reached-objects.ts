/** Which trees and blobs some refs reach: found out once for a list of refs, from what each commit brings. */
import { fromHex } from '#bytes/hex.ts';
import type { Ref } from '#git/ref-store.ts';
import { markingAncestors } from '#git/walk/ancestry.ts';
import type { CommitGraph } from '#git/walk/commit-graph.ts';
import { IdTable } from '#git/walk/id-table.ts';
import { headerAt, type PackedObjectStore } from '../../packed-object-store.ts';
import { Pause, runWithPauses } from '../../pause.ts';
import { commitsToSend } from '../commits-to-send.ts';
import type { CommitTrees } from '../walk/commit-trees.ts';
import type { BroughtTogether } from './history.ts';
import type { HistorySource } from './known-history.ts';

export interface ReachQuestion {
  readonly objects: PackedObjectStore;
  /** The same array for the same refs: what is found out is kept with it. */
  readonly refs: readonly Ref[];
  readonly signal: AbortSignal;
}

/** @returns undefined unless it was found out before, and is kept */
export function knownReachedObjects(
  { histories, repositoryId }: HistorySource,
  refs: readonly Ref[],
): BroughtTogether | undefined {
  return histories.find(repositoryId)?.knownTogether(refs);
}

/** @throws {LimitExceededError} */
export async function findReachedObjects(source: HistorySource, question: ReachQuestion): Promise<BroughtTogether> {
  const { histories, repositoryId } = source;
  const { objects, refs, signal } = question;
  const graph = await objects.commitGraph();
  const { positions: tips, looseIds } = await tipsOf(graph, question);
  const marks = new Uint8Array(graph.count);
  await runWithPauses(markingAncestors(graph, tips, marks, 1), signal);
  const commits = await commitsToSend({ graph, newCommits: markedOf(marks) }, objects.format, signal);
  const history = await histories.load({ repositoryId, objects, graph, ...commits, signal });
  const loose = await everythingBelow(source, question, looseIds);
  return history.bringTogether(refs, commits.ids, loose, signal);
}

/** What refs lead to: commits, and the ids of trees and blobs. */
async function tipsOf(graph: CommitGraph, { refs, objects }: ReachQuestion) {
  const pause = new Pause();
  const positions: number[] = [];
  const looseIds = new IdTable(objects.format);
  for (const { target, peeled = target } of refs) {
    const position = graph.positionOf(peeled);
    if (position >= 0) positions.push(position);
    else looseIds.add(fromHex(peeled), 0);
    if (pause.isDue) await pause.take();
  }
  return { positions, looseIds: looseIds.ids };
}

async function everythingBelow(
  { histories }: HistorySource,
  { objects, signal }: ReachQuestion,
  looseIds: Uint8Array,
): Promise<IdTable> {
  const { format } = objects;
  const found = new IdTable(format);
  const looseTrees = new IdTable(format);
  for (let at = 0; at < looseIds.length; at += format.idBytes) {
    found.add(looseIds, at);
    const place = objects.locate(looseIds, at);
    if (place && headerAt(place).type === 'tree') looseTrees.add(looseIds, at);
  }
  if (looseTrees.size === 0) return found;
  const task = { commits: noCommits(), isHad: new Uint8Array(0), looseTreeIds: looseTrees.ids, filter: undefined };
  const { neededIds } = await histories.walk({ objects, task, signal });
  const pause = new Pause();
  for (let at = 0; at < neededIds.length; at += format.idBytes) {
    found.add(neededIds, at);
    if (pause.isDue) await pause.take();
  }
  return found;
}

function noCommits(): CommitTrees {
  const none = new Uint8Array(0);
  return { count: 0, treeIds: none, relativeStarts: new Uint32Array(1), relativeTreeIds: none };
}

function* markedOf(marks: Uint8Array): Iterable<number> {
  for (let position = 0; position < marks.length; position++) if (marks[position]) yield position;
}
