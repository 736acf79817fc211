import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeHistory } from '../../../tests/fixtures/history.ts';
import { treeEntry } from '../../../tests/fixtures/pack-maker.ts';
import { ScratchRepository } from '../../../tests/fixtures/scratch-repository.ts';
import { formatMode, isTreeMode } from '../object/file-mode.ts';
import { SHA1 } from '../object/object-id.ts';
import { type ComparedTree, entryAt, TreeComparer } from './tree-changes.ts';

interface Change {
  readonly name: string;
  readonly mode: string;
  readonly id: string;
  readonly other: string | undefined;
}

function changesOf(tree: Uint8Array, other: Uint8Array): Change[] {
  const changes: Change[] = [];
  new TreeComparer(SHA1).compare(
    { bytes: tree, marks: undefined },
    [{ bytes: other, marks: undefined }],
    (entry, counterparts) => {
      const at = counterparts[0] as number;
      const counterpart = at < 0 ? undefined : entryAt(other, at, SHA1);
      const hex = (reader: typeof entry) =>
        Buffer.from(reader.body).toString('hex', reader.idStart, reader.idStart + 20);
      changes.push({
        name: Buffer.from(entry.body).toString('utf8', entry.nameStart, entry.nameEnd),
        mode: formatMode(entry.mode),
        id: hex(entry),
        other: counterpart && hex(counterpart),
      });
    },
  );
  return changes;
}

describe('TreeComparer', () => {
  let repository: ScratchRepository;
  beforeAll(() => {
    repository = new ScratchRepository();
    makeHistory(repository);
  });
  afterAll(() => repository[Symbol.dispose]());

  it('sees between the trees of any two commits what git diff-tree sees', () => {
    const trees = repository.line(['log', '--all', '--format=%T']).split('\n');
    const folders = trees.map((tree) => repository.line(['rev-parse', `${tree}:src/deep`]));
    for (const list of [trees, folders]) {
      for (const [index, old] of list.entries()) {
        const young = list[(index * 7 + 3) % list.length] as string;
        const listing = repository.line(['diff-tree', '-z', '--no-renames', old, young]).split('\0');
        const expected: Change[] = [];
        for (let at = 0; at + 1 < listing.length; at += 2) {
          const [, mode = '', before = '', id = ''] = (listing[at] as string).split(' ');
          const other = /^0+$/.test(before) ? undefined : before;
          if (!/^0+$/.test(id)) expected.push({ name: listing[at + 1] as string, mode, id, other });
        }
        const [oldTree, youngTree] = [repository.readObject('tree', old), repository.readObject('tree', young)];
        expect(changesOf(youngTree, oldTree)).toEqual(expected);
      }
    }
  });

  const entries = fc.record({
    mode: fc.constantFrom('100644', '40000', '160000'),
    name: fc.constantFrom('a', 'a-', 'a.c', 'a0', 'aa', 'b', 'ba', 'c'),
    id: fc.integer({ min: 1, max: 3 }),
  });
  type Entry = { mode: string; name: string; id: number };
  const encode = (list: readonly Entry[]) => Buffer.concat(list.map(encodeOne));
  const encodeOne = ({ mode, name, id }: Entry) => treeEntry(mode, name, `0${id}`.repeat(20));
  const key = ({ mode, name }: Entry) => (mode === '40000' ? `${name}/` : name);

  it('misses no entry that only the one tree has', () => {
    const trees = fc
      .uniqueArray(entries, { selector: ({ name }) => name })
      .map((list) => list.sort((a, b) => (key(a) < key(b) ? -1 : 1)));
    fc.assert(
      fc.property(trees, trees, (tree, other) => {
        const others = new Set(other.map((entry) => encodeOne(entry).toString('hex')));
        const expected = tree.filter((entry) => !others.has(encodeOne(entry).toString('hex'))).map(({ name }) => name);
        expect(changesOf(encode(tree), encode(other)).map(({ name }) => name)).toEqual(expected);
      }),
      { numRuns: 2_000 },
    );
  });

  it('yields what none of several trees has, with what each has of the name', () => {
    const sorted = fc
      .uniqueArray(entries, { selector: ({ name }) => name })
      .map((list) => list.sort((a, b) => (key(a) < key(b) ? -1 : 1)));
    const comparer = new TreeComparer(SHA1);
    fc.assert(
      fc.property(sorted, fc.array(sorted, { maxLength: 3 }), (tree, others) => {
        const had = new Set(others.flat().map((entry) => encodeOne(entry).toString('hex')));
        const expected = tree.filter((entry) => !had.has(encodeOne(entry).toString('hex')));
        const bodies = others.map(encode);
        const seen: { name: string; named: (string | undefined)[] }[] = [];
        const fresh = [tree, ...others].map((list) => ({ bytes: encode(list), marks: undefined }));
        comparer.compare(
          fresh[0] as ComparedTree,
          fresh.slice(1),
          ({ body, mode, nameStart, nameEnd }, counterparts) => {
            const named = bodies.map((other, index) => {
              const at = counterparts[index] as number;
              const entry = at < 0 ? undefined : entryAt(other, at, SHA1);
              // A file and a folder of one name may be too far apart to be seen as a pair.
              if (!entry || isTreeMode(entry.mode) !== isTreeMode(mode)) return undefined;
              return Buffer.from(entry.body).toString('utf8', entry.nameStart, entry.nameEnd);
            });
            seen.push({ name: Buffer.from(body).toString('utf8', nameStart, nameEnd), named });
          },
        );
        expect(seen).toEqual(
          expected.map((entry) => ({
            name: entry.name,
            named: others.map((other) => other.find((one) => key(one) === key(entry))?.name),
          })),
        );
      }),
      { numRuns: 1_000 },
    );
  });

  it('misses none where entries are out of order either', () => {
    const trees = fc.array(entries, { maxLength: 8 });
    fc.assert(
      fc.property(trees, trees, (tree, other) => {
        const others = new Set(other.map((entry) => encodeOne(entry).toString('hex')));
        const seen = new Set(changesOf(encode(tree), encode(other)).map(({ name, id }) => `${name} ${id}`));
        for (const entry of tree) {
          if (others.has(encodeOne(entry).toString('hex'))) continue;
          expect(seen).toContain(`${entry.name} ${`0${entry.id}`.repeat(20)}`);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('sees the same in versions of a large tree, however often each was compared', () => {
    const comparer = new TreeComparer(SHA1);
    // Ids may hold what looks like the end of a name, or the beginning of an entry.
    const ids = fc.constantFrom(
      '\0'.repeat(20),
      '100644 a\0'.padEnd(20, 'x'),
      `x\x0040000 b`.padEnd(20, '\0'),
      'y'.repeat(20),
    );
    const edit = fc.record({
      at: fc.nat(199),
      id: ids,
      kind: fc.constantFrom('change', 'change', 'remove', 'insert'),
    });
    fc.assert(
      fc.property(
        fc.array(fc.array(edit, { maxLength: 4 }), { maxLength: 12 }),
        fc.infiniteStream(fc.nat()),
        (edits, picks) => {
          let entries: { name: string; id: string }[] = Array.from({ length: 120 }, (_, index) => ({
            name: `f${String(index).padStart(4, '0')}`,
            id: 'z'.repeat(20),
          }));
          const versions = [{ entries, tree: largeTree(entries) }];
          for (const list of edits) {
            entries = list.reduce(edited, entries);
            versions.push({ entries, tree: largeTree(entries) });
          }
          for (let round = 0; round < versions.length * 3; round++) {
            const [a, b] = [picks.next().value % versions.length, picks.next().value % versions.length];
            const [young, old] = [versions[a], versions[b]] as [(typeof versions)[0], (typeof versions)[0]];
            const seen: string[] = [];
            comparer.compare(young.tree, [old.tree], ({ body, nameStart, nameEnd, idStart }) => {
              const [name, id] = [body.subarray(nameStart, nameEnd), body.subarray(idStart, idStart + 20)];
              seen.push(`${Buffer.from(name).toString('latin1')} ${Buffer.from(id).toString('latin1')}`);
            });
            const had = new Set(old.entries.map(({ name, id }) => `${name} ${id}`));
            expect(seen).toEqual(
              young.entries.map(({ name, id }) => `${name} ${id}`).filter((entry) => !had.has(entry)),
            );
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  it('takes a tree cut short for what it is', () => {
    const tree = encode([{ mode: '100644', name: 'a', id: 1 }]);
    for (let end = 1; end < tree.length; end++) {
      expect(() => changesOf(tree.subarray(0, end), Buffer.alloc(0))).toThrow(
        expect.objectContaining({ name: 'CorruptObjectError' }),
      );
      expect(() => changesOf(tree.subarray(0, end), tree)).toThrow(
        expect.objectContaining({ name: 'CorruptObjectError' }),
      );
    }
  });
});

function largeTree(entries: readonly { name: string; id: string }[]): ComparedTree {
  const parts = entries.map(({ name, id }) => Buffer.from(`100644 ${name}\0${id}`, 'latin1'));
  return { bytes: Buffer.concat(parts), marks: undefined };
}

function edited(
  entries: { name: string; id: string }[],
  { at, id, kind }: { at: number; id: string; kind: string },
): { name: string; id: string }[] {
  const name = entries[at % Math.max(1, entries.length)]?.name ?? 'f';
  if (kind === 'change') return entries.map((entry) => (entry.name === name ? { name, id } : entry));
  if (kind === 'remove') return entries.filter((entry) => entry.name !== name);
  const inserted = `${name}-`;
  if (entries.some((entry) => entry.name === inserted)) return entries;
  return [...entries, { name: inserted, id }].sort((a, b) => (a.name < b.name ? -1 : 1));
}
