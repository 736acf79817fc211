import fc from 'fast-check';
import { expect, test } from 'vitest';
import { GitObjectStore } from '../../../tests/fixtures/git-object-store.ts';
import { ScratchRepository } from '../../../tests/fixtures/scratch-repository.ts';
import { formatMode } from '../object/file-mode.ts';
import type { ObjectId } from '../object/object-id.ts';
import { diffTrees, pairExactRenames, type TreeChange } from './tree-diff.ts';

const ABSENT = `${'0'.repeat(6)} ${'0'.repeat(40)}`;

/** A change as a line of `git diff-tree --raw`, without the letter. */
function rawLine(change: TreeChange): string {
  const side = (which: 'old' | 'new') => {
    if (which === 'old') return 'old' in change ? `${formatMode(change.old.mode)} ${change.old.id}` : ABSENT;
    return 'new' in change ? `${formatMode(change.new.mode)} ${change.new.id}` : ABSENT;
  };
  const paths = change.kind === 'renamed' ? [change.oldPath, change.path] : [change.path];
  return `${side('old')} ${side('new')} ${paths.map((path) => Buffer.from(path).toString()).join(' ')}`;
}

function gitRawLines(repository: ScratchRepository, args: readonly string[]): string[] {
  const fields = repository
    .git(['diff-tree', '-r', '--raw', '--full-index', '-z', ...args])
    .toString()
    .split('\0');
  const lines: string[] = [];
  for (let i = 0; i + 1 < fields.length; ) {
    const [oldMode, newMode, oldId, newId, letter] = (fields[i++] ?? '').slice(1).split(' ');
    const paths = letter?.startsWith('R') ? [fields[i++], fields[i++]] : [fields[i++]];
    lines.push(`${oldMode} ${oldId} ${newMode} ${newId} ${paths.join(' ')}`);
  }
  return lines;
}

type FileSpec = { readonly mode: string; readonly content: string };

/** Writes a tree from paths with `git update-index`, in an index of its own. */
function writeTree(repository: ScratchRepository, files: ReadonlyMap<string, FileSpec>): ObjectId {
  const env = { GIT_INDEX_FILE: `${repository.directory}/scratch-index` };
  repository.git(['read-tree', '--empty'], { env });
  const lines = [...files].map(([path, { mode, content }]) => {
    const id = mode === '160000' ? '1'.repeat(40) : blobIds.get(content);
    return `${mode} ${id}\t${path}\n`;
  });
  repository.git(['update-index', '--add', '--index-info'], { input: lines.join(''), env });
  return repository.line(['write-tree', '--missing-ok'], { env });
}

const blobIds = new Map<string, ObjectId>();
const CONTENTS = ['one\n', 'two\n', ''];

const path = fc
  .array(fc.constantFrom('a', 'b', 'a.c', 'a-b', 'd'), { minLength: 1, maxLength: 3 })
  .map((parts) => parts.join('/'));
const file = fc.record({
  mode: fc.constantFrom('100644', '100755', '120000', '160000'),
  content: fc.constantFrom(...CONTENTS),
});
/** No path may be a directory of another. */
const files = fc.array(fc.tuple(path, file), { maxLength: 10 }).map((entries) => {
  const kept = new Map<string, FileSpec>();
  for (const [name, spec] of entries) {
    const conflicts = [...kept.keys()].some((other) => other.startsWith(`${name}/`) || name.startsWith(`${other}/`));
    if (!conflicts) kept.set(name, spec);
  }
  return kept;
});

async function collect(changes: AsyncIterable<TreeChange>): Promise<TreeChange[]> {
  return Array.fromAsync(changes);
}

test('changes and exact renames are those of git diff-tree, in its order', async () => {
  using repository = new ScratchRepository();
  for (const content of CONTENTS) blobIds.set(content, repository.writeObject('blob', content));
  const store = new GitObjectStore(repository);
  await fc.assert(
    fc.asyncProperty(files, files, async (oldFiles, newFiles) => {
      const [oldTree, newTree] = [writeTree(repository, oldFiles), writeTree(repository, newFiles)];
      const changes = await collect(diffTrees(store, oldTree, newTree));
      expect(changes.map(rawLine)).toEqual(gitRawLines(repository, [oldTree, newTree]));
      expect(pairExactRenames(changes).map(rawLine).toSorted()).toEqual(
        gitRawLines(repository, ['-M100%', oldTree, newTree]).toSorted(),
      );
    }),
    { numRuns: 25 },
  );
}, 60_000);

test('subtrees with equal ids are not read, and no tree stands for an empty one', async () => {
  using repository = new ScratchRepository();
  const blob = repository.writeObject('blob', 'one\n');
  const mktree = (listing: string) => repository.line(['mktree'], { input: listing });
  const same = mktree(`100644 blob ${blob}\tx\n`);
  const oldTree = mktree(`040000 tree ${same}\tsame\n`);
  const newTree = mktree(`100644 blob ${blob}\tadded\n040000 tree ${same}\tsame\n`);
  const store = new GitObjectStore(repository);

  const changes = await collect(diffTrees(store, oldTree, newTree));
  expect(changes.map(({ kind, path: bytes }) => [kind, Buffer.from(bytes).toString()])).toEqual([['added', 'added']]);
  expect(store.readIds).not.toContain(same);
  expect(await collect(diffTrees(store, newTree, newTree))).toEqual([]);
  const all = await collect(diffTrees(store, undefined, newTree));
  expect(all.map(({ kind, path: bytes }) => [kind, Buffer.from(bytes).toString()])).toEqual([
    ['added', 'added'],
    ['added', 'same/x'],
  ]);
});

test('a caller that stops early causes no further reads', async () => {
  using repository = new ScratchRepository();
  const blob = repository.writeObject('blob', 'one\n');
  const mktree = (listing: string) => repository.line(['mktree'], { input: listing });
  const deep = mktree(`040000 tree ${mktree(`100644 blob ${blob}\tx\n`)}\tdeep\n`);
  const tree = mktree(`100644 blob ${blob}\ta\n040000 tree ${deep}\tb\n`);
  const store = new GitObjectStore(repository);
  for await (const change of diffTrees(store, undefined, tree)) {
    expect(Buffer.from(change.path).toString()).toBe('a');
    break;
  }
  expect(store.readIds).toEqual([tree, deep]);
});
