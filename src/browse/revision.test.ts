import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RepositorySnapshot } from '#repository/repository-engine.ts';
import { gitSnapshot } from '../../tests/fixtures/git-snapshot.ts';
import { ScratchRepository } from '../../tests/fixtures/scratch-repository.ts';
import { isReachableCommit, isReachableTag } from './reachability.ts';
import { resolveRevision } from './revision.ts';

let repository: ScratchRepository;
let snapshot: RepositorySnapshot;
let first: string;
let second: string;

beforeAll(() => {
  repository = new ScratchRepository();
  const blob = repository.writeObject('blob', 'text\n');
  const tree = repository.writeObject('tree', '');
  first = repository.line(['commit-tree', tree, '-m', 'First']);
  second = repository.line(['commit-tree', tree, '-p', first, '-m', 'Second']);
  repository.git(['update-ref', 'refs/heads/main', second]);
  repository.git(['update-ref', 'refs/heads/feature/login', first]);
  repository.git(['update-ref', 'refs/tags/feature', second]);
  repository.git(['update-ref', 'refs/heads/v1', first]);
  repository.git(['update-ref', 'refs/tags/v1', second]);
  repository.git(['update-ref', 'refs/pull/1/head', first]);
  repository.git(['update-ref', `refs/heads/${second}`, first]);
  repository.git(['tag', '-a', '-m', 'x', 'annotated', first]);
  repository.git(['tag', '-a', '-m', 'x', 'nested', 'annotated']);
  repository.git(['update-ref', 'refs/tags/of-blob', blob]);
  snapshot = gitSnapshot(repository);
});
afterAll(() => repository[Symbol.dispose]());

async function resolve(text: string): Promise<unknown> {
  const outcome = await resolveRevision(snapshot, text);
  if (outcome.kind !== 'found') return outcome.kind;
  const commit = outcome.commitId === first ? 'first' : 'second';
  return [
    commit,
    outcome.ref?.name,
    outcome.name === first || outcome.name === second ? 'id' : outcome.name,
    outcome.path,
  ];
}

test.each([
  ['', ['second', 'refs/heads/main', 'HEAD', '']],
  ['HEAD', ['second', 'refs/heads/main', 'HEAD', '']],
  ['HEAD/a/b', ['second', 'refs/heads/main', 'HEAD', 'a/b']],
  ['main', ['second', 'refs/heads/main', 'main', '']],
  ['main/src/a.ts', ['second', 'refs/heads/main', 'main', 'src/a.ts']],
  ['feature/login', ['first', 'refs/heads/feature/login', 'feature/login', '']],
  ['feature/login/a', ['first', 'refs/heads/feature/login', 'feature/login', 'a']],
  ['feature/other', ['second', 'refs/tags/feature', 'feature', 'other']],
  ['v1', ['first', 'refs/heads/v1', 'v1', '']],
  ['refs/tags/v1/x', ['second', 'refs/tags/v1', 'refs/tags/v1', 'x']],
  ['refs/pull/1/head/x', ['first', 'refs/pull/1/head', 'refs/pull/1/head', 'x']],
  ['annotated/a', ['first', 'refs/tags/annotated', 'annotated', 'a']],
  ['nested', ['first', 'refs/tags/nested', 'nested', '']],
  ['of-blob', 'not-a-commit'],
  ['nothing', 'not-found'],
  ['refs', 'not-found'],
  ['0'.repeat(40), 'not-found'],
  ['abc', 'not-found'],
])('%j names %j', async (text, expected) => {
  expect(await resolve(text)).toEqual(expected);
});

test('a whole id comes before a ref of that name, and may be abbreviated', async () => {
  expect(await resolve(`${second}/a`)).toEqual(['second', undefined, 'id', 'a']);
  expect(await resolve(`${first.slice(0, 9)}/a`)).toEqual(['first', undefined, first.slice(0, 9), 'a']);
  const shouted = first.slice(0, 9).toUpperCase();
  expect(await resolve(shouted)).toEqual(['first', undefined, shouted, '']);
});

test("an annotated tag's id leads to its commit, a blob's to none", async () => {
  const tagId = repository.line(['rev-parse', 'nested']);
  expect(await resolve(tagId)).toEqual(['first', undefined, tagId, '']);
  expect(await resolve(repository.line(['rev-parse', 'of-blob']))).toBe('not-a-commit');
});

test('the beginning of several commits is ambiguous, of one commit and other objects it is not', async () => {
  const digits = new Map<string, string[]>();
  for (let count = 0; count < 400; count++) {
    const id = repository.line(['commit-tree', `${first}^{tree}`, '-m', `${count}`]);
    repository.git(['update-ref', `refs/heads/count/${count}`, id]);
    const prefix = id.slice(0, 4);
    digits.set(prefix, [...(digits.get(prefix) ?? []), id]);
    if (digits.get(prefix)?.length === 2) break;
  }
  const [prefix, ids] = [...digits].find(([, same]) => same.length === 2) ?? [];
  expect(prefix).toBeDefined();
  const outcome = await resolveRevision(gitSnapshot(repository), prefix ?? '');
  expect(outcome).toEqual({ kind: 'ambiguous', name: prefix, candidateIds: ids?.toSorted() });
});

test('what no ref reaches has no name, whole or abbreviated', async () => {
  const lost = repository.line(['commit-tree', `${first}^{tree}`, '-p', first, '-m', 'Lost']);
  const tag = repository.line(['rev-parse', 'annotated']);
  repository.git(['tag', '-a', '-m', 'x', 'of-lost', lost]);
  const lostTag = repository.line(['rev-parse', 'of-lost']);
  repository.git(['tag', '-d', 'of-lost']);
  const now = gitSnapshot(repository);
  for (const text of [lost, `${lost}/a`, lost.slice(0, 12), lostTag]) {
    expect(await resolveRevision(now, text)).toEqual({ kind: 'not-found' });
  }
  expect([await isReachableCommit(now, lost), await isReachableCommit(now, first)]).toEqual([false, true]);
  expect([await isReachableTag(now, lostTag), await isReachableTag(now, tag)]).toEqual([false, true]);
  // By way of the tag `nested` alone.
  repository.git(['tag', '-d', 'annotated']);
  expect(await isReachableTag(gitSnapshot(repository), tag)).toBe(true);
});

test('a repository without commits is unborn', async () => {
  using empty = new ScratchRepository();
  expect(await resolveRevision(gitSnapshot(empty), '')).toEqual({ kind: 'unborn', branch: 'main' });
  expect(await resolveRevision(gitSnapshot(empty), 'main')).toEqual({ kind: 'not-found' });
});
