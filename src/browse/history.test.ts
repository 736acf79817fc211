/** Histories beside those of git log, on generated graphs with merges. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RepositorySnapshot } from '#repository/repository-engine.ts';
import { gitSnapshot } from '../../tests/fixtures/git-snapshot.ts';
import { ScratchRepository } from '../../tests/fixtures/scratch-repository.ts';
import { type HistoryRequest, listHistory } from './history.ts';
import { LastCommitFinder } from './last-commit.ts';

const PATHS = ['a', 'b', 'd/a', 'd/e/a'];

interface CommitSpec {
  /** How far back the parents lie. */
  readonly parents: readonly number[];
  /** Content of each path; 0 for none. */
  readonly contents: readonly number[];
  /** Ties and clocks that run backwards included. */
  readonly seconds: number;
}

const commitSpec: fc.Arbitrary<CommitSpec> = fc.record({
  parents: fc.uniqueArray(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 }),
  contents: fc.tuple(...PATHS.map(() => fc.constantFrom(0, 1, 1, 1, 2))),
  seconds: fc.nat(3),
});

/** Writes the commits with one fast-import and leaves the last on main. */
function writeHistory(repository: ScratchRepository, specs: readonly CommitSpec[]): void {
  const commands = specs.flatMap((spec, index) => {
    const parents = spec.parents.map((back) => index - back).filter((parent) => parent >= 0);
    const [from, ...merges] = parents.map((parent) => `:${parent + 1}`);
    const files = spec.contents.flatMap((content, path) =>
      content === 0 ? [] : [`M 100644 inline ${PATHS[path]}\ndata 2\n${content}\n`],
    );
    return [
      `commit refs/heads/c${index}\nmark :${index + 1}\n`,
      `committer A <a@x> ${1_700_000_000 + index * 2 + spec.seconds} +0000\ndata ${`${index}`.length}\n${index}\n`,
      from ? `from ${from}\n` : '',
      ...merges.map((merge) => `merge ${merge}\n`),
      'deleteall\n',
      ...files,
      '\n',
    ];
  });
  const last = `reset refs/heads/main\nfrom :${specs.length}\n\n`;
  repository.git(['fast-import', '--quiet', '--force'], { input: commands.join('') + last });
}

function gitLog(repository: ScratchRepository, args: readonly string[]): string[] {
  return repository
    .line(['log', '--format=%H', 'main', ...args])
    .split('\n')
    .filter(Boolean);
}

async function allPages(snapshot: RepositorySnapshot, request: Omit<HistoryRequest, 'startId'>): Promise<string[]> {
  const startId = snapshot.refs.find('refs/heads/main')?.target ?? '';
  const ids: string[] = [];
  let after: string | undefined;
  do {
    const page = await listHistory(snapshot, { ...request, startId, after });
    ids.push(...page.commits.map(({ id }) => id));
    after = page.next;
  } while (after !== undefined);
  return ids;
}

test('history, paths and last commits are those of git log', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(commitSpec, { minLength: 1, maxLength: 14 }), async (specs) => {
      using repository = new ScratchRepository();
      writeHistory(repository, specs);
      const snapshot = gitSnapshot(repository);
      const head = snapshot.refs.find('refs/heads/main')?.target ?? '';
      expect(await allPages(snapshot, {})).toEqual(gitLog(repository, []));
      expect(await allPages(snapshot, { countMax: 3 })).toEqual(gitLog(repository, []));
      for (const path of ['a', 'd', 'd/a', 'd/e', 'nowhere']) {
        expect(await allPages(snapshot, { path })).toEqual(gitLog(repository, ['--', path]));
      }
      const finder = new LastCommitFinder();
      for (const directory of ['', 'd']) {
        const byName = await findStepByStep(finder, snapshot, head, directory);
        for (const [name, commit] of byName) {
          const path = directory === '' ? name : `${directory}/${name}`;
          expect([path, commit.id]).toEqual([path, gitLog(repository, ['-1', '--', path])[0]]);
        }
      }
    }),
    { numRuns: 12 },
  );
}, 120_000);

/** Each request looks at a few commits more, after other requests that began at other commits. */
async function findStepByStep(
  finder: LastCommitFinder,
  snapshot: RepositorySnapshot,
  commitId: string,
  directory: string,
) {
  for (const { target } of snapshot.refs.refs) {
    await finder.find(snapshot, { commitId: target, directory, names: ['a', 'b'], commitsMax: 2 });
  }
  for (;;) {
    const { byName, isComplete } = await finder.find(snapshot, { commitId, directory, commitsMax: 2 });
    if (isComplete) return byName;
  }
}

function linear(repository: ScratchRepository, count: number): RepositorySnapshot {
  const specs = Array.from({ length: count }, (_, index) => ({
    parents: [1],
    contents: [index === 0 ? 1 : 2, index, 0, index === count - 1 ? 1 : 2],
    seconds: 0,
  }));
  writeHistory(repository, specs);
  return gitSnapshot(repository);
}

test('a page of a path ends after so many commits looked at, and the next goes on there', async () => {
  using repository = new ScratchRepository();
  const snapshot = linear(repository, 9);
  const startId = snapshot.refs.find('refs/heads/main')?.target ?? '';
  const page = await listHistory(snapshot, { startId, path: 'a', examinedMax: 4 });
  expect(page).toMatchObject({ commits: [], isCutShort: true });
  expect(await allPages(snapshot, { path: 'a', examinedMax: 4 })).toEqual(gitLog(repository, ['--', 'a']));
});

test('last commits beyond the bound stay open', async () => {
  using repository = new ScratchRepository();
  const snapshot = linear(repository, 9);
  const startId = snapshot.refs.find('refs/heads/main')?.target ?? '';
  const request = { commitId: startId, directory: '', commitsMax: 3 };
  const { byName, isComplete } = await new LastCommitFinder().find(snapshot, request);
  expect(isComplete).toBe(false);
  expect([...byName.keys()]).toEqual(['b', 'd']);
});

test('a cursor that the history does not come by shows nothing', async () => {
  using repository = new ScratchRepository();
  const snapshot = linear(repository, 3);
  const startId = snapshot.refs.find('refs/heads/main')?.target ?? '';
  const lost = repository.line(['commit-tree', `${startId}^{tree}`, '-m', 'Lost']);
  for (const after of ['1'.repeat(40), 'no id', '', `${'2'.repeat(40)}.\0`, lost]) {
    for (const path of ['', 'a']) {
      const page = await listHistory(snapshot, { startId, path, after });
      expect(page).toEqual({ commits: [], next: undefined, isCutShort: false });
    }
  }
});
