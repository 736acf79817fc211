/**
 * Whether trees of a push lie deeper inside each other than `core.maxTreeDepth` allows. Only those are looked at for which indexing could not rule
 * it out (`git/pack/tree-nesting.ts`).
 */
import { toHex } from '#bytes/hex.ts';
import { isTreeMode } from '#git/object/file-mode.ts';
import { TreeReader } from '#git/object/tree.ts';
import { IdTable } from '#git/walk/id-table.ts';
import type { LoadedPack, PackedObjectStore } from './packed-object-store.ts';
import { Pause } from './pause.ts';

export interface TreeDepthQuestion {
  readonly objects: PackedObjectStore;
  /** The pack of the push. What it builds on was judged when it came. */
  readonly pack: LoadedPack;
  /** Trees that may be too deep. */
  readonly treeIds: Uint8Array;
  /** Trees inside each other, the outermost counted. */
  readonly levelsMax: number;
  readonly signal: AbortSignal;
}

interface Frame {
  readonly number: number;
  readonly entries: TreeReader;
}

/** @returns those of the trees that have too many levels */
export async function findTooDeepTrees(question: TreeDepthQuestion): Promise<IdTable> {
  const { format } = question.objects;
  const tooDeep = new IdTable(format);
  const search = new LevelSearch(question);
  for (let at = 0; at < question.treeIds.length; at += format.idBytes) {
    if ((await search.levelsOf(question.treeIds, at)) > question.levelsMax) tooDeep.add(question.treeIds, at);
  }
  return tooDeep;
}

class LevelSearch {
  readonly #question: TreeDepthQuestion;
  /** Trees that were met; each is read once. */
  readonly #trees: IdTable;
  /** Of each of them; 0 while it is looked at. */
  readonly #levels: number[] = [];
  readonly #pause = new Pause(8);

  constructor(question: TreeDepthQuestion) {
    this.#question = question;
    this.#trees = new IdTable(question.objects.format);
  }

  /** A stack of our own, since the depth is the pusher's choice. */
  async levelsOf(ids: Uint8Array, idStart: number): Promise<number> {
    const known = this.#known(ids, idStart);
    if (known !== undefined) return known;
    const stack = [await this.#open(ids, idStart)];
    for (let top = stack.at(-1) as Frame; ; top = stack.at(-1) as Frame) {
      const inner = this.#nextUnknown(top);
      if (inner) {
        stack.push(await this.#open(top.entries.body, top.entries.idStart));
        continue;
      }
      stack.pop();
      const levels = (this.#levels[top.number] as number) + 1;
      this.#levels[top.number] = levels;
      const outer = stack.at(-1);
      if (!outer) return levels;
      this.#raise(outer, levels);
    }
  }

  /** Steps to the next tree that has to be read; takes along what is known of the others. @returns false at the end */
  #nextUnknown(frame: Frame): boolean {
    const { entries } = frame;
    while (entries.next()) {
      if (!isTreeMode(entries.mode)) continue;
      const known = this.#known(entries.body, entries.idStart);
      if (known === undefined) return true;
      this.#raise(frame, known);
    }
    return false;
  }

  #raise({ number }: Frame, levels: number): void {
    this.#levels[number] = Math.max(this.#levels[number] as number, levels);
  }

  #known(ids: Uint8Array, idStart: number): number | undefined {
    const number = this.#trees.find(ids, idStart);
    if (number >= 0) return this.#levels[number];
    const { pack } = this.#question;
    return pack.index.find(ids, idStart) < 0 ? 1 : undefined;
  }

  async #open(ids: Uint8Array, idStart: number): Promise<Frame> {
    const { objects, signal } = this.#question;
    if (this.#pause.isDue) {
      signal.throwIfAborted();
      await this.#pause.take();
    }
    const number = this.#trees.add(ids, idStart);
    this.#levels[number] = 0;
    const { body } = await objects.read(toHex(ids, idStart, idStart + objects.format.idBytes));
    return { number, entries: new TreeReader(body, objects.format) };
  }
}
