import { expect, test } from 'vitest';
import { changedFile } from './changed-file.ts';

const REPOSITORY = { owner: 'ada', name: 'engine' };
const COMMITS = { commitId: 'c'.repeat(40), parentId: 'p'.repeat(40) };
const FILE = { mode: 0o100644, id: 'a'.repeat(40) };

test('a changed file leads to what it became', () => {
  const content = { kind: 'text' as const, hunks: [], addedCount: 3, removedCount: 1 };
  const fresh = { ...FILE, mode: 0o100755 };
  const file = changedFile(
    { kind: 'renamed', path: 'b.ts', oldPath: 'a\n.ts', old: FILE, new: fresh, content },
    REPOSITORY,
    COMMITS,
  );
  expect(file).toMatchObject({
    path: 'b.ts',
    oldPath: 'a↵.ts',
    modeChange: '100644 → 100755',
    href: `/ada/engine/blob/${COMMITS.commitId}/b.ts`,
    addedCount: 3,
    removedCount: 1,
  });
});

test('a removed file leads to what it was', () => {
  const file = changedFile(
    { kind: 'removed', path: 'a', oldPath: undefined, old: FILE, new: undefined, content: { kind: 'binary' } },
    REPOSITORY,
    COMMITS,
  );
  expect(file.href).toBe(`/ada/engine/blob/${COMMITS.parentId}/a`);
  expect(file.content).toMatchObject({ kind: 'notice' });
});

test('a submodule leads nowhere', () => {
  const content = { kind: 'submodule' as const, oldId: undefined, newId: 'd'.repeat(40) };
  const file = changedFile(
    { kind: 'added', path: 'lib', oldPath: undefined, old: undefined, new: FILE, content },
    REPOSITORY,
    COMMITS,
  );
  expect(file.href).toBeUndefined();
  expect(file.content).toEqual({ kind: 'notice', text: `A submodule: nothing → ${'d'.repeat(10)}` });
});
