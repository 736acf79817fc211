/**
 * What the commits of a repository bring, as far as some fetch has asked for it: after that, which objects a part of history has is a matter of
 * marking numbers. It depends on ids alone, so it holds whatever packs and refs the repository has.
 */
import type { ObjectFormat } from '#git/object/object-id.ts';
import { IdTable } from '#git/walk/id-table.ts';
import { Pause } from '../../pause.ts';
import type { BroughtObjects } from './history-scan.ts';

interface Part {
  readonly brought: BroughtObjects;
  /** Number of its first commit. */
  readonly firstCommit: number;
}

/** All that some commits bring. */
export interface BroughtTogether {
  readonly has: (ids: Uint8Array, idStart: number) => boolean;
}

export class History {
  readonly #format: ObjectFormat;
  readonly #commits: IdTable;
  readonly #parts: Part[] = [];
  readonly #together = new WeakMap<object, BroughtTogether>();
  sizeBytes = 1;

  constructor(format: ObjectFormat) {
    this.#format = format;
    this.#commits = new IdTable(format);
  }

  has(commitIds: Uint8Array, idStart: number): boolean {
    return this.#commits.find(commitIds, idStart) >= 0;
  }

  /** @param commitIds none that it has, in the order of `brought` */
  async add(commitIds: Uint8Array, brought: BroughtObjects): Promise<void> {
    const { idBytes } = this.#format;
    const pause = new Pause();
    const firstCommit = this.#commits.size;
    for (let at = 0; at < commitIds.length; at += idBytes) {
      this.#commits.add(commitIds, at);
      if (pause.isDue) await pause.take();
    }
    this.#parts.push({ brought, firstCommit });
    const { ids, starts, numbers, depths } = brought;
    this.sizeBytes += ids.length + starts.byteLength + numbers.byteLength + depths.length + commitIds.length * 2;
  }

  /**
   * Adds what the commits bring, as far as it stands at less than the given depth.
   *
   * @param commitIds of which it has all
   */
  async collect(commitIds: Uint8Array, depthLimit: number, into: IdTable, signal: AbortSignal): Promise<void> {
    const { idBytes } = this.#format;
    const pause = new Pause();
    const marks = await this.#mark(commitIds, depthLimit, signal);
    for (const [index, { brought }] of this.#parts.entries()) {
      const marked = marks[index] as Uint8Array;
      for (let number = 0; number < marked.length; number++) {
        if (marked[number]) into.add(brought.ids, number * idBytes);
        if (!pause.isDue) continue;
        signal.throwIfAborted();
        await pause.take();
      }
    }
  }

  /** @returns what was brought together under the same key */
  knownTogether(key: object): BroughtTogether | undefined {
    return this.#together.get(key);
  }

  /**
   * Brings together what the commits bring, and keeps it.
   *
   * @param key stands for all of it
   * @param besides objects that belong to it too
   */
  async bringTogether(
    key: object,
    commitIds: Uint8Array,
    besides: IdTable,
    signal: AbortSignal,
  ): Promise<BroughtTogether> {
    const marks = await this.#mark(commitIds, Number.POSITIVE_INFINITY, signal);
    const has = (ids: Uint8Array, idStart: number) =>
      besides.find(ids, idStart) >= 0 || this.#isMarked(marks, ids, idStart);
    this.#together.set(key, { has });
    return { has };
  }

  /** @returns for each part, a byte for each of its objects */
  async #mark(commitIds: Uint8Array, depthLimit: number, signal: AbortSignal): Promise<readonly Uint8Array[]> {
    const { idBytes } = this.#format;
    const pause = new Pause();
    const marks = this.#parts.map(({ brought }) => new Uint8Array(brought.ids.length / idBytes));
    for (let at = 0; at < commitIds.length; at += idBytes) {
      this.#markCommit(this.#commits.find(commitIds, at), depthLimit, marks);
      if (!pause.isDue) continue;
      signal.throwIfAborted();
      await pause.take();
    }
    return marks;
  }

  #isMarked(marks: readonly Uint8Array[], ids: Uint8Array, idStart: number): boolean {
    return marks.some((marked, index) => {
      const number = findSorted((this.#parts[index] as Part).brought.ids, ids, idStart, this.#format.idBytes);
      return number >= 0 && marked[number] === 1;
    });
  }

  #markCommit(commit: number, depthLimit: number, marks: readonly Uint8Array[]): void {
    let index = this.#parts.length - 1;
    while ((this.#parts[index] as Part).firstCommit > commit) index--;
    const { brought, firstCommit } = this.#parts[index] as Part;
    const { starts, numbers, depths } = brought;
    const marked = marks[index] as Uint8Array;
    const end = starts[commit - firstCommit + 1] as number;
    for (let entry = starts[commit - firstCommit] as number; entry < end; entry++) {
      if ((depths[entry] as number) < depthLimit) marked[numbers[entry] as number] = 1;
    }
  }
}

/** @returns number of the slot that has the id, or -1 */
function findSorted(slots: Uint8Array, ids: Uint8Array, idStart: number, idBytes: number): number {
  let low = 0;
  let high = slots.length / idBytes - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    let index = 0;
    while (index < idBytes && slots[middle * idBytes + index] === ids[idStart + index]) index++;
    if (index === idBytes) return middle;
    if ((slots[middle * idBytes + index] as number) < (ids[idStart + index] as number)) low = middle + 1;
    else high = middle - 1;
  }
  return -1;
}
