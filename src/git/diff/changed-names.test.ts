import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FILE_MODE } from '../object/file-mode.ts';
import { SHA1 } from '../object/object-id.ts';
import { compareTreeEntries, encodeTree } from '../object/tree.ts';
import { changedNames } from './changed-names.ts';

const entry = fc.record({
  mode: fc.constantFrom(FILE_MODE.file, FILE_MODE.executable, FILE_MODE.tree),
  nameBytes: fc
    .string({ unit: fc.constantFrom('a', 'b', '.', '-', '0'), minLength: 1, maxLength: 3 })
    .map((name) => Buffer.from(name)),
  id: fc.constantFrom('1'.repeat(40), '2'.repeat(40)),
});
const entries = fc
  .uniqueArray(entry, { selector: ({ nameBytes }) => nameBytes.toString(), maxLength: 8 })
  .map((list) => list.toSorted(compareTreeEntries));

test('names are those whose mode or id is not the same on both sides', () => {
  fc.assert(
    fc.property(entries, entries, (oldEntries, newEntries) => {
      const contentsOf = (list: typeof oldEntries) =>
        new Map(list.map(({ mode, nameBytes, id }) => [nameBytes.toString(), `${mode} ${id}`]));
      const [oldContents, newContents] = [contentsOf(oldEntries), contentsOf(newEntries)];
      const names = new Set([...oldContents.keys(), ...newContents.keys()]);
      const expected = [...names].filter((name) => oldContents.get(name) !== newContents.get(name));
      const found = changedNames(encodeTree(oldEntries), encodeTree(newEntries), SHA1);
      expect([...found].toSorted()).toEqual(expected.toSorted());
    }),
    { numRuns: 500 },
  );
});
