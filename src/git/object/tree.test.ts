import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ScratchRepository } from '../../../tests/fixtures/scratch-repository.ts';
import { CorruptObjectError } from '../errors.ts';
import { FILE_MODE } from './file-mode.ts';
import { SHA1, SHA256 } from './object-id.ts';
import { compareTreeEntries, encodeTree, findTreeEntry, parseTree, TreeReader } from './tree.ts';

const mode = fc.constantFrom(...Object.values(FILE_MODE));
const nameBytes = fc
  .array(fc.oneof(fc.constantFrom(0x2e, 0x2d, 0x2f - 1, 0x30, 0x61), fc.integer({ min: 1, max: 255 })), {
    minLength: 1,
    maxLength: 6,
  })
  .map((bytes) => Buffer.from(bytes.filter((byte) => byte !== 0x2f)))
  .filter((bytes) => bytes.length > 0);

test('every list of entries survives encoding and parsing, in both formats', () => {
  for (const format of [SHA1, SHA256]) {
    const id = fc
      .uint8Array({ minLength: format.idBytes, maxLength: format.idBytes })
      .map((bytes) => Buffer.from(bytes).toString('hex'));
    fc.assert(
      fc.property(fc.array(fc.record({ mode, nameBytes, id })), (entries) => {
        const parsed = parseTree(encodeTree(entries), format);
        expect(parsed.map((entry) => [entry.mode, entry.id, Buffer.from(entry.nameBytes).toString('hex')])).toEqual(
          entries.map((entry) => [entry.mode, entry.id, entry.nameBytes.toString('hex')]),
        );
      }),
    );
  }
});

test('the order of entries is that of git mktree', () => {
  using repository = new ScratchRepository();
  const blob = repository.writeObject('blob', '');
  const tree = repository.writeObject('tree', '');
  const entry = fc.record({
    isTree: fc.boolean(),
    name: fc.string({ unit: fc.constantFrom('a', 'b', '.', '-', '0'), minLength: 1, maxLength: 4 }),
  });
  fc.assert(
    fc.property(fc.uniqueArray(entry, { selector: ({ name }) => name, minLength: 2, maxLength: 12 }), (entries) => {
      const ours = encodeTree(
        entries
          .map(({ isTree, name }) => ({
            mode: isTree ? FILE_MODE.tree : FILE_MODE.file,
            nameBytes: Buffer.from(name),
            id: isTree ? tree : blob,
          }))
          .sort(compareTreeEntries),
      );
      const listing = entries.map(({ isTree, name }) =>
        isTree ? `040000 tree ${tree}\t${name}\n` : `100644 blob ${blob}\t${name}\n`,
      );
      const id = repository.line(['mktree'], { input: listing.join('') });
      expect(Buffer.from(ours)).toEqual(repository.readObject('tree', id));
    }),
    { numRuns: 15 },
  );
});

test('an entry is found by its exact bytes', () => {
  const id = '1'.repeat(40);
  const body = encodeTree([
    { mode: FILE_MODE.file, nameBytes: Buffer.from([0xe9]), id },
    { mode: FILE_MODE.tree, nameBytes: Buffer.from('é'), id },
  ]);
  expect(findTreeEntry(body, Buffer.from('é'), SHA1)?.mode).toBe(FILE_MODE.tree);
  expect(findTreeEntry(body, Buffer.from([0xe9]), SHA1)?.name).toBe('é');
  expect(findTreeEntry(body, Buffer.from('e'), SHA1)).toBeUndefined();
});

test('the reader walks a range of a larger buffer', () => {
  const body = encodeTree([{ mode: FILE_MODE.file, nameBytes: Buffer.from('a'), id: '2'.repeat(40) }]);
  const buffer = Buffer.concat([Buffer.from('xx'), body, Buffer.from('\0yy')]);
  const reader = new TreeReader(buffer, SHA1, 2, 2 + body.length);
  expect(reader.next()).toBe(true);
  expect(buffer.toString('latin1', reader.nameStart, reader.nameEnd)).toBe('a');
  expect(reader.idStart).toBe(2 + body.length - 20);
  expect(reader.next()).toBe(false);
});

const ID = '\x01'.repeat(20);
test.each([
  ['an id cut short', `100644 a\0${ID.slice(1)}`],
  ['no NUL', '100644 abcdefghijklmnopqrstuvwxyz'],
  ['an empty name', `100644 \0${ID}`],
  ['a mode with an eight', `100648 a\0${ID}`],
  ['no mode', ` a\0${ID}`],
  ['a mode and nothing else', '100644'],
])('a tree is refused for %s', (_name, body) => {
  expect(() => parseTree(Buffer.from(body, 'latin1'), SHA1)).toThrow(CorruptObjectError);
});
