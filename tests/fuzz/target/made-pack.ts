/** Packs entry by entry: whole objects, deltas of all sorts on each other, and whatever a pack may do wrong. */
import { createHash } from 'node:crypto';
import { deflateSync } from 'node:zlib';
import type { ModelFormat, ModelType } from '../../differential/object-model.ts';
import { diffDelta, makeDelta, PackMaker, TYPE, typeAndSize, withTrailer } from '../../fixtures/pack-maker.ts';
import { mutate } from '../mutate.ts';
import type { Random } from '../random.ts';
import { makeNamedFile, makeObjectBody, OBJECT_VOCABULARY } from './object-body.ts';

const SIZES_THAT_LIE = [0, 1, 2 ** 31, 2 ** 32, 2 ** 40, 2 ** 53];

/** Sound in half of all cases, so that what it holds is reached. */
export function makePack(random: Random, format: ModelFormat): Buffer {
  const made = new MadePack(random, format);
  for (let count = random.size(12); count > 0; count--) made.addSomething();
  const pack = made.build();
  if (!random.oneIn(3)) return pack;
  const idBytes = format === 'sha1' ? 20 : 32;
  if (random.oneIn(8)) return Buffer.concat([pack, random.bytes(1 + random.size(40))]);
  // A trailer that fits lets the damage through to the parser.
  const intact = random.oneIn(10) ? 0 : 12;
  const damaged = Buffer.concat([pack.subarray(0, intact), mutate(random, pack.subarray(intact, -idBytes))]);
  return random.oneIn(4) ? damaged : withTrailer(damaged, idBytes);
}

interface MadeEntry {
  readonly type: ModelType;
  readonly body: Buffer;
  readonly id: string;
  readonly offset: number;
}

class MadePack {
  readonly #random: Random;
  readonly #format: ModelFormat;
  readonly #maker: PackMaker;
  readonly #entries: MadeEntry[] = [];

  constructor(random: Random, format: ModelFormat) {
    this.#random = random;
    this.#format = format;
    this.#maker = new PackMaker(format, (body) => (random.oneIn(4) ? deflateSync(body) : storedStream(body)));
  }

  addSomething(): void {
    const random = this.#random;
    const base = random.pick(this.#entries) as MadeEntry;
    // Of an empty list nothing is picked: the first entry is whole.
    switch (this.#entries.length === 0 ? 0 : random.below(17)) {
      case 0:
      case 1:
      case 2:
      case 3:
        this.#addWhole(makeObjectBody(random));
        break;
      case 4:
      case 5:
      case 6:
        this.#addDelta(base, this.#like(base));
        break;
      case 7:
        this.#addBeforeItsBase();
        break;
      case 8:
        this.#addChain(base);
        break;
      case 9:
        this.#addAgain(base);
        break;
      case 10:
        this.#addCycle();
        break;
      case 11:
        this.#addDelta(base, this.#like(base), (delta) => mutate(random, delta));
        break;
      case 12:
        this.#addDelta(base, base.body, () => this.#lyingDelta(base.body));
        break;
      case 13:
        this.#addAstray(base);
        break;
      case 14:
        this.#addWhole({ ...base, body: this.#like(base) }, random.pick(SIZES_THAT_LIE));
        break;
      case 15:
        this.#addNamedFile();
        break;
      default:
        this.#addBrokenStream();
        break;
    }
  }

  build(): Buffer {
    const { count } = this.#maker;
    const random = this.#random;
    return this.#maker.build(random.oneIn(25) ? random.pick([0, 1, count + 1, 0xffffffff, 0x80000000]) : count);
  }

  #addWhole({ type, body }: { type: ModelType; body: Buffer }, announcedSize = body.length): void {
    this.#note(type, body, this.#maker.add(TYPE[type], body, announcedSize));
  }

  #addDelta(base: MadeEntry, target: Buffer, change = (delta: Buffer) => delta): void {
    const delta = change(diffDelta(base.body, target));
    const offset = this.#random.oneIn(2)
      ? this.#maker.addRefDelta(base.id, delta)
      : this.#maker.addOfsDelta(base.offset, delta);
    this.#note(base.type, target, offset);
  }

  /** By id alone can a delta stand on what comes later. */
  #addBeforeItsBase(): void {
    const { type, body } = makeObjectBody(this.#random);
    const target = mutate(this.#random, body, OBJECT_VOCABULARY);
    this.#note(type, target, this.#maker.addRefDelta(this.#idOf(type, body), diffDelta(body, target)));
    if (!this.#random.oneIn(6)) this.#addWhole({ type, body });
  }

  /** Sometimes beyond the depth that is allowed. */
  #addChain(base: MadeEntry): void {
    let last = base;
    for (let length = this.#random.size(60); length > 0; length--) {
      this.#addDelta(last, this.#random.oneIn(3) ? last.body : this.#like(last));
      last = this.#entries.at(-1) ?? last;
    }
  }

  /** The same object a second time: whole, or as a delta, of itself too. */
  #addAgain(entry: MadeEntry): void {
    const other = this.#random.pick(this.#entries);
    if (this.#random.oneIn(2)) this.#addWhole(entry);
    else this.#addDelta(other.type === entry.type ? other : entry, entry.body);
  }

  /** Deltas that stand on each other; and one of them whole, so that they need not. */
  #addCycle(): void {
    const first = makeObjectBody(this.#random);
    const bodies = Array.from({ length: 1 + this.#random.below(3) }, () => mutate(this.#random, first.body));
    for (const [at, body] of bodies.entries()) {
      const next = bodies[(at + 1) % bodies.length] ?? body;
      const delta = diffDelta(next, body);
      this.#note(first.type, body, this.#maker.addRefDelta(this.#idOf(first.type, next), delta));
    }
    const [whole] = bodies;
    if (whole && this.#random.oneIn(2)) this.#addWhole({ type: first.type, body: whole });
  }

  /** On nothing: before the pack, inside an entry, at itself, or an id that nobody has. */
  #addAstray(base: MadeEntry): void {
    const random = this.#random;
    const delta = diffDelta(base.body, base.body);
    if (random.oneIn(2)) this.#maker.addRefDelta(random.bytes(base.id.length / 2).toString('hex'), delta);
    else this.#maker.addOfsDelta(base.offset + random.pick([-base.offset, 1, -1, 12, -1_000, 2 ** 31]), delta);
  }

  #addNamedFile(): void {
    const { blob, tree } = makeNamedFile(this.#random, (body) => this.#idOf('blob', body));
    this.#addWhole({ type: 'blob', body: blob });
    this.#addWhole({ type: 'tree', body: tree });
  }

  /** Of any type, cut short, with something behind it, or damaged. */
  #addBrokenStream(): void {
    const random = this.#random;
    const body = random.bytes(random.size(60));
    const stream = deflateSync(body);
    const bytes = random.pick([
      () => mutate(random, stream),
      () => Buffer.concat([stream, random.bytes(random.size(8))]),
      () => stream.subarray(0, random.below(stream.length)),
    ])();
    this.#maker.addRaw(Buffer.concat([typeAndSize(random.below(8), body.length + random.below(2)), bytes]));
  }

  #lyingDelta(base: Buffer): Buffer {
    const random = this.#random;
    const baseSize = random.pick([base.length, base.length, base.length, 0, 2 ** 31, 2 ** 52]);
    const copies = Array.from({ length: random.size(30) }, () =>
      random.oneIn(3)
        ? { insert: random.bytes(1 + random.below(127)) }
        : { copy: random.below(base.length + 2), size: 1 + random.size(0x10000) },
    );
    return makeDelta(baseSize, copies, random.oneIn(2) ? random.pick([0, 1, 2 ** 20, 2 ** 40]) : undefined);
  }

  #like({ body }: MadeEntry): Buffer {
    return mutate(
      this.#random,
      body,
      OBJECT_VOCABULARY,
      this.#entries.map((entry) => entry.body),
    ).subarray(0, 4_000);
  }

  #idOf(type: ModelType, body: Buffer): string {
    return createHash(this.#format).update(`${type} ${body.length}\0`).update(body).digest('hex');
  }

  #note(type: ModelType, body: Buffer, offset: number): void {
    this.#entries.push({ type, body, id: this.#idOf(type, body), offset });
  }
}

/** A zlib stream of one stored block: it takes a tenth of the time that deflating takes — RFC 1950, RFC 1951 section 3.2.4. */
function storedStream(data: Uint8Array | string): Buffer {
  const body = Buffer.from(data);
  const bytes = Buffer.alloc(body.length + 11);
  bytes.writeUInt16BE(0x7801, 0);
  bytes.writeUInt8(1, 2);
  bytes.writeUInt16LE(body.length, 3);
  bytes.writeUInt16LE(body.length ^ 0xffff, 5);
  body.copy(bytes, 7);
  bytes.writeUInt32BE(adler32(body), body.length + 7);
  return bytes;
}

function adler32(bytes: Uint8Array): number {
  let [low, high] = [1, 0];
  for (const byte of bytes) {
    low = (low + byte) % 65_521;
    high = (high + low) % 65_521;
  }
  return high * 65_536 + low;
}
