/** Packs with something wrong, one case a fault. Whatever comes in, what comes out is a pack or one of our own errors. */
import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeHistory, packAll } from '../../../tests/fixtures/history.ts';
import { type IndexOptions, indexPack } from '../../../tests/fixtures/index-pack.ts';
import {
  makeDelta,
  objectId,
  PackMaker,
  TYPE,
  treeEntry,
  typeAndSize,
  withTrailer,
} from '../../../tests/fixtures/pack-maker.ts';
import { ScratchRepository } from '../../../tests/fixtures/scratch-repository.ts';
import { GitError } from '../errors.ts';

const MIB = 1024 * 1024;
const TEXT = 'some text that is long enough to copy from\n';
const UNKNOWN_ID = '12'.repeat(20);
const WHO = 'A U Thor <a@example.com> 1700000000 +0000';

function packOf(fill: (maker: PackMaker) => void, announcedCount?: number): Buffer {
  const maker = new PackMaker();
  fill(maker);
  return maker.build(announcedCount);
}

function withOneDelta(delta: Buffer): Buffer {
  return packOf((maker) => {
    maker.addOfsDelta(maker.add(TYPE.blob, TEXT), delta);
  });
}

function withOneBlob(): Buffer {
  return packOf((maker) => void maker.add(TYPE.blob, TEXT));
}

/** Changes bytes and makes the checksum fit again. */
function reseal(pack: Buffer, change: (body: Buffer) => void): Buffer {
  const body = Buffer.from(pack.subarray(0, -20));
  change(body);
  return withTrailer(body);
}

function expectRefusal(pack: Uint8Array, code: string, message: RegExp, options?: IndexOptions): void {
  expect(() => indexPack(pack, options)).toThrow(
    expect.objectContaining({ code, message: expect.stringMatching(message) }),
  );
}

describe('the frame of a pack', () => {
  it.each<[string, Buffer, RegExp]>([
    ['nothing', Buffer.alloc(0), /^eof before pack header was fully read$/],
    ['half a header', withOneBlob().subarray(0, 7), /^eof before pack header was fully read$/],
    ['another signature', reseal(withOneBlob(), (body) => body.write('PICK')), /pack signature mismatch/],
    ['version 1', reseal(withOneBlob(), (body) => body.writeUInt32BE(1, 4)), /pack version unsupported/],
    ['version 4', reseal(withOneBlob(), (body) => body.writeUInt32BE(4, 4)), /pack version unsupported/],
    [
      'fewer objects than announced',
      packOf((maker) => void maker.add(TYPE.blob, TEXT), 2),
      /unknown object type|ends early|inflate/,
    ],
    [
      'more objects than announced',
      packOf((maker) => {
        maker.add(TYPE.blob, TEXT);
        maker.add(TYPE.blob, 'more');
      }, 1),
      /bytes after its trailer|checksum/,
    ],
    [
      'objects where none are announced',
      packOf((maker) => void maker.add(TYPE.blob, TEXT), 0),
      /bytes after its trailer/,
    ],
    ['a wrong checksum', Buffer.concat([withOneBlob().subarray(0, -1), Buffer.of(0)]), /checksum/],
    ['a checksum of zeros', Buffer.concat([withOneBlob().subarray(0, -20), Buffer.alloc(20)]), /checksum/],
    ['a byte behind its checksum', Buffer.concat([withOneBlob(), Buffer.of(0)]), /bytes after its trailer/],
    ['another pack behind it', Buffer.concat([withOneBlob(), withOneBlob()]), /bytes after its trailer/],
    ['the checksum of SHA-256', withTrailer(withOneBlob().subarray(0, -20), 32), /bytes after its trailer|checksum/],
    ['a pack of SHA-256 without objects', new PackMaker('sha256').build(), /bytes after its trailer|checksum/],
  ])('%s', (_, pack, message) => expectRefusal(pack, 'CORRUPT_PACK', message));

  it('2^32 - 1 objects are refused before there is room for them', () => {
    expectRefusal(new PackMaker().build(0xffffffff), 'LIMIT_EXCEEDED', /announces 4294967295 objects/);
  });

  it('as many objects as are allowed take no room before they come', () => {
    const before = process.memoryUsage();
    expectRefusal(new PackMaker().build(1_000_000).subarray(0, 12), 'CORRUPT_PACK', /ends early, after 0 of 1000000/);
    const after = process.memoryUsage();
    expect(after.arrayBuffers + after.external - before.arrayBuffers - before.external).toBeLessThan(10 * MIB);
  });

  it('more bytes than are allowed', () => {
    expectRefusal(withOneBlob(), 'LIMIT_EXCEEDED', /exceeds maximum allowed size of 50 bytes/, {
      limits: { packMaxBytes: 50 },
    });
  });
});

describe('an entry', () => {
  const raw = (bytes: Buffer) => packOf((maker) => void maker.addRaw(bytes));

  it.each<[string, Buffer, RegExp]>([
    ['type 0', raw(Buffer.concat([typeAndSize(0, 5), deflateSync('hello')])), /unknown object type 0/],
    ['type 5', raw(Buffer.concat([typeAndSize(5, 5), deflateSync('hello')])), /unknown object type 5/],
    ['a size beyond 2^53', raw(Buffer.alloc(30, 0xff)), /size beyond 2\^53/],
    [
      'more bytes than announced',
      packOf((maker) => void maker.add(TYPE.blob, TEXT, 10)),
      /does not inflate to the 10 bytes/,
    ],
    [
      'fewer bytes than announced',
      packOf((maker) => void maker.add(TYPE.blob, TEXT, 100)),
      /does not inflate to the 100 bytes/,
    ],
    [
      'bytes where none are announced',
      packOf((maker) => void maker.add(TYPE.blob, TEXT, 0)),
      /does not inflate to the 0 bytes/,
    ],
    ['no zlib data', raw(Buffer.concat([typeAndSize(3, 5), Buffer.from('hello world, how are you')])), /inflate/],
    [
      'a zlib checksum that does not fit',
      raw(Buffer.concat([typeAndSize(3, 5), Buffer.from(deflateSync('hello')).fill(0, 9)])),
      /inflate/,
    ],
    [
      'a preset dictionary',
      raw(Buffer.concat([typeAndSize(3, 5), deflateSync('hello', { dictionary: Buffer.from('hell') })])),
      /inflate/,
    ],
  ])('of %s', (_, pack, message) => expectRefusal(pack, 'CORRUPT_PACK', message));

  it.each([
    ['blob', TYPE.blob],
    ['commit', TYPE.commit],
    ['tree', TYPE.tree],
    ['tag', TYPE.tag],
    ['delta', TYPE.refDelta],
  ] as const)('that announces a %s of 2^50 bytes takes no room', (_, type) => {
    const before = process.memoryUsage();
    const pack = raw(Buffer.concat([typeAndSize(type, 2 ** 50), Buffer.alloc(20), deflateSync('')]));
    expectRefusal(pack, 'LIMIT_EXCEEDED', /1125899906842624 bytes .* exceeds the size allowed/);
    const after = process.memoryUsage();
    expect(after.arrayBuffers + after.external - before.arrayBuffers - before.external).toBeLessThan(10 * MIB);
  });

  it('that inflates to far more than was sent', () => {
    const bomb = packOf((maker) => void maker.add(TYPE.blob, Buffer.alloc(30 * MIB)));
    const few = { inflatedMaxBytes: MIB, inflationRatioMax: 100 };
    expectRefusal(bomb, 'LIMIT_EXCEEDED', /inflates to more than/, { limits: few });
  });
});

describe('a delta', () => {
  const sized = (baseSize: number, resultSize: number) =>
    withOneDelta(makeDelta(baseSize, [{ copy: 0, size: TEXT.length }], resultSize));

  it.each<[string, Buffer, RegExp]>([
    ['that names a base of another size', sized(TEXT.length + 1, TEXT.length), /its base has 43 bytes, not the 44/],
    ['that announces a longer result', sized(TEXT.length, TEXT.length + 1), /43 bytes where its header announces 44/],
    ['that announces a shorter result', sized(TEXT.length, TEXT.length - 1), /outside base, result/],
    ['that copies from beyond its base', withOneDelta(makeDelta(TEXT.length, [{ copy: 40, size: 4 }])), /outside base/],
    [
      'that inserts nothing',
      withOneDelta(Buffer.concat([makeDelta(TEXT.length, [], 1), Buffer.of(0)])),
      /outside base/,
    ],
    ['that is cut short', withOneDelta(Buffer.concat([makeDelta(TEXT.length, [], 1), Buffer.of(1)])), /outside base/],
    ['of no bytes', withOneDelta(Buffer.alloc(0)), /header does not end/],
    ['whose sizes do not end', withOneDelta(Buffer.alloc(30, 0xff)), /header does not end/],
    ['on itself', packOf((maker) => void maker.addOfsDelta(12, makeDelta(5, []))), /no entry/],
    ['on what lies before the pack', packOf((maker) => void maker.addOfsDelta(-1000, makeDelta(5, []))), /no entry/],
    ['on the header of the pack', packOf((maker) => void maker.addOfsDelta(0, makeDelta(5, []))), /no entry/],
    [
      'on the middle of an entry',
      packOf((maker) => {
        maker.addOfsDelta(maker.add(TYPE.blob, TEXT) + 1, makeDelta(5, []));
      }),
      /no entry/,
    ],
  ])('%s', (_, pack, message) => expectRefusal(pack, 'CORRUPT_PACK', message));

  it('whose base is nowhere', () => {
    const pack = packOf((maker) => void maker.addRefDelta(UNKNOWN_ID, makeDelta(5, [])));
    expect(() => indexPack(pack)).toThrow(/1 deltas stand on objects outside/);
  });

  it('in a cycle, each the base of the other by a made-up id', () => {
    const pack = packOf((maker) => {
      maker.addRefDelta('aa'.repeat(20), makeDelta(5, [{ insert: 'b' }]));
      maker.addRefDelta('bb'.repeat(20), makeDelta(5, [{ insert: 'a' }]));
    });
    expect(() => indexPack(pack)).toThrow(/2 deltas stand on objects outside/);
  });

  it('that announces a result of 2^50 bytes takes no room', () => {
    const before = process.memoryUsage();
    expectRefusal(sized(TEXT.length, 2 ** 50), 'LIMIT_EXCEEDED', /exceeds the size allowed/);
    const after = process.memoryUsage();
    expect(after.arrayBuffers + after.external - before.arrayBuffers - before.external).toBeLessThan(10 * MIB);
  });

  it('after delta whose results grow without end', () => {
    const pack = packOf((maker) => {
      let size = 64 * 1024;
      let base = maker.add(TYPE.blob, Buffer.alloc(size));
      for (let step = 0; step < 40; step++, size *= 2) {
        const copies = Array.from({ length: size / 0x8000 }, () => ({ copy: 0, size: 0x10000 }));
        base = maker.addOfsDelta(base, makeDelta(size, copies, size * 2));
        if (size >= 64 * MIB) break;
      }
    });
    expect(pack.length).toBeLessThan(100_000);
    expectRefusal(pack, 'LIMIT_EXCEEDED', /exceeds the size allowed/);
  });

  it('of many whose results together exceed what a push may have', () => {
    const size = 1024 * 1024;
    const pack = packOf((maker) => {
      const base = maker.add(TYPE.blob, Buffer.alloc(size));
      const copies = Array.from({ length: size / 0x10000 }, () => ({ copy: 0, size: 0x10000 }));
      for (let number = 0; number < 100; number++) {
        maker.addOfsDelta(base, makeDelta(size, [...copies, { insert: `${number}` }]));
      }
    });
    expectRefusal(pack, 'LIMIT_EXCEEDED', /inflates to more bytes/, { limits: { inflatedMaxBytes: 20 * MIB } });
  });

  describe('at the end of a long chain', () => {
    function chain(length: number): Buffer {
      return packOf((maker) => {
        let base = maker.add(TYPE.blob, 'x'.repeat(9));
        for (let link = 0; link < length; link++) {
          const text = `${link}`.padEnd(9);
          base = maker.addOfsDelta(base, makeDelta(9, [{ insert: text }]));
        }
      });
    }

    it('is taken up to the limit', () => {
      expect(indexPack(chain(50), { limits: { deltaDepthMax: 50 } }).table.count).toBe(51);
    });

    it('is refused beyond it', () => {
      expectRefusal(chain(51), 'CORRUPT_PACK', /chain is longer than 50/, { limits: { deltaDepthMax: 50 } });
    });

    it.each([
      [50, 'is taken'],
      [51, 'is refused'],
    ])('%i deltas by id: %s', (length, verdict) => {
      const pack = packOf((maker) => {
        let text = 'x'.repeat(9);
        maker.add(TYPE.blob, text);
        for (let link = 0; link < length; link++) {
          const next = `${link}`.padEnd(9);
          maker.addRefDelta(objectId('blob', text), makeDelta(9, [{ insert: next }]));
          text = next;
        }
      });
      const index = () => indexPack(pack, { limits: { deltaDepthMax: 50 } });
      if (verdict === 'is taken') expect(index().table.count).toBe(length + 1);
      else expect(index).toThrow(/chain is longer than 50/);
    });

    it('is taken at the depth that git allows at most', () => {
      expect(indexPack(chain(4_095)).table.count).toBe(4_096);
    });
  });
});

describe('objects', () => {
  it('that occur twice', () => {
    const pack = packOf((maker) => {
      maker.add(TYPE.blob, TEXT);
      maker.add(TYPE.blob, TEXT);
    });
    expectRefusal(pack, 'CORRUPT_PACK', /The same object [0-9a-f]{40} appears twice/);
  });

  it('that occur twice, once as a delta', () => {
    const pack = withOneDelta(makeDelta(TEXT.length, [{ copy: 0, size: TEXT.length }]));
    expectRefusal(pack, 'CORRUPT_PACK', /appears twice/);
  });

  const blobId = objectId('blob', TEXT);
  const commit = `tree ${blobId}\nauthor ${WHO}\ncommitter ${WHO}\n\nhello\n`;
  const commitId = objectId('commit', commit);

  it.each<[string, number, string | Buffer]>([
    ['a commit whose tree is a blob', TYPE.commit, commit],
    ['a tree that calls a blob a folder', TYPE.tree, treeEntry('40000', 'folder', blobId)],
    ['a tag that calls a blob a commit', TYPE.tag, `object ${blobId}\ntype commit\ntag v1\ntagger ${WHO}\n\nhello\n`],
  ])('of the wrong type: %s', (_, type, body) => {
    const pack = packOf((maker) => {
      maker.add(TYPE.blob, TEXT);
      maker.add(type, body);
    });
    expectRefusal(pack, 'WRONG_TYPE', /it is a blob, and referred to as something else/);
  });

  it('of the wrong type: a tree whose file is a commit', () => {
    const pack = packOf((maker) => {
      maker.add(TYPE.commit, commit);
      maker.add(TYPE.tree, treeEntry('100644', 'file', commitId));
    });
    expectRefusal(pack, 'WRONG_TYPE', /it is a commit, and referred to as something else/);
  });

  it.each<[string, number, string | Buffer, RegExp]>([
    ['a commit without a tree', TYPE.commit, `author ${WHO}\ncommitter ${WHO}\n\nx`, /missingTree/],
    ['a commit of random bytes', TYPE.commit, Buffer.alloc(200, 0x9c), /./],
    ['an empty commit', TYPE.commit, '', /./],
    ['a tag without a type', TYPE.tag, `object ${blobId}\ntag v1\ntagger ${WHO}\n\nx`, /missingType/],
    ['an empty tag', TYPE.tag, '', /./],
    ['a tree cut short', TYPE.tree, treeEntry('100644', 'file', blobId).subarray(0, -1), /./],
    ['a tree of random bytes', TYPE.tree, Buffer.alloc(200, 0x9c), /./],
    ['a tree with an empty name', TYPE.tree, treeEntry('100644', '', blobId), /./],
    ['a tree with an entry without a mode', TYPE.tree, treeEntry('', 'file', blobId), /./],
    ['a tree with a mode that is not octal', TYPE.tree, treeEntry('100844', 'file', blobId), /./],
    [
      'a tree out of order',
      TYPE.tree,
      Buffer.concat([treeEntry('100644', 'b', blobId), treeEntry('100644', 'a', blobId)]),
      /treeNotSorted/,
    ],
    [
      'a tree with one name twice',
      TYPE.tree,
      Buffer.concat([treeEntry('100644', 'a', blobId), treeEntry('100755', 'a', blobId)]),
      /duplicateEntries/,
    ],
    ['a tree that leaves its folder', TYPE.tree, treeEntry('100644', '..', blobId), /hasDotdot/],
    ['a tree that holds a repository', TYPE.tree, treeEntry('40000', '.GIT', blobId), /hasDotgit/],
  ])('against the rules: %s', (_, type, body, message) => {
    const pack = packOf((maker) => {
      maker.add(TYPE.blob, TEXT);
      maker.add(type, body);
    });
    expect(() => indexPack(pack)).toThrow(GitError);
    expect(() => indexPack(pack)).toThrow(message);
  });
});

describe('a pack of git', () => {
  let repository: ScratchRepository;
  let pack: Buffer;
  beforeAll(() => {
    repository = new ScratchRepository();
    makeHistory(repository, 6);
    pack = packAll(repository, '--no-delta-base-offset');
  });
  afterAll(() => repository[Symbol.dispose]());

  it('cut short at every byte', () => {
    for (let end = 0; end < pack.length; end++) {
      expect(() => indexPack(pack.subarray(0, end)), `at ${end}`).toThrow(GitError);
    }
  });

  it('with any bit flipped', () => {
    for (let bit = 0; bit < pack.length * 8; bit += 5) {
      const flipped = Buffer.from(pack);
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
      expect(() => indexPack(flipped), `bit ${bit}`).toThrow(GitError);
    }
  });

  it('with any bytes changed and a checksum that fits is refused, or is as sound as it says', () => {
    const change = fc.tuple(fc.nat(pack.length - 21), fc.uint8Array({ minLength: 1, maxLength: 4 }));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const changed = reseal(pack, (body) => {
          for (const [at, bytes] of changes) body.set(bytes.subarray(0, body.length - at), at);
        });
        try {
          indexPack(changed);
        } catch (error) {
          // Ids of bases may be changed too: `indexPack` of the fixtures has no repository to look them up in.
          expect(error instanceof GitError || /stand on objects outside/.test(String(error)), String(error)).toBe(true);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('replaced by random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        const header = Buffer.from('PACK\0\0\0\x02\0\0\0\x03', 'latin1');
        expect(() => indexPack(bytes)).toThrow(GitError);
        expect(() => indexPack(withTrailer(Buffer.concat([header, bytes])))).toThrow(GitError);
      }),
      { numRuns: 500 },
    );
  });
});
