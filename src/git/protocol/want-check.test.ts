import { expect, it } from 'vitest';
import type { RefSnapshot } from '#git/ref-store.ts';
import { checkWants, type ReachableCommits } from './want-check.ts';

/** `base` <- `tip`, and `hidden`, which no ref reaches. */
const IDS = ['base', 'tip', 'hidden'];
const GRAPH: ReachableCommits = {
  count: 3,
  positionOf: (id) => IDS.indexOf(id),
  parentCount: (position) => (position === 1 ? 1 : 0),
  parentAt: () => 0,
};
const REFS: RefSnapshot = {
  headTarget: 'refs/heads/main',
  refs: [
    { name: 'refs/heads/main', target: 'tip' },
    { name: 'refs/tags/blob', target: 'tag', peeled: 'blob' },
  ],
  find: () => undefined,
};

it.each([[['tip']], [['tag', 'blob']], [['base', 'tip']], [[]]])('gives out %j', async (wants) => {
  await expect(checkWants(wants, REFS, async () => GRAPH)).resolves.toBeUndefined();
});

it.each([['hidden'], ['unknown']])('does not give out %s', async (want) => {
  const check = checkWants(['tip', 'base', want], REFS, async () => GRAPH);
  await expect(check).rejects.toThrow(`upload-pack: not our ref ${want}`);
});

it('does not load the graph for tips', async () => {
  const check = checkWants(['tip', 'tag'], REFS, () => Promise.reject(new Error('loaded')));
  await expect(check).resolves.toBeUndefined();
});
