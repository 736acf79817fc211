/** Which entries of which packs make up an answer. */

import type { ObjectFormat } from '#git/object/object-id.ts';
import { findEntry } from '#git/pack/entry-table.ts';
import type { IdTable } from '#git/walk/id-table.ts';
import type { PackFiles, PackOrder } from '../pack-files.ts';
import type { LoadedPack, PackedObjectStore } from '../packed-object-store.ts';
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
export function selectAll(packs: readonly LoadedPack[], duplicates: Duplicates, files: PackFiles): PackSelection[] {
  return packs.map((pack) => {
    const dropped = duplicates.get(pack) as Int32Array;
    if (dropped.length === 0) return { kind: 'whole', pack, count: pack.index.count };
    const order = files.order(pack, pack.index);
    const isDropped = new Uint8Array(pack.index.count);
    for (const position of dropped) isDropped[position] = 1;
    const places = Int32Array.from(order.positions.keys()).filter(
      (place) => !isDropped[order.positions[place] as number],
    );
    return { kind: 'entries', pack, count: places.length, entries: { order, places } };
  });
}

/** The given objects, each from the first pack that has it. */
export function selectObjects(
  ids: IdTable,
  objects: PackedObjectStore,
  files: PackFiles,
  format: ObjectFormat,
): PackSelection[] {
  const placesOf = new Map<LoadedPack, number[]>();
  for (let number = 0; number < ids.size; number++) {
    const found = objects.locate(ids.ids, number * format.idBytes);
    if (!found) throw new RangeError('select objects: one of them is in no pack');
    const order = files.order(found.pack, found.pack.index);
    const places = placesOf.get(found.pack) ?? [];
    places.push(findEntry(order.offsets, found.pack.index.count, found.pack.index.offsetAt(found.position)));
    placesOf.set(found.pack, places);
  }
  return [...placesOf].map(([pack, places]) => ({
    kind: 'entries',
    pack,
    count: places.length,
    entries: { order: files.order(pack, pack.index), places: Int32Array.from(places).sort() },
  }));
}
