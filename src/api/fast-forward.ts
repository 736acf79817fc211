/** Whether a ref may move without losing commits. */

import type { ObjectId } from '#git/object/object-id.ts';
import type { CommitGraph } from '#git/walk/commit-graph.ts';

/** Whether `newId` is `oldId` or descends from it. Ids that are no commits of the graph descend from nothing. */
export function isFastForward(graph: CommitGraph, oldId: ObjectId, newId: ObjectId): boolean {
  const sought = graph.positionOf(oldId);
  const start = graph.positionOf(newId);
  if (sought < 0 || start < 0) return false;
  const seen = new Set([start]);
  const pending = [start];
  for (let position = pending.pop(); position !== undefined; position = pending.pop()) {
    if (position === sought) return true;
    for (let index = 0; index < graph.parentCount(position); index++) {
      const parent = graph.parentAt(position, index);
      if (parent < 0 || seen.has(parent)) continue;
      seen.add(parent);
      pending.push(parent);
    }
  }
  return false;
}
