/**
 * May the client have what it wants? — gitprotocol-v2(5), "fetch"; git's `check_non_tip` in `upload-pack.c`.
 *
 * Git over v2 gives out any object whose id one knows. We do not: a want is the target of a visible ref, what a tag leads
 * to, or a commit that a visible ref reaches. The last is for clients that saw the refs before somebody moved them.
 */
import { ProtocolError } from '#git/errors.ts';
import type { ObjectId } from '#git/object/object-id.ts';
import type { RefSnapshot } from '#git/ref-store.ts';
import type { CommitGraph } from '#git/walk/commit-graph.ts';

/** The part of a commit graph that the check needs. */
export type ReachableCommits = Pick<CommitGraph, 'count' | 'positionOf' | 'parentCount' | 'parentAt'>;

/**
 * @param graph asked for only when some want is no tip
 * @throws {ProtocolError} names the first want that is not the client's to have, in git's words
 */
export async function checkWants(
  wants: readonly ObjectId[],
  refs: RefSnapshot,
  graph: () => Promise<ReachableCommits>,
): Promise<void> {
  const tips = tipsOf(refs);
  const others = wants.filter((id) => !tips.has(id));
  if (others.length === 0) return;
  const unreachable = findUnreachable(others, tips, await graph());
  if (unreachable) throw new ProtocolError(`upload-pack: not our ref ${unreachable}`);
}

function tipsOf(refs: RefSnapshot): Set<ObjectId> {
  const tips = new Set<ObjectId>();
  for (const ref of refs.refs) {
    tips.add(ref.target);
    if (ref.peeled) tips.add(ref.peeled);
  }
  return tips;
}

function findUnreachable(
  ids: readonly ObjectId[],
  tips: Iterable<ObjectId>,
  graph: ReachableCommits,
): ObjectId | undefined {
  const missing = new Map<number, ObjectId>();
  for (const id of ids) {
    const position = graph.positionOf(id);
    if (position < 0) return id;
    missing.set(position, id);
  }
  const tipPositions = [...tips].map((id) => graph.positionOf(id)).filter((position) => position >= 0);
  const [unreachable] = withoutReached(missing, tipPositions, graph).values();
  return unreachable;
}

/** Takes out of `missing` what a walk from `starts` meets, and stops when nothing is left. */
function withoutReached(
  missing: Map<number, ObjectId>,
  starts: readonly number[],
  graph: ReachableCommits,
): Map<number, ObjectId> {
  const seen = new Uint8Array(graph.count);
  const pending = [...starts];
  for (let position = pending.pop(); position !== undefined && missing.size > 0; position = pending.pop()) {
    if (seen[position]) continue;
    seen[position] = 1;
    missing.delete(position);
    for (let i = 0; i < graph.parentCount(position); i++) {
      const parent = graph.parentAt(position, i);
      if (parent >= 0 && !seen[parent]) pending.push(parent);
    }
  }
  return missing;
}
