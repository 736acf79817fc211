/** Does a walk in whatever thread this is. */
import { FilteredWalk } from './filtered-walk.ts';
import { ObjectWalk } from './object-walk.ts';
import type { TreeSource } from './tree-source.ts';
import type { WalkResult, WalkTask } from './walk-task.ts';

/** @param assertWanted throws when nobody waits for the result any more */
export function runWalk(trees: TreeSource, task: WalkTask, assertWanted: () => void): Promise<WalkResult> {
  const { filter } = task;
  return filter
    ? new FilteredWalk(trees, filter, assertWanted).run(task)
    : new ObjectWalk(trees, assertWanted).run(task);
}
