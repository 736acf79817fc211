import { afterAll, beforeAll, expect, test } from 'vitest';
import type { RepositorySnapshot } from '#repository/repository-engine.ts';
import { gitSnapshot } from '../../tests/fixtures/git-snapshot.ts';
import { ScratchRepository } from '../../tests/fixtures/scratch-repository.ts';
import { listBranches, listTags } from './branches.ts';

let repository: ScratchRepository;
let snapshot: RepositorySnapshot;

beforeAll(() => {
  repository = new ScratchRepository();
  const tree = repository.writeObject('tree', '');
  const blob = repository.writeObject('blob', '');
  const commitAt = (seconds: number, message: string) =>
    repository.line(['commit-tree', tree, '-m', message], {
      env: { GIT_COMMITTER_DATE: `${1_700_000_000 + seconds} +0000` },
    });
  const [old, middle, young] = [commitAt(1000, 'Old'), commitAt(2000, 'Middle'), commitAt(3000, 'Young')];
  repository.git(['update-ref', 'refs/heads/main', old]);
  repository.git(['update-ref', 'refs/heads/Topic/a', middle]);
  repository.git(['update-ref', 'refs/heads/topic/b', young]);
  repository.git(['update-ref', 'refs/heads/also-young', young]);
  repository.git(['update-ref', 'refs/headsx/no', young]);
  repository.git(['update-ref', 'refs/tags/light', middle]);
  repository.git(['tag', '-a', '-m', 'About v1', 'v1', young]);
  repository.git(['update-ref', 'refs/tags/of-blob', blob]);
  snapshot = gitSnapshot(repository);
});
afterAll(() => repository[Symbol.dispose]());

test('the default branch comes first, then the newest, then by name', async () => {
  const { rows, totalCount } = await listBranches(snapshot);
  expect(rows.map(({ name, isDefault, commit }) => [name, isDefault, commit?.subject])).toEqual([
    ['main', true, 'Old'],
    ['also-young', false, 'Young'],
    ['topic/b', false, 'Young'],
    ['Topic/a', false, 'Middle'],
  ]);
  expect(totalCount).toBe(4);
});

test('pages and queries', async () => {
  const namesOf = async (request: Parameters<typeof listBranches>[1]) => {
    const { rows, totalCount } = await listBranches(snapshot, request);
    return [rows.map(({ name }) => name).join(' '), totalCount];
  };
  expect(await namesOf({ offset: 1, countMax: 2 })).toEqual(['also-young topic/b', 4]);
  expect(await namesOf({ offset: 4 })).toEqual(['', 4]);
  expect(await namesOf({ query: 'TOPIC' })).toEqual(['topic/b Topic/a', 2]);
  expect(await namesOf({ query: 'heads' })).toEqual(['', 0]);
});

test('tags come with what they say and what they lead to', async () => {
  const { rows } = await listTags(snapshot);
  expect(rows.map(({ name, tag, commit }) => [name, tag?.message, commit?.subject])).toEqual([
    ['v1', 'About v1\n', 'Young'],
    ['light', undefined, 'Middle'],
    ['of-blob', undefined, undefined],
  ]);
});
