/**
 * A clone where some packs hold what no ref leads to any more, such as the commit before a forced push. The packs before the first of
 * them are still taken whole: a pack refers to itself and to older ones alone, so together they are complete, and only what newer packs
 * add to them is walked.
 */
import { HAD, WANTED } from '#git/walk/commit-difference.ts';
import { IdTable } from '#git/walk/id-table.ts';
import type { LoadedPack } from '../packed-object-store.ts';
import { Pause } from '../pause.ts';
import { addTags, type Closure } from './closure.ts';
import { findNeededObjects } from './needed-objects.ts';
import { selectAll, selectObjects } from './pack-selection.ts';
import { otherTagRefs, type Selected, type SelectionQuestion } from './walked-selection.ts';
import type { Duplicates } from './whole-packs.ts';

/** @param settled the oldest packs, of which everything is wanted */
export async function selectBesidePacks(
  question: SelectionQuestion,
  settled: readonly LoadedPack[],
  duplicates: Duplicates,
): Promise<Selected> {
  const { objects, files, closure, request } = question;
  const isSettled = (ids: Uint8Array, idStart: number) => settled.some(({ index }) => index.find(ids, idStart) >= 0);
  const newer = closureBeside(question, settled.length, isSettled);
  const { needed } = await findNeededObjects({ ...question, closure: newer, signal: request.signal });
  const isFound = (id: Uint8Array) => isSettled(id, 0) || needed.find(id, 0) >= 0;
  await addTags(objects, otherTagRefs(closure, request), needed, isFound);
  // The walk passes over what stands at the same path in a parent; the rest may be in older packs all the same.
  const rest = new IdTable(objects.format);
  const pause = new Pause();
  for (let at = 0; at < needed.ids.length; at += needed.idBytes) {
    if (!isSettled(needed.ids, at)) rest.add(needed.ids, at);
    if (pause.isDue) await pause.take();
  }
  const whole = await selectAll(settled, duplicates, files);
  return {
    selections: [...whole, ...(await selectObjects(rest, objects, files))],
    isSent: (id) => isSettled(id, 0) || rest.find(id, 0) >= 0,
    clientHas: undefined,
  };
}

/** As if the client had the settled packs. */
function closureBeside(
  { packs, closure }: SelectionQuestion,
  settledCount: number,
  isSettled: (ids: Uint8Array, idStart: number) => boolean,
): Closure {
  const { graph } = closure;
  const newCommits = new Set<number>();
  for (const { index, summary } of packs.slice(settledCount)) {
    for (const row of summary.commits) {
      const id = index.idAt(row);
      const position = graph.positionOfSlot(id, 0);
      if (closure.marks[position] === WANTED && !isSettled(id, 0)) newCommits.add(position);
    }
  }
  const marks = closure.marks.map((mark) => (mark === 0 ? 0 : HAD));
  for (const position of newCommits) marks[position] = WANTED;
  return { ...closure, marks, newCommits: [...newCommits], hasHaves: true };
}
