import { expect, test } from 'vitest';
import { GitObjectStore } from '../../tests/fixtures/git-object-store.ts';
import { ScratchRepository } from '../../tests/fixtures/scratch-repository.ts';
import { type ChangedFile, readCommitDetail } from './commit-detail.ts';

const LIMITS = { filesMax: 300, linesMax: 20_000, blobMaxBytes: 1 << 20 };

/** Commits the files on top of the parent; content undefined for a submodule. */
function commitFiles(
  repository: ScratchRepository,
  files: Record<string, string | Uint8Array | undefined>,
  parentId?: string,
): string {
  repository.git(['read-tree', '--empty']);
  const lines = Object.entries(files).map(([path, content]) =>
    content === undefined
      ? `160000 ${'1'.repeat(40)}\t${path}\n`
      : `100644 ${repository.writeObject('blob', content)}\t${path}\n`,
  );
  repository.git(['update-index', '--add', '--index-info'], { input: lines.join('') });
  const parents = parentId === undefined ? [] : ['-p', parentId];
  return repository.line(['commit-tree', repository.line(['write-tree']), ...parents, '-m', 'Subject']);
}

function describeFile({ kind, path, oldPath, content }: ChangedFile): string {
  const counts = content.kind === 'text' ? ` +${content.addedCount} -${content.removedCount}` : '';
  return `${kind} ${oldPath === undefined ? '' : `${oldPath} to `}${path}: ${content.kind}${counts}`;
}

test('a commit is compared with its first parent, file by file', async () => {
  using repository = new ScratchRepository();
  const base = commitFiles(repository, {
    kept: 'k\n',
    edited: 'a\nb\n',
    gone: 'g\n',
    moved: 'long enough\n',
    bin: 'a\0',
  });
  const other = commitFiles(repository, { unrelated: 'u\n' });
  const tip = commitFiles(
    repository,
    { kept: 'k\n', edited: 'a\nc\nd\n', 'to/moved': 'long enough\n', bin: 'b\0', sub: undefined },
    base,
  );
  const merge = repository.line(['commit-tree', `${tip}^{tree}`, '-p', base, '-p', other, '-m', 'Merge']);
  const objects = new GitObjectStore(repository);
  const { diff, commit } = await readCommitDetail(objects, merge);
  expect(commit.parentIds).toEqual([base, other]);
  expect(diff.files.map(describeFile)).toEqual([
    'modified bin: binary',
    'modified edited: text +2 -1',
    'removed gone: text +0 -1',
    'added sub: submodule',
    'renamed moved to to/moved: unchanged',
  ]);
  expect([diff.addedCount, diff.removedCount, diff.isCutShort]).toEqual([2, 2, false]);
});

test('a first commit adds everything', async () => {
  using repository = new ScratchRepository();
  const id = commitFiles(repository, { a: 'a\n', 'd/b': 'b' });
  const { diff } = await readCommitDetail(new GitObjectStore(repository), id);
  expect(diff.files.map(describeFile)).toEqual(['added a: text +1 -0', 'added d/b: text +1 -0']);
});

test('files, lines and sizes beyond the bounds are told, not shown', async () => {
  using repository = new ScratchRepository();
  const id = commitFiles(repository, { a: '1\n', b: '1\n2\n3\n', c: '1\n', d: 'x'.repeat(50), e: '1\n' });
  const objects = new GitObjectStore(repository);
  const describe = async (changed: Partial<typeof LIMITS>) => {
    const { diff } = await readCommitDetail(objects, id, { ...LIMITS, ...changed });
    return [diff.files.map(({ path, content }) => `${path} ${content.kind}`).join(', '), diff.isCutShort];
  };
  expect(await describe({ filesMax: 2 })).toEqual(['a text, b text', true]);
  expect(await describe({ filesMax: 5 })).toEqual(['a text, b text, c text, d text, e text', false]);
  expect(await describe({ linesMax: 3 })).toEqual([
    'a text, b not-shown, c not-shown, d not-shown, e not-shown',
    false,
  ]);
  expect(await describe({ blobMaxBytes: 49 })).toEqual(['a text, b text, c text, d too-large, e text', false]);
});

test('large texts are compared beside the main thread, to the same effect', async () => {
  using repository = new ScratchRepository();
  const lines = Array.from({ length: 20_000 }, (_, index) => `line ${index}\n`);
  const base = commitFiles(repository, { long: lines.join('') });
  const tip = commitFiles(repository, { long: lines.with(10_000, 'changed\n').join('') }, base);
  const { diff } = await readCommitDetail(new GitObjectStore(repository), tip);
  expect(diff.files.map(describeFile)).toEqual(['modified long: text +1 -1']);
});
