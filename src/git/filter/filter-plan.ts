/** A filter as a walk applies it: whatever it combines is one question about type and size, one about depth, and patterns. */
import type { ObjectId } from '../object/object-id.ts';
import type { ObjectType } from '../object/object-type.ts';
import type { ObjectFilter } from './object-filter.ts';

export interface FilterPlan {
  readonly types: ReadonlySet<ObjectType>;
  /** Blobs of this size or more are left out. */
  readonly blobLimitBytes: number;
  /** Trees and blobs at this depth or deeper are left out; root trees have 0. */
  readonly depthLimit: number;
  /** Blobs with patterns, all of which must include a blob's path. */
  readonly sparseIds: readonly ObjectId[];
}

const EVERYTHING: FilterPlan = {
  types: new Set(['commit', 'tree', 'blob', 'tag']),
  blobLimitBytes: Number.POSITIVE_INFINITY,
  depthLimit: Number.POSITIVE_INFINITY,
  sparseIds: [],
};

export function planFilter(filter: ObjectFilter): FilterPlan {
  const plan = narrow(EVERYTHING, filter);
  // At no depth: then no tree has to be read to tell.
  return plan.depthLimit === 0 ? { ...withTypes(plan, 'commit', 'tag'), depthLimit: EVERYTHING.depthLimit } : plan;
}

/** Whether type and size of an object tell whether it is sent, wherever it stands. */
export function isDecidedByHeader({ depthLimit, sparseIds }: FilterPlan): boolean {
  return depthLimit === Number.POSITIVE_INFINITY && sparseIds.length === 0;
}

export function letsThrough({ types, blobLimitBytes }: FilterPlan, type: ObjectType, sizeBytes: number): boolean {
  return types.has(type) && (type !== 'blob' || sizeBytes < blobLimitBytes);
}

function narrow(plan: FilterPlan, filter: ObjectFilter): FilterPlan {
  switch (filter.kind) {
    case 'blob:none':
      return withTypes(plan, 'commit', 'tree', 'tag');
    case 'blob:limit':
      return { ...plan, blobLimitBytes: Math.min(plan.blobLimitBytes, filter.sizeBytes) };
    case 'tree':
      return { ...plan, depthLimit: Math.min(plan.depthLimit, filter.depth) };
    case 'object:type':
      return withTypes(plan, filter.type);
    case 'sparse:oid':
      return { ...plan, sparseIds: [...plan.sparseIds, filter.blobName] };
    case 'combine':
      return filter.filters.reduce(narrow, plan);
  }
}

function withTypes(plan: FilterPlan, ...types: readonly ObjectType[]): FilterPlan {
  return { ...plan, types: new Set(types.filter((type) => plan.types.has(type))) };
}
