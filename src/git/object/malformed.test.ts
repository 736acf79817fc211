/** Bytes that are no objects: parsers answer with their own error or a value, checks with findings; nothing else escapes. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CorruptObjectError } from '../errors.ts';
import { checkNamedBlob, checkObject } from '../fsck/check-object.ts';
import { STRICT } from '../fsck/finding.ts';
import { CommitSkeleton, parseCommit, scanCommit } from './commit.ts';
import { SHA1 } from './object-id.ts';
import { parseTag } from './tag.ts';
import { parseTree } from './tree.ts';

const ID = '4b825dc642cb6eb9a060e54bf8d69288fbee4904';
const SOUND = [
  `tree ${ID}\nparent ${ID}\nauthor A <a@x> 1 +0000\ncommitter A <a@x> 1 +0000\ngpgsig a\n b\n\nText\n`,
  `object ${ID}\ntype commit\ntag v1\ntagger A <a@x> 1 +0000\n\nText\n`,
  `100644 a\0${'\x01'.repeat(20)}40000 b\0${'\x02'.repeat(20)}`,
  '[submodule "a"]\n\tpath = a\n\turl = "https://example.com/a"\n',
];

/** Sound bytes with some of them replaced, dropped or added; or any bytes at all. */
const edit = fc.record({ at: fc.nat(300), drop: fc.nat(3), insert: fc.uint8Array({ maxLength: 3 }) });
const mutated = fc.tuple(fc.constantFrom(...SOUND), fc.array(edit, { maxLength: 4 })).map(([text, edits]) => {
  const bytes = [...Buffer.from(text, 'latin1')];
  for (const { at, drop, insert } of edits) bytes.splice(at % (bytes.length + 1), drop, ...insert);
  return Uint8Array.from(bytes);
});
const anyBytes = fc.oneof(
  { weight: 4, arbitrary: mutated },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }) },
);

function parses(parse: () => unknown): boolean {
  try {
    parse();
    return true;
  } catch (error) {
    expect(error).toBeInstanceOf(CorruptObjectError);
    return false;
  }
}

test('what passes the checks also parses', () => {
  const skeleton = new CommitSkeleton();
  const parsers = {
    commit: (body: Uint8Array) => {
      scanCommit(body, SHA1, skeleton);
      expect(skeleton.parentCount).toBe(parseCommit(body, SHA1).parentIds.length);
    },
    tree: (body: Uint8Array) => parseTree(body, SHA1),
    tag: (body: Uint8Array) => parseTag(body, SHA1),
  };
  fc.assert(
    fc.property(fc.constantFrom('commit', 'tree', 'tag'), anyBytes, (type, body) => {
      const { findings } = checkObject(type, body, SHA1, STRICT);
      const isSound = findings.every(({ severity }) => severity === 'info');
      const isParsed = parses(() => parsers[type](body));
      if (isSound) expect(isParsed).toBe(true);
    }),
    { numRuns: 3000 },
  );
});

test('named blobs are judged whatever they hold', () => {
  fc.assert(
    fc.property(fc.constantFrom('gitmodules', 'gitattributes'), anyBytes, (name, body) => {
      expect(Array.isArray(checkNamedBlob(name, { kind: 'blob', body }, STRICT))).toBe(true);
    }),
    { numRuns: 1000 },
  );
});
