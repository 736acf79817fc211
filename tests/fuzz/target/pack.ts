/** Packs: parsed, resolved, checked and indexed as at a push, in one thread. */
import { deflateSync } from 'node:zlib';
import { objectFormatOf } from '#git/object/object-id.ts';
import { PackIndex } from '#git/pack/pack-index.ts';
import { PackSummary } from '#git/pack/pack-summary.ts';
import { indexPack } from '../../fixtures/index-pack.ts';
import { diffDelta, makeDelta, PackMaker, TYPE, typeAndSize, withTrailer } from '../../fixtures/pack-maker.ts';
import { allowGitErrors, type FuzzSession } from '../fuzz-target.ts';
import { mutate } from '../mutate.ts';
import type { Random } from '../random.ts';
import { makeObjectBody, OBJECT_VOCABULARY } from './object-body.ts';

const PACK_LIMITS = {
  packMaxBytes: 1 << 20,
  objectsMax: 10_000,
  objectMaxBytes: 1 << 20,
  objectInMemoryMaxBytes: 1 << 19,
  inflatedMaxBytes: 1 << 24,
};

/** Sound packs and others: with lies in their headers, deltas that lead astray, objects that break fsck's rules. */
export function openPackFuzzer(): FuzzSession {
  return {
    attempt(random) {
      const format = random.oneIn(5) ? 'sha256' : 'sha1';
      const pack = makePack(random, format);
      const pieces = random.oneIn(2) ? pack : piecesOf(random, pack);
      allowGitErrors(() => {
        try {
          indexPack(pieces, { format: objectFormatOf(format), limits: PACK_LIMITS });
        } catch (error) {
          // The fixture stands for a repository without objects.
          if (!(error instanceof Error && /deltas stand on objects outside the pack/.test(error.message))) throw error;
        }
      });
    },
  };
}

/** Index and summary files are ours, yet storage may give back others. */
export function openPackTablesFuzzer(): FuzzSession {
  return {
    attempt(random) {
      const format = objectFormatOf(random.oneIn(5) ? 'sha256' : 'sha1');
      const maker = new PackMaker(format.name);
      for (let count = random.size(12); count > 0; count--) maker.add(TYPE.blob, random.bytes(random.size(40)));
      let tables: { index: Uint8Array; summary: Uint8Array };
      try {
        const { report } = indexPack(maker.build(), { format });
        tables = report;
      } catch {
        return;
      }
      allowGitErrors(() => {
        const index = new PackIndex(mutate(random, Buffer.from(tables.index)), format);
        for (let tries = 0; tries < 4; tries++) index.find(random.bytes(format.idBytes));
      });
      allowGitErrors(() => void new PackSummary(mutate(random, Buffer.from(tables.summary)), format));
    },
  };
}

export function makePack(random: Random, format: 'sha1' | 'sha256'): Buffer {
  const maker = new PackMaker(format);
  const bodies: Buffer[] = [];
  const offsets: number[] = [];
  for (let count = random.size(12); count > 0; count--) addEntry(random, maker, bodies, offsets);
  const count = random.oneIn(20) ? random.pick([0, 1, maker.count + 1, 0xffffffff, 0x80000000]) : maker.count;
  const pack = maker.build(count);
  if (random.oneIn(3)) return pack;
  // A trailer that fits lets the damage through to the parser.
  const idBytes = format === 'sha1' ? 20 : 32;
  const intact = random.oneIn(10) ? 0 : 12;
  const damaged = Buffer.concat([pack.subarray(0, intact), mutate(random, pack.subarray(intact, -idBytes))]);
  return random.oneIn(4) ? damaged : withTrailer(damaged, idBytes);
}

function addEntry(random: Random, maker: PackMaker, bodies: Buffer[], offsets: number[]): void {
  const idLength = random.oneIn(30) ? 64 : 40;
  const base = random.below(Math.max(1, bodies.length));
  const baseBody = bodies[base] ?? Buffer.from('base');
  switch (bodies.length === 0 ? 0 : random.below(8)) {
    case 0:
    case 1:
    case 2: {
      const { type, body } = makeObjectBody(random);
      bodies.push(body);
      offsets.push(
        maker.add(TYPE[type], body, random.oneIn(25) ? random.pick([0, 1, 2 ** 31, 2 ** 40, 2 ** 53]) : body.length),
      );
      return;
    }
    case 3:
    case 4: {
      const target = mutate(random, baseBody, OBJECT_VOCABULARY, bodies);
      const delta = diffDelta(baseBody, target);
      bodies.push(target);
      offsets.push(
        maker.addOfsDelta(
          random.oneIn(15) ? random.below(1_000) - 500 : (offsets[base] ?? 12),
          random.oneIn(4) ? mutate(random, delta) : delta,
        ),
      );
      return;
    }
    case 5: {
      const size = random.pick([baseBody.length, baseBody.length, 0, 2 ** 31, 2 ** 52]);
      const delta = makeDelta(
        size,
        [{ copy: random.below(100), size: random.below(0x10000) }],
        random.oneIn(3) ? 2 ** 40 : undefined,
      );
      bodies.push(baseBody);
      offsets.push(maker.addOfsDelta(offsets[base] ?? 12, delta));
      return;
    }
    case 6: {
      const delta = diffDelta(baseBody, mutate(random, baseBody));
      bodies.push(baseBody);
      offsets.push(maker.addRefDelta(random.bytes(idLength / 2).toString('hex'), delta));
      return;
    }
    default: {
      const body = random.bytes(random.size(60));
      const zipped = mutate(random, deflateSync(body));
      bodies.push(body);
      offsets.push(maker.addRaw(Buffer.concat([typeAndSize(random.below(8), body.length), zipped])));
    }
  }
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
