/** Which objects a pack holds, read by code that shares nothing with the server's. */
import { createHash } from 'node:crypto';
import { inflateSync } from 'node:zlib';
import type { ModelFormat, ModelType, ObjectModel } from './object-model.ts';

const NAMES: Readonly<Record<number, ModelType>> = { 1: 'commit', 2: 'tree', 3: 'blob', 4: 'tag' };

export interface PackContent {
  readonly ids: ReadonlySet<string>;
  /** Bases that the pack does not hold. */
  readonly outsideBases: ReadonlySet<string>;
  readonly ofsDeltas: number;
  readonly refDeltas: number;
}

interface Entry {
  readonly offset: number;
  readonly type: number;
  readonly base: string | number | undefined;
  readonly data: Buffer;
}

interface Whole {
  readonly type: ModelType;
  readonly body: Buffer;
}

/** @throws what is wrong with the pack @param model knows the objects that a thin pack may stand on */
export function readPackContent(pack: Buffer, model: ObjectModel): PackContent {
  const entries = readEntries(pack, model.format);
  const whole = new Map<number, Whole>();
  const byId = new Map<string, Whole>();
  const outsideBases = new Set<string>();
  const resolve = (entry: Entry): Whole | undefined => {
    const known = whole.get(entry.offset);
    if (known) return known;
    const made = resolveEntry(entry, (base) => {
      if (typeof base === 'string') return byId.get(base);
      const found = entries.find(({ offset }) => offset === base);
      if (!found) throw new Error(`delta at ${entry.offset}: no entry at ${base}`);
      return resolve(found);
    });
    if (!made) return undefined;
    whole.set(entry.offset, made);
    const id = model.idOf(made.type, made.body);
    if (byId.has(id)) throw new Error(`object ${id} appears twice`);
    byId.set(id, made);
    return made;
  };
  let pending = entries;
  for (;;) {
    const left = pending.filter((entry) => !resolve(entry));
    if (left.length === 0) break;
    if (left.length === pending.length) {
      // Nothing in the pack helps: its bases must lie outside.
      const base = left.map(({ base }) => base).find((id) => typeof id === 'string' && !byId.has(id));
      if (typeof base !== 'string') throw new Error('deltas in a circle');
      outsideBases.add(base);
      byId.set(base, model.get(base));
    }
    pending = left;
  }
  const ids = new Set(byId.keys());
  for (const base of outsideBases) ids.delete(base);
  return {
    ids,
    outsideBases,
    ofsDeltas: entries.filter(({ type }) => type === 6).length,
    refDeltas: entries.filter(({ type }) => type === 7).length,
  };
}

function readEntries(pack: Buffer, format: ModelFormat): Entry[] {
  const idBytes = format === 'sha1' ? 20 : 32;
  const end = pack.length - idBytes;
  if (pack.toString('latin1', 0, 4) !== 'PACK' || pack.readUInt32BE(4) !== 2) throw new Error('no pack of version 2');
  const digest = createHash(format).update(pack.subarray(0, end)).digest();
  if (!digest.equals(pack.subarray(end))) throw new Error('checksum differs');
  const entries: Entry[] = [];
  let at = 12;
  for (let left = pack.readUInt32BE(8); left > 0; left--) {
    const offset = at;
    let byte = pack[at++] ?? 0;
    const type = (byte >> 4) & 7;
    while (byte & 0x80) byte = pack[at++] ?? 0;
    let base: string | number | undefined;
    if (type === 7) {
      base = pack.toString('hex', at, at + idBytes);
      at += idBytes;
    } else if (type === 6) {
      let distance = -1;
      do {
        byte = pack[at++] ?? 0;
        distance = (distance + 1) * 128 + (byte & 0x7f);
      } while (byte & 0x80);
      base = offset - distance;
    }
    const { buffer, engine } = inflateSync(pack.subarray(at, end), { info: true }) as unknown as {
      buffer: Buffer;
      engine: { bytesWritten: number };
    };
    at += engine.bytesWritten;
    entries.push({ offset, type, base, data: buffer });
  }
  if (at !== end) throw new Error(`${end - at} bytes behind the last entry`);
  return entries;
}

function resolveEntry(entry: Entry, find: (base: string | number) => Whole | undefined): Whole | undefined {
  if (entry.base === undefined) {
    const type = NAMES[entry.type];
    if (!type) throw new Error(`entry of type ${entry.type}`);
    return { type, body: entry.data };
  }
  const base = find(entry.base);
  return base && { type: base.type, body: applyDelta(base.body, entry.data) };
}

export function applyDelta(base: Buffer, delta: Buffer): Buffer {
  let at = 0;
  const size = (): number => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = delta[at++] ?? 0;
      value += (byte & 0x7f) * 2 ** shift;
      if (!(byte & 0x80)) return value;
    }
  };
  const [baseSize, resultSize] = [size(), size()];
  if (baseSize !== base.length) throw new Error('delta for a base of another size');
  const parts: Buffer[] = [];
  while (at < delta.length) {
    const code = delta[at++] ?? 0;
    if (code < 0x80) {
      parts.push(delta.subarray(at, at + code));
      at += code;
      continue;
    }
    const number = (bits: readonly number[]): number =>
      bits.reduce((sum, bit, index) => sum + (code & bit ? (delta[at++] ?? 0) * 256 ** index : 0), 0);
    const start = number([1, 2, 4, 8]);
    const length = number([16, 32, 64]) || 0x10000;
    parts.push(base.subarray(start, start + length));
  }
  const result = Buffer.concat(parts);
  if (result.length !== resultSize) throw new Error('delta whose result has another size');
  return result;
}
