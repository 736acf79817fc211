/** A walk through trees as data: what it is told and what it finds, in arrays that can move from thread to thread. */
import type { CommitTrees } from './commit-trees.ts';

export interface WalkTask {
  /** None before one of its parents: a tree that is met again, as when a change is taken back, counts as known with all that is below it. */
  readonly commits: CommitTrees;
  /** For each relative, 1 when the client has its tree. */
  readonly isHad: Uint8Array;
  /** Trees that were asked for by themselves, one slot after another. */
  readonly looseTreeIds: Uint8Array;
  readonly filter: PathFilter | undefined;
}

/** What a filter says about depths and paths; types and sizes are left to the caller. */
export interface PathFilter {
  readonly depthLimit: number;
  /** Texts of patterns, all of which must include a blob's path. */
  readonly sparse: readonly Uint8Array[];
}

export interface WalkResult {
  /** Trees and blobs to be sent, one slot after another. */
  readonly neededIds: Uint8Array;
  /** Some of what the client has: the versions that needed objects replace, which deltas most often stand on. */
  readonly clientHasIds: Uint8Array;
}
