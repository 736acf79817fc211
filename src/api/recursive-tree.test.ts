import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { formatMode } from '#git/object/file-mode.ts';
import { GitObjectStore } from '../../tests/fixtures/git-object-store.ts';
import { ScratchRepository } from '../../tests/fixtures/scratch-repository.ts';
import { listAllDescendants, type TreeEntries } from './recursive-tree.ts';

it('lists what git ls-tree lists, in its order, equal subtrees in each of their places', async () => {
  using scratch = new ScratchRepository();
  for (const name of ['a/b/c/deep', 'a/b.txt', 'a-b', 'copy/b/c/deep', 'z/last', 'empty']) {
    const file = path.join(scratch.directory, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, 'text\n');
  }
  scratch.git(['add', '-A']);
  const treeId = scratch.line(['write-tree']);
  const objects = new GitObjectStore(scratch);
  const listing = await listAllDescendants(objects, treeId, new AbortController().signal);
  expect(format(listing)).toBe(
    scratch.line(['ls-tree', '-r', '-t', '--format=%(objectmode) %(objectname) %(path)', treeId]),
  );
  expect(listing.truncated).toBe(false);
});

it('ends when the caller is gone', async () => {
  using scratch = new ScratchRepository();
  const treeId = scratch.line(['write-tree']);
  await expect(listAllDescendants(new GitObjectStore(scratch), treeId, AbortSignal.abort())).rejects.toThrow();
});

function format({ entries }: TreeEntries): string {
  return entries.map(({ path, entry }) => `${formatMode(entry.mode)} ${entry.id} ${path}`).join('\n');
}
