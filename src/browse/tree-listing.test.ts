import { afterAll, beforeAll, expect, test } from 'vitest';
import { GitObjectStore } from '../../tests/fixtures/git-object-store.ts';
import { ScratchRepository } from '../../tests/fixtures/scratch-repository.ts';
import { readBlob } from './blob.ts';
import { findPath, listTree } from './tree-listing.ts';

let repository: ScratchRepository;
let objects: GitObjectStore;
let treeId: string;
const blobOf = (content: string | Uint8Array) => repository.writeObject('blob', content);
const mktree = (...lines: string[]) =>
  repository.line(['mktree', '--missing', '-z'], {
    input: Buffer.from(lines.map((line) => `${line}\0`).join(''), 'latin1'),
  });

beforeAll(() => {
  repository = new ScratchRepository();
  objects = new GitObjectStore(repository);
  const blob = blobOf('text\n');
  const inner = mktree(`100644 blob ${blob}\tfile`, `100755 blob ${blob}\tcaf\xe9`);
  treeId = mktree(
    `100644 blob ${blob}\tREADME`,
    `100644 blob ${blob}\treadme.MD`,
    `100644 blob ${blob}\tREADME.txt`,
    `120000 blob ${blob}\tlink`,
    `160000 commit ${'1'.repeat(40)}\tmodule`,
    `040000 tree ${inner}\tsrc`,
    `100755 blob ${blob}\ta.sh`,
  );
});
afterAll(() => repository[Symbol.dispose]());

test('directories and submodules come first, then files and links', async () => {
  const { entries, totalCount, readme } = await listTree(objects, treeId);
  expect(entries.map(({ kind, name }) => `${kind} ${name}`)).toEqual([
    'gitlink module',
    'tree src',
    'file README',
    'file README.txt',
    'executable a.sh',
    'symlink link',
    'file readme.MD',
  ]);
  expect(totalCount).toBe(7);
  expect(readme?.name).toBe('readme.MD');
});

test('a long listing is cut, its README found all the same', async () => {
  const listing = await listTree(objects, treeId, 2);
  expect([listing.entries.length, listing.totalCount, listing.readme?.name]).toEqual([2, 7, 'readme.MD']);
});

test.each([
  ['', 'directory'],
  ['src', 'directory'],
  ['src/file', 'file'],
  ['src/café', 'executable'],
  ['link', 'symlink'],
  ['module', 'gitlink'],
])('the path %j leads to a %s', async (path, kind) => {
  const outcome = await findPath(objects, treeId, path);
  expect(outcome.kind === 'entry' ? outcome.entry.kind : outcome.kind).toBe(kind);
});

test.each([
  ['nothing', ''],
  ['src/nothing', 'src'],
  ['src/file/below', 'src/file'],
  ['module/file', 'module'],
  ['src/../src', 'src'],
  ['src//file', 'src'],
])('the path %j leads nowhere, and as far as %j', async (path, existingPath) => {
  expect(await findPath(objects, treeId, path)).toEqual({ kind: 'not-found', existingPath });
});

test('a file is text in lines, of either encoding', async () => {
  expect(await readBlob(objects, blobOf('a\r\nb\n\nc'))).toMatchObject({
    kind: 'text',
    lines: ['a', 'b', '', 'c'],
    encoding: 'utf-8',
    sizeBytes: 7,
  });
  expect(await readBlob(objects, blobOf(Buffer.from('caf\xe9\n', 'latin1')))).toMatchObject({
    lines: ['café'],
    encoding: 'latin1',
  });
  expect(await readBlob(objects, blobOf(''))).toMatchObject({ kind: 'text', lines: [] });
});

test('a file that is binary, too large, missing or none is told apart', async () => {
  expect(await readBlob(objects, blobOf('a\0b'))).toMatchObject({ kind: 'binary', sizeBytes: 3 });
  expect(await readBlob(objects, blobOf('12345'), 4)).toEqual({ kind: 'too-large', sizeBytes: 5 });
  expect(await readBlob(objects, treeId)).toEqual({ kind: 'not-a-blob' });
  await expect(readBlob(objects, '1'.repeat(40))).rejects.toThrow('not in this repository');
});
