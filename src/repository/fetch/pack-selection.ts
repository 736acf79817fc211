/** Which entries of which packs make up an answer. */

import { findEntry } from '#git/pack/entry-table.ts';
import type { IdTable } from '#git/walk/id-table.ts';
import type { PackFiles, PackOrder } from '../pack-files.ts';
import type { LoadedPack, PackedObjectStore } from '../packed-object-store.ts';
import { Pause } from '../pause.ts';
import type { Duplicates } from './whole-packs.ts';

export type PackSelection =
  /** All of it, as it lies in storage. */
  | { readonly kind: 'whole'; readonly pack: LoadedPack; readonly count: number }
  /** Some entries. */
  | { readonly kind: 'entries'; readonly pack: LoadedPack; readonly count: number; readonly entries: PackEntries };

/** Entries of one pack by their place in it. */
export interface PackEntries {
  readonly order: PackOrder;
  /** Places in `order`, ascending. */
  readonly places: Int32Array;
}

/** Everything but duplicates, which an older pack brings. */
export async function selectAll(
  packs: readonly LoadedPack[],
  duplicates: Duplicates,
  files: PackFiles,
): Promise<PackSelection[]> {
  const selections: PackSelection[] = [];
  for (const pack of packs) {
    const isWhole = duplicates.get(pack)?.length === 0;
    if (isWhole) selections.push({ kind: 'whole', pack, count: pack.index.count });
    else selections.push(...(await selectWhere([pack], duplicates, files, () => true)));
  }
  return selections;
}

/** The given objects, each from the newest pack that has it: so no delta can lead back to itself by way of another pack. */
export async function selectObjects(
  ids: IdTable,
  objects: PackedObjectStore,
  files: PackFiles,
): Promise<PackSelection[]> {
  const { idBytes } = objects.format;
  const chosen = new Map<LoadedPack, ChosenPlaces>();
  const pause = new Pause();
  for (let number = 0; number < ids.size; number++) {
    const found = objects.locateNewest(ids.ids, number * idBytes);
    if (!found) throw new RangeError('select objects: one of them is in no pack');
    const choice = chosen.get(found.pack) ?? noPlaces(await files.order(found.pack, found.pack.index));
    chosen.set(found.pack, choice);
    const { count } = found.pack.index;
    const place = findEntry(choice.order.offsets, count, found.pack.index.offsetAt(found.position));
    choice.isChosen[place] = 1;
    choice.count++;
    if (pause.isDue) await pause.take();
  }
  return [...chosen].map(([pack, choice]) => selectPlaces(pack, choice));
}

/** Everything but duplicates that `isWanted`, by its position in the index of its pack. */
export async function selectWhere(
  packs: readonly LoadedPack[],
  duplicates: Duplicates,
  files: PackFiles,
  isWanted: (pack: LoadedPack, position: number) => boolean,
): Promise<PackSelection[]> {
  const selections: PackSelection[] = [];
  const pause = new Pause();
  for (const pack of packs) {
    const isDropped = new Uint8Array(pack.index.count);
    for (const position of duplicates.get(pack) as Int32Array) isDropped[position] = 1;
    const choice = noPlaces(await files.order(pack, pack.index));
    for (let place = 0; place < pack.index.count; place++) {
      const position = choice.order.positions[place] as number;
      if (pause.isDue) await pause.take();
      if (isDropped[position] || !isWanted(pack, position)) continue;
      choice.isChosen[place] = 1;
      choice.count++;
    }
    if (choice.count > 0) selections.push(selectPlaces(pack, choice));
  }
  return selections;
}

interface ChosenPlaces {
  readonly order: PackOrder;
  readonly isChosen: Uint8Array;
  count: number;
}

function noPlaces(order: PackOrder): ChosenPlaces {
  return { order, isChosen: new Uint8Array(order.positions.length), count: 0 };
}

function selectPlaces(pack: LoadedPack, { order, isChosen, count }: ChosenPlaces): PackSelection {
  const places = new Int32Array(count);
  let index = 0;
  for (let place = 0; place < isChosen.length; place++) if (isChosen[place]) places[index++] = place;
  return { kind: 'entries', pack, count, entries: { order, places } };
}
