/** Commits as walks through their trees see them: in arrays that can move from thread to thread. */
import { fromHex } from '#bytes/hex.ts';
import type { CommitGraph } from '#git/walk/commit-graph.ts';
import { Pause } from '../../pause.ts';

export interface CommitTrees {
  readonly count: number;
  /** One slot a commit. */
  readonly treeIds: Uint8Array;
  /** Where each commit's relatives begin in `relativeTreeIds`; one more, for the end. */
  readonly relativeStarts: Uint32Array;
  /** Trees that the commits' are compared with: for the most part those of their parents. */
  readonly relativeTreeIds: Uint8Array;
}

export interface Relatives {
  readonly trees: CommitTrees;
  /** For each slot of `relativeTreeIds`, which commit it is of. */
  readonly positions: readonly number[];
}

/** @param positions of the commits, in the order in which they are to be read */
export async function commitTrees(
  graph: CommitGraph,
  positions: readonly number[],
  relativesOf: (position: number) => readonly number[],
  idBytes: number,
): Promise<Relatives> {
  const pause = new Pause();
  const treeIds = new Uint8Array(positions.length * idBytes);
  const relativeStarts = new Uint32Array(positions.length + 1);
  const relatives: number[] = [];
  for (let index = 0; index < positions.length; index++) {
    const position = positions[index] as number;
    treeIds.set(fromHex(graph.treeAt(position)), index * idBytes);
    for (const relative of relativesOf(position)) relatives.push(relative);
    relativeStarts[index + 1] = relatives.length;
    if (pause.isDue) await pause.take();
  }
  const relativeTreeIds = new Uint8Array(relatives.length * idBytes);
  for (let index = 0; index < relatives.length; index++) {
    relativeTreeIds.set(fromHex(graph.treeAt(relatives[index] as number)), index * idBytes);
    if (pause.isDue) await pause.take();
  }
  return { trees: { count: positions.length, treeIds, relativeStarts, relativeTreeIds }, positions: relatives };
}

export function parentsOf(graph: CommitGraph, position: number): number[] {
  const parents = Array.from({ length: graph.parentCount(position) }, (_, index) => graph.parentAt(position, index));
  return parents.filter((parent) => parent >= 0);
}
