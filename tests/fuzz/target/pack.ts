/** Packs: parsed, resolved, checked and indexed as at a push, in one thread; and the tables that come out. */
import { type ObjectFormat, objectFormatOf } from '#git/object/object-id.ts';
import type { EntryTable } from '#git/pack/entry-table.ts';
import { PackIndex } from '#git/pack/pack-index.ts';
import { PackSummary } from '#git/pack/pack-summary.ts';
import { entryId, indexPack } from '../../fixtures/index-pack.ts';
import { PackMaker } from '../../fixtures/pack-maker.ts';
import { allowGitErrors, type FuzzSession } from '../fuzz-target.ts';
import { mutate } from '../mutate.ts';
import { Random } from '../random.ts';
import { makePack } from './made-pack.ts';

const PACK_LIMITS = {
  packMaxBytes: 1 << 20,
  objectsMax: 10_000,
  objectMaxBytes: 1 << 20,
  objectInMemoryMaxBytes: 1 << 19,
  inflatedMaxBytes: 1 << 24,
  deltaDepthMax: 40,
};

/** Sound packs and others: with lies in their headers, deltas that lead astray, objects that break fsck's rules. */
export function openPackFuzzer(): FuzzSession {
  const tally = { indexed: 0, resolved: 0 };
  return {
    attempt(random) {
      const format = random.oneIn(5) ? 'sha256' : 'sha1';
      const pack = makePack(random, format);
      const pieces = random.oneIn(2) ? pack : piecesOf(random, pack);
      allowGitErrors(() => {
        try {
          const { report, table } = indexPack(pieces, { format: objectFormatOf(format), limits: PACK_LIMITS });
          tally.indexed++;
          requireIndexOf(new PackIndex(report.index, table.format), table);
        } catch (error) {
          // The fixture stands for a repository without objects.
          if (!(error instanceof Error && /deltas stand on objects outside the pack/.test(error.message))) throw error;
          tally.resolved++;
        }
      });
    },
    describe: () => `${tally.indexed} indexed, ${tally.resolved} more that lack nothing but a base`,
  };
}

/** Every entry is found under its id. */
function requireIndexOf(index: PackIndex, table: EntryTable): void {
  for (let entry = 0; entry < table.count; entry++) {
    const id = entryId(table, entry);
    const position = index.find(Buffer.from(id, 'hex'));
    const offset = position < 0 ? undefined : index.offsetAt(position);
    const isThere = offset === table.offset[entry] || isTwice(table, id);
    if (!isThere) throw new Error(`entry ${entry}, ${id}, is at ${table.offset[entry]}, in the index at ${offset}`);
  }
}

function isTwice(table: EntryTable, id: string): boolean {
  return (
    Array.from({ length: table.count }, (_, entry) => entryId(table, entry)).filter((other) => other === id).length > 1
  );
}

/** Of packs whose tables are damaged. */
const TABLES = 200;

/** Index and summary files are ours, yet storage may give back others. */
export function openPackTablesFuzzer(): FuzzSession {
  const made = Array.from({ length: TABLES }, (_, number) => makeTables(new Random(`tables ${number}`)));
  return {
    attempt(random) {
      const { format, index, summary } = random.pick(made);
      const other = random.pick(made);
      allowGitErrors(() => {
        const damaged = new PackIndex(mutate(random, index, [], [other.index]), format);
        for (let tries = 0; tries < 4; tries++) damaged.find(random.bytes(format.idBytes));
        for (let position = 0; position < damaged.count; position++) {
          damaged.find(damaged.idAt(position));
          damaged.offsetAt(position);
        }
      });
      allowGitErrors(() => void new PackSummary(mutate(random, summary, [], [other.summary]), format));
    },
  };
}

interface Tables {
  readonly format: ObjectFormat;
  readonly index: Buffer;
  readonly summary: Buffer;
}

/** Of a pack that is taken: one of a few tries is. */
function makeTables(random: Random): Tables {
  const name = random.oneIn(5) ? 'sha256' : 'sha1';
  const format = objectFormatOf(name);
  for (let tries = 0; tries < 40; tries++) {
    try {
      const { report } = indexPack(makePack(random, name), { format, limits: PACK_LIMITS });
      return { format, index: Buffer.from(report.index), summary: Buffer.from(report.summary) };
    } catch {}
  }
  const { report } = indexPack(new PackMaker(name).build(), { format });
  return { format, index: Buffer.from(report.index), summary: Buffer.from(report.summary) };
}

function piecesOf(random: Random, bytes: Buffer): Buffer[] {
  const pieces: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const length = 1 + random.size(200);
    // Copies: a piece may be reused by whoever sent it.
    pieces.push(Buffer.from(bytes.subarray(at, at + length)));
    at += length;
  }
  return pieces;
}
