/**
 * All commits of a repository with their parents, as typed arrays: what history walks, negotiation and closures run on.
 *
 * A commit is its position, an integer from 0 to `count - 1`; positions hold for this graph alone.
 */
import type { ObjectId } from '../object/object-id.ts';

export interface CommitGraph {
  readonly count: number;
  /** @returns -1 when the graph has no such commit */
  positionOf(id: ObjectId): number;
  /** The same for an id slot of a buffer. */
  positionOfSlot(ids: Uint8Array, idStart: number): number;
  idAt(position: number): ObjectId;
  treeAt(position: number): ObjectId;
  /** Committer date, seconds since 1970. */
  dateAt(position: number): number;
  /**
   * Corrected committer date: later than that of each parent in the graph, and else the commit's own. Unlike dates it orders history, so a
   * walk that goes by it need not look below what it seeks — gitformat-commit-graph(5), "Generation Data".
   */
  generationAt(position: number): number;
  parentCount(position: number): number;
  /** @param index from 0 to `parentCount - 1` @returns the parent's position, or -1 when it is not in the graph */
  parentAt(position: number, index: number): number;
}
