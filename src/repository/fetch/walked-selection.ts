/** What a fetch without a filter gets, when whole packs will not do. */
import { planFilter } from '#git/filter/filter-plan.ts';
import type { ObjectFilter } from '#git/filter/object-filter.ts';
import type { Ref } from '#git/ref-store.ts';
import type { IdTable } from '#git/walk/id-table.ts';
import type { PackFiles } from '../pack-files.ts';
import type { LoadedPack, PackedObjectStore } from '../packed-object-store.ts';
import type { PackRequest } from '../repository-engine.ts';
import { addTags, type Closure } from './closure.ts';
import type { HistorySource } from './history/known-history.ts';
import { findNeededObjects } from './needed-objects.ts';
import { type PackSelection, selectObjects } from './pack-selection.ts';

export interface SelectionQuestion {
  readonly objects: PackedObjectStore;
  readonly files: PackFiles;
  readonly packs: readonly LoadedPack[];
  readonly closure: Closure;
  readonly request: PackRequest;
  /** Undefined where the fetch is of no repository as it is, such as in the middle of a push. */
  readonly source: HistorySource | undefined;
}

export interface Selected {
  readonly selections: readonly PackSelection[];
  readonly isSent: (id: Uint8Array) => boolean;
  /** What a delta of a thin pack may stand on. */
  readonly clientHas: IdTable | undefined;
}

export async function selectByWalk(question: SelectionQuestion): Promise<Selected> {
  const { needed, clientHas } = await findNeededObjects({ ...question, signal: question.request.signal });
  await addOtherTags(question, needed);
  return { ...(await selectNeeded(question, needed)), clientHas };
}

/** @param needed complete */
export async function selectNeeded({ objects, files }: SelectionQuestion, needed: IdTable): Promise<Selected> {
  return {
    selections: await selectObjects(needed, objects, files),
    isSent: (id) => needed.find(id, 0) >= 0,
    clientHas: undefined,
  };
}

/** Adds the tags of which it shows only now whether their targets are sent. */
export async function addOtherTags({ objects, closure, request }: SelectionQuestion, needed: IdTable): Promise<void> {
  await addTags(objects, otherTagRefs(closure, request), needed, (id) => needed.find(id, 0) >= 0);
}

/** Those that lead to trees and blobs; and all, when a filter leaves commits out. */
export function otherTagRefs({ graph }: Closure, { includeTag, visibleRefs, filter }: PackRequest): readonly Ref[] {
  if (!includeTag) return [];
  const hasCommits = sendsCommits(filter);
  return visibleRefs.filter(
    ({ name, peeled }) =>
      peeled !== undefined && name.startsWith('refs/tags/') && !(hasCommits && graph.positionOf(peeled) >= 0),
  );
}

/** Whether a commit that is wanted and not had is sent. */
export function sendsCommits(filter: ObjectFilter | undefined): boolean {
  return filter === undefined || planFilter(filter).types.has('commit');
}
