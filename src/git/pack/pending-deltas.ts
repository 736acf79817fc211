/** Deltas that name their base by id, until an object of that id turns up. */
import { fromHex } from '#bytes/hex.ts';
import type { ObjectFormat, ObjectId } from '../object/object-id.ts';
import { IdTable } from '../walk/id-table.ts';
import { adoptChild, type DeltaFamilies } from './delta-families.ts';
import type { EntryTable } from './entry-table.ts';

export class PendingDeltas {
  readonly #format: ObjectFormat;
  readonly #wanted: IdTable;
  /** Of each wanted id, the deltas that wait for it; undefined once they were adopted. */
  readonly #waiting: (number[] | undefined)[] = [];
  /** Deltas that still wait. */
  count = 0;

  /** @param baseIds entry number of each delta → id of its base */
  constructor(format: ObjectFormat, baseIds: ReadonlyMap<number, ObjectId>) {
    this.#format = format;
    this.#wanted = new IdTable(format, Math.max(16, baseIds.size));
    for (const [entry, id] of baseIds) {
      const number = this.#wanted.add(fromHex(id), 0);
      const waiting = this.#waiting[number];
      if (waiting) waiting.push(entry);
      else this.#waiting[number] = [entry];
      this.count++;
    }
  }

  /** Ids that deltas still wait for: slots of a buffer. */
  *ids(): Iterable<Uint8Array> {
    const { idBytes } = this.#format;
    for (let number = 0; number < this.#wanted.size; number++) {
      if (this.#waiting[number]) yield this.#wanted.ids.subarray(number * idBytes, (number + 1) * idBytes);
    }
  }

  /**
   * Puts under each of these entries the deltas that wait for it. What hung on such an entry before was resolved: its list begins anew.
   *
   * @param entries that got their ids since the last call
   * @returns those of them that have children now
   */
  adopt(table: EntryTable, families: DeltaFamilies, entries: Iterable<number>): number[] {
    const roots: number[] = [];
    for (const entry of entries) {
      const number = this.#wanted.find(table.id, entry * this.#format.idBytes);
      const children = number < 0 || table.type[entry] === 0 ? undefined : this.#waiting[number];
      if (!children) continue;
      this.#waiting[number] = undefined;
      this.count -= children.length;
      families.firstChild[entry] = -1;
      for (const child of children) {
        table.base[child] = entry;
        adoptChild(families, entry, child);
      }
      roots.push(entry);
    }
    return roots;
  }
}
