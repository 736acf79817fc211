/** Reads single objects of a pack whose entries are all indexed: each through its chain of deltas, from the whole object up. */
import { CorruptPackError } from '../errors.ts';
import { applyDelta, type DeltaHeader, readDeltaHeader } from './delta.ts';
import { emptyEntryHeader, readEntryHeader } from './entry-header.ts';
import type { EntrySource } from './entry-source.ts';
import type { EntryTable } from './entry-table.ts';
import { Inflater, inflateWhole } from './inflater.ts';

/** Entries on the way from an object to the whole one that its chain stands on; the object itself first. */
export function deltaChain(table: EntryTable, entry: number): number[] {
  const chain = [entry];
  for (let base = table.base[entry] as number; base >= 0; base = table.base[base] as number) chain.push(base);
  return chain;
}

export class EntryReader {
  readonly #table: EntryTable;
  readonly #source: EntrySource;
  readonly #inflater = new Inflater();
  readonly #header = emptyEntryHeader();
  readonly #deltaHeader: DeltaHeader = { baseSizeBytes: 0, resultSizeBytes: 0, instructionsStart: 0 };
  readonly #keepMaxBytes: number;
  /** Bodies that were read, since others of their families may stand on them. */
  readonly #kept = new Map<number, Uint8Array>();
  #keptBytes = 0;

  /** @param keepMaxBytes bodies that are kept for later reads */
  constructor(table: EntryTable, source: EntrySource, keepMaxBytes = 0) {
    this.#table = table;
    this.#source = source;
    this.#keepMaxBytes = keepMaxBytes;
  }

  /** @throws {CorruptPackError} */
  read(entry: number): Uint8Array {
    const chain = deltaChain(this.#table, entry);
    const nearest = chain.findIndex((at) => this.#kept.has(at));
    if (nearest >= 0) chain.length = nearest + 1;
    const root = chain.pop() as number;
    let body = this.#kept.get(root) ?? this.#keep(root, this.#inflate(root));
    for (let at = chain.pop(); at !== undefined; at = chain.pop()) {
      const delta = this.#inflate(at);
      readDeltaHeader(delta, 0, delta.length, this.#deltaHeader);
      const { baseSizeBytes, resultSizeBytes, instructionsStart } = this.#deltaHeader;
      if (baseSizeBytes !== body.length) throw new CorruptPackError('apply delta: its base has another size');
      const result = new Uint8Array(resultSizeBytes);
      applyDelta(body, 0, body.length, delta, instructionsStart, delta.length, result, 0, resultSizeBytes);
      body = this.#keep(at, result);
    }
    return body;
  }

  #keep(entry: number, body: Uint8Array): Uint8Array {
    if (body.length > this.#keepMaxBytes) return body;
    this.#keptBytes += body.length;
    if (this.#keptBytes > this.#keepMaxBytes) {
      this.#kept.clear();
      this.#keptBytes = body.length;
    }
    this.#kept.set(entry, body);
    return body;
  }

  #inflate(entry: number): Uint8Array {
    const { offset, format } = this.#table;
    const source = this.#source;
    source.locate(offset[entry] as number, offset[entry + 1] as number);
    if (!readEntryHeader(source.window, source.start, source.end, format.idBytes, this.#header)) {
      throw new CorruptPackError(`read pack entry at ${offset[entry]}: header cut short`);
    }
    const { sizeBytes, headerBytes } = this.#header;
    const output = new Uint8Array(sizeBytes + 1);
    inflateWhole(this.#inflater, source.window, source.start + headerBytes, source.end, output, 0, sizeBytes);
    return output.subarray(0, sizeBytes);
  }
}
