/**
 * Whether a clone may take whole packs, byte for byte.
 *
 * A pack's roots are its objects that no other object of it refers to. Objects form no cycle, so each is reachable from some root: when all
 * roots are asked for, everything in the pack is. That is decided with the pack's summary and the commit graph; no tree is read and no
 * bitmap is kept.
 */
import { WANTED } from '#git/walk/commit-difference.ts';
import type { LoadedPack } from '../packed-object-store.ts';
import { Pause } from '../pause.ts';
import type { Closure } from './closure.ts';

/** Objects of a pack that an older pack has too: positions in its index, ascending. */
export type Duplicates = ReadonlyMap<LoadedPack, Int32Array>;

/** @param packs oldest first */
export async function findDuplicates(packs: readonly LoadedPack[]): Promise<Duplicates> {
  const duplicates = new Map<LoadedPack, Int32Array>();
  const pause = new Pause();
  for (const [index, pack] of packs.entries()) {
    const positions = new Set<number>();
    for (const older of packs.slice(0, index)) await addCommonPositions(pack, older, positions, pause);
    duplicates.set(pack, Int32Array.from(positions).sort());
  }
  return duplicates;
}

/** Looks the ids of the smaller pack up in the larger one. */
async function addCommonPositions(
  pack: LoadedPack,
  older: LoadedPack,
  positions: Set<number>,
  pause: Pause,
): Promise<void> {
  const isSmaller = pack.index.count <= older.index.count;
  const [from, to] = isSmaller ? [pack.index, older.index] : [older.index, pack.index];
  for (let position = 0; position < from.count; position++) {
    const found = to.find(from.idAt(position));
    if (found >= 0) positions.add(isSmaller ? position : found);
    if (pause.isDue) await pause.take();
  }
}

/**
 * How many of the packs, from the oldest on, are asked for with every object. Duplicates need no look: an older pack answers for them.
 */
export function countWantedPacks(packs: readonly LoadedPack[], duplicates: Duplicates, closure: Closure): number {
  const unwanted = packs.findIndex((pack) => {
    const own = duplicates.get(pack) as Int32Array;
    return !pack.summary.roots.every(
      (position) => isWantedRoot(pack, position, closure) || includesSorted(own, position),
    );
  });
  return unwanted < 0 ? packs.length : unwanted;
}

function isWantedRoot({ index }: LoadedPack, position: number, { graph, marks, tags, looseWants }: Closure): boolean {
  const id = index.idAt(position);
  if (tags.find(id, 0) >= 0 || looseWants.find(id, 0) >= 0) return true;
  const commit = graph.positionOfSlot(id, 0);
  return commit >= 0 && marks[commit] === WANTED;
}

function includesSorted(sorted: Int32Array, value: number): boolean {
  let low = 0;
  let high = sorted.length - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    const found = sorted[middle] as number;
    if (found === value) return true;
    if (found < value) low = middle + 1;
    else high = middle - 1;
  }
  return false;
}
