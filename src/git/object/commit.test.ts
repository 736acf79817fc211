import { expect, test } from 'vitest';
import { ScratchRepository } from '../../../tests/fixtures/scratch-repository.ts';
import { CorruptObjectError } from '../errors.ts';
import { CommitSkeleton, messageBodyOf, parseCommit, scanCommit, subjectOf } from './commit.ts';
import { SHA1, SHA256 } from './object-id.ts';

const TREE = '4b825dc642cb6eb9a060e54bf8d69288fbee4904';
const ADA = 'Ada Lovelace <ada@example.com> 1700000000 +0100';

function commitBody(headers: readonly string[], message = 'Subject\n'): Buffer {
  return Buffer.from(`${headers.join('\n')}\n\n${message}`, 'latin1');
}

test.each(['sha1', 'sha256'] as const)('reads what git commit-tree writes (%s)', (objectFormat) => {
  using repository = new ScratchRepository({ objectFormat });
  const format = objectFormat === 'sha1' ? SHA1 : SHA256;
  const tree = repository.writeObject('tree', '');
  const first = repository.line(['commit-tree', tree, '-m', 'First']);
  const second = repository.line(['commit-tree', tree, '-m', 'Second']);
  const merge = repository.line(['commit-tree', tree, '-p', first, '-p', second, '-m', 'Merge\n\nBody']);
  const body = repository.readObject('commit', merge);

  expect(parseCommit(body, format)).toEqual({
    treeId: tree,
    parentIds: [first, second],
    author: { name: 'Ada Lovelace', email: 'ada@example.com', dateSeconds: 1_700_000_000, timezone: '+0100' },
    committer: { name: 'Grace Hopper', email: 'grace@example.com', dateSeconds: 1_700_000_000, timezone: '-0500' },
    encoding: undefined,
    signature: undefined,
    mergeTags: [],
    message: 'Merge\n\nBody\n',
  });

  const skeleton = new CommitSkeleton();
  scanCommit(body, format, skeleton);
  const idAt = (offset: number) => body.toString('latin1', offset, offset + format.hexDigits);
  expect(idAt(skeleton.treeOffset)).toBe(tree);
  expect([0, 1].map((index) => idAt(skeleton.parentOffset(index)))).toEqual([first, second]);
  expect(skeleton.parentCount).toBe(2);
  expect(skeleton.committerSeconds).toBe(1_700_000_000);
});

test('a signature and merged tags are unfolded', () => {
  const body = commitBody([
    `tree ${TREE}`,
    `author ${ADA}`,
    `committer ${ADA}`,
    `mergetag object ${TREE}\n type commit\n tag v1\n \n Text`,
    'gpgsig -----BEGIN PGP SIGNATURE-----\n \n abc\n -----END PGP SIGNATURE-----',
  ]);
  const commit = parseCommit(body, SHA1);
  expect(commit.signature).toBe('-----BEGIN PGP SIGNATURE-----\n\nabc\n-----END PGP SIGNATURE-----');
  expect(commit.mergeTags).toEqual([`object ${TREE}\ntype commit\ntag v1\n\nText`]);
  expect(commit.message).toBe('Subject\n');
});

test('texts are decoded by the encoding header, names included', () => {
  const headers = [`tree ${TREE}`, 'author J\xf8rgen <j@x> 1 +0000', 'committer J\xf8rgen <j@x> 1 +0000'];
  const latin = parseCommit(commitBody([...headers, 'encoding ISO-8859-1'], 'Bl\xe5b\xe6r'), SHA1);
  expect([latin.author.name, latin.message, latin.encoding]).toEqual(['Jørgen', 'Blåbær', 'ISO-8859-1']);
  const greek = parseCommit(commitBody([...headers, 'encoding ISO-8859-7'], '\xe1'), SHA1);
  expect(greek.message).toBe('α');
});

test('an unknown or a wrong encoding still gives a text', () => {
  const headers = [`tree ${TREE}`, `author ${ADA}`, `committer ${ADA}`];
  expect(parseCommit(commitBody([...headers, 'encoding x-nobody'], 'caf\xe9'), SHA1).message).toBe('café');
  expect(parseCommit(commitBody([...headers, 'encoding UTF-8'], 'caf\xe9'), SHA1).message).toBe('café');
});

test('a commit without a tree is refused, one without authors is read', () => {
  const skeleton = new CommitSkeleton();
  for (const body of [Buffer.from(''), Buffer.from(`tree ${TREE.slice(1)}\n`), Buffer.from(`parent ${TREE}\n`)]) {
    expect(() => parseCommit(body, SHA1)).toThrow(CorruptObjectError);
    expect(() => scanCommit(body, SHA1, skeleton)).toThrow(CorruptObjectError);
  }
  const bare = Buffer.from(`tree ${TREE}\n`);
  scanCommit(bare, SHA1, skeleton);
  expect([skeleton.parentCount, skeleton.committerSeconds]).toEqual([0, 0]);
  expect(parseCommit(bare, SHA1).author.name).toBe('');
  expect(() => scanCommit(Buffer.from(`tree ${TREE}\nparent 12\n`), SHA1, skeleton)).toThrow('parent 0');
});

test.each([
  ['Ada <a@x> 12 +0000', 12],
  ['Ada <a@x> > 13 +0000', 13],
  ['Ada <a@x>    14', 14],
  ['Ada <a@x> when', 0],
  ['Ada 15 +0000', 0],
  ['Ada <a@x> 99999999999999999999999 +0000', 0],
])('the date of "%s" is %i', (line, seconds) => {
  const skeleton = new CommitSkeleton();
  scanCommit(commitBody([`tree ${TREE}`, `author ${ADA}`, `committer ${line}`]), SHA1, skeleton);
  expect(skeleton.committerSeconds).toBe(seconds);
});

test.each([
  ['One\n', 'One', ''],
  ['One\ntwo\n\nBody\n', 'One two', 'Body'],
  ['\n\n  One\n \nBody\n\n  indented\n', 'One', 'Body\n\n  indented'],
  ['One\n\n\n  indented\n', 'One', '  indented'],
  ['', '', ''],
])('the message %j has the subject %j', (message, subject, body) => {
  expect(subjectOf(message)).toBe(subject);
  expect(messageBodyOf(message)).toBe(body);
});
