/** Packs that are wrong in themselves, each with the one thing that is wrong. */
import { deflateSync } from 'node:zlib';
import { makeDelta, objectId, PackMaker, TYPE, typeAndSize, withTrailer } from '../fixtures/pack-maker.ts';

export interface CorpusCase {
  readonly name: string;
  readonly pack: Buffer;
  /** What the pushed tag points to. */
  readonly tip: string;
}

const TEXT = 'some text that is long enough to copy from\n';
const OTHER = 'another text, and not the same at all\n';
const BLOB_ID = objectId('blob', TEXT);

export function brokenPacks(): CorpusCase[] {
  const sound = packOf((maker) => void maker.add(TYPE.blob, TEXT));
  const two = packOf((maker) => {
    maker.add(TYPE.blob, TEXT);
    maker.add(TYPE.blob, OTHER);
  });
  return [
    { name: 'a sound pack', pack: sound, tip: BLOB_ID },
    ...truncations(two),
    ...headers(two, sound),
    ...entries(),
    ...deltas(),
    ...deltaCycles(),
  ].map(({ tip = BLOB_ID, ...rest }) => ({ ...rest, tip }));
}

type Draft = Omit<CorpusCase, 'tip'> & { readonly tip?: string };

function truncations(pack: Buffer): Draft[] {
  return Array.from({ length: pack.length }, (_, length) => ({
    name: `a pack cut short at byte ${length}`,
    pack: pack.subarray(0, length),
  }));
}

function headers(two: Buffer, sound: Buffer): Draft[] {
  const withHeader = (pack: Buffer, at: number, value: number): Buffer => {
    const changed = Buffer.from(pack.subarray(0, -20));
    changed.writeUInt32BE(value, at);
    return withTrailer(changed);
  };
  return [
    { name: 'a count too many', pack: withHeader(two, 8, 3) },
    { name: 'a count too few', pack: withHeader(two, 8, 1) },
    { name: 'a count of none', pack: withHeader(two, 8, 0) },
    { name: 'a count of 2^32 - 1', pack: withHeader(two, 8, 0xffffffff) },
    { name: 'a count of 2^31', pack: withHeader(two, 8, 0x80000000) },
    { name: 'version 0', pack: withHeader(two, 4, 0) },
    { name: 'version 1', pack: withHeader(two, 4, 1) },
    { name: 'version 3', pack: withHeader(two, 4, 3) },
    { name: 'version 4', pack: withHeader(two, 4, 4) },
    { name: 'another signature', pack: withHeader(two, 0, 0x4b434150) },
    { name: 'a trailer of zeros', pack: Buffer.concat([two.subarray(0, -20), Buffer.alloc(20)]) },
    { name: 'a trailer that is one bit off', pack: flipped(two, two.length - 1) },
    { name: 'a trailer of another pack', pack: Buffer.concat([two.subarray(0, -20), sound.subarray(-20)]) },
    { name: 'bytes after the trailer', pack: Buffer.concat([two, Buffer.from('more')]) },
    { name: 'one zero byte after the trailer', pack: Buffer.concat([two, Buffer.alloc(1)]) },
    { name: 'the same pack after the pack', pack: Buffer.concat([two, two]) },
    {
      name: 'bytes between the last entry and the trailer',
      pack: withTrailer(Buffer.concat([two.subarray(0, -20), Buffer.of(0)])),
    },
    { name: 'nothing at all', pack: Buffer.alloc(0) },
    { name: 'an empty pack', pack: packOf(() => undefined) },
  ];
}

function entries(): Draft[] {
  const raw = (...parts: Buffer[]) => packOf((maker) => void maker.addRaw(Buffer.concat(parts)));
  const zipped = deflateSync(TEXT);
  return [
    { name: 'one object twice', pack: packOf((maker) => [1, 2].forEach(() => void maker.add(TYPE.blob, TEXT))) },
    {
      name: 'one object thrice, once as a delta',
      pack: packOf((maker) => {
        const base = maker.add(TYPE.blob, TEXT);
        maker.addOfsDelta(base, makeDelta(TEXT.length, [{ copy: 0, size: TEXT.length }]));
        maker.add(TYPE.blob, OTHER);
      }),
    },
    { name: 'an entry of type 0', pack: raw(typeAndSize(0, TEXT.length), zipped) },
    { name: 'an entry of type 5', pack: raw(typeAndSize(5, TEXT.length), zipped) },
    { name: 'an entry larger than it says', pack: raw(typeAndSize(3, TEXT.length - 1), zipped) },
    { name: 'an entry smaller than it says', pack: raw(typeAndSize(3, TEXT.length + 1), zipped) },
    { name: 'an entry that says 0 bytes', pack: raw(typeAndSize(3, 0), zipped) },
    { name: 'an entry of 2^60 bytes', pack: raw(Buffer.from('bfffffffffffffff7f', 'hex'), zipped) },
    { name: 'a size that does not end', pack: raw(Buffer.alloc(12, 0xff), zipped) },
    { name: 'an entry whose zlib stream is cut short', pack: raw(typeAndSize(3, TEXT.length), zipped.subarray(0, -5)) },
    {
      name: 'an entry with a wrong Adler-32',
      pack: raw(typeAndSize(3, TEXT.length), flipped(zipped, zipped.length - 1)),
    },
    { name: 'an entry that is not deflated', pack: raw(typeAndSize(3, TEXT.length), Buffer.from(TEXT)) },
    { name: 'an entry with a wrong zlib header', pack: raw(typeAndSize(3, TEXT.length), flipped(zipped, 0)) },
    { name: 'an entry without data', pack: raw(typeAndSize(3, TEXT.length)) },
    { name: 'an empty blob', pack: packOf((maker) => void maker.add(TYPE.blob, '')), tip: objectId('blob', '') },
    { name: 'an empty tree', pack: packOf((maker) => void maker.add(TYPE.tree, '')), tip: objectId('tree', '') },
    { name: 'an empty commit', pack: packOf((maker) => void maker.add(TYPE.commit, '')), tip: objectId('commit', '') },
    { name: 'an empty tag', pack: packOf((maker) => void maker.add(TYPE.tag, '')), tip: objectId('tag', '') },
    { name: 'stored without compression', pack: raw(typeAndSize(3, TEXT.length), deflateSync(TEXT, { level: 0 })) },
    { name: 'not the object that the ref names', pack: packOf((maker) => void maker.add(TYPE.blob, OTHER)) },
  ];
}

function deltas(): Draft[] {
  const result = `${TEXT}more`;
  const good = makeDelta(TEXT.length, [{ copy: 0, size: TEXT.length }, { insert: 'more' }]);
  const onText = (delta: Buffer) => packOf((maker) => void maker.addOfsDelta(maker.add(TYPE.blob, TEXT), delta));
  const tip = objectId('blob', result);
  return [
    { name: 'a sound ofs-delta', pack: onText(good), tip },
    {
      name: 'a sound ref-delta',
      pack: packOf((maker) => {
        maker.add(TYPE.blob, TEXT);
        maker.addRefDelta(BLOB_ID, good);
      }),
      tip,
    },
    {
      name: 'a ref-delta before its base',
      pack: packOf((maker) => {
        maker.addRefDelta(BLOB_ID, good);
        maker.add(TYPE.blob, TEXT);
      }),
      tip,
    },
    { name: 'a delta on nothing', pack: packOf((maker) => void maker.addRefDelta('12'.repeat(20), good)), tip },
    { name: 'a delta for a base of another size', pack: onText(makeDelta(5, [{ insert: result }])), tip },
    {
      name: 'a delta whose result is shorter than it says',
      pack: onText(makeDelta(TEXT.length, [{ insert: 'x' }], 9)),
    },
    {
      name: 'a delta whose result is longer than it says',
      pack: onText(makeDelta(TEXT.length, [{ insert: 'xyz' }], 1)),
    },
    {
      name: 'a delta that copies from beyond its base',
      pack: onText(makeDelta(TEXT.length, [{ copy: TEXT.length - 1, size: 2 }])),
    },
    {
      name: 'a delta that copies from far beyond',
      pack: onText(makeDelta(TEXT.length, [{ copy: 0xfffffff0, size: 0x20 }])),
    },
    { name: 'a delta with a reserved instruction', pack: onText(Buffer.concat([good, Buffer.of(0)])) },
    { name: 'a delta that is cut short in an insertion', pack: onText(good.subarray(0, -2)) },
    {
      name: 'a delta that is cut short in a copy',
      pack: onText(Buffer.concat([makeDelta(TEXT.length, [], 4), Buffer.of(0xff)])),
    },
    { name: 'a delta without instructions', pack: onText(makeDelta(TEXT.length, [], 0)), tip: objectId('blob', '') },
    { name: 'a delta without a header', pack: onText(Buffer.alloc(0)) },
    { name: 'a delta of one byte', pack: onText(Buffer.of(0x80)) },
    { name: 'a delta with sizes that do not end', pack: onText(Buffer.alloc(30, 0xff)) },
    { name: 'a delta of 2^40 bytes', pack: onText(makeDelta(TEXT.length, [], 2 ** 40)) },
    ...[0, 1, 5, 500].map((at) => ({
      name: `an ofs-delta with its base at ${at}`,
      pack: packOf((maker) => {
        maker.add(TYPE.blob, TEXT);
        maker.addOfsDelta(at, good);
      }),
    })),
    {
      name: 'an ofs-delta on itself',
      pack: packOf((maker) => {
        const first = maker.add(TYPE.blob, TEXT);
        const second = first + Buffer.concat([typeAndSize(3, TEXT.length), deflateSync(TEXT)]).length;
        maker.addOfsDelta(second, good);
      }),
    },
    {
      name: 'an ofs-delta on the middle of an entry',
      pack: packOf((maker) => void maker.addOfsDelta(maker.add(TYPE.blob, TEXT) + 3, good)),
    },
  ];
}

function deltaCycles(): Draft[] {
  // Each delta names the next by the id that its own result would have: no order resolves them.
  const cycle = (length: number) =>
    packOf((maker) => {
      const text = (number: number) => `${number % length}`.padEnd(20);
      for (let number = 0; number < length; number++) {
        maker.addRefDelta(objectId('blob', text(number + 1)), makeDelta(20, [{ insert: text(number) }]));
      }
    });
  const idAt = objectId('blob', '0'.padEnd(20));
  return [1, 2, 3, 200].map((length) => ({ name: `${length} deltas in a cycle`, pack: cycle(length), tip: idAt }));
}

function packOf(fill: (maker: PackMaker) => void): Buffer {
  const maker = new PackMaker();
  fill(maker);
  return maker.build();
}

function flipped(bytes: Buffer, at: number): Buffer {
  const changed = Buffer.from(bytes);
  changed[at] = (changed[at] ?? 0) ^ 1;
  return changed;
}
