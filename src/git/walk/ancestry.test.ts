import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GitObjectStore } from '../../../tests/fixtures/git-object-store.ts';
import { makeHistory } from '../../../tests/fixtures/history.ts';
import { ScratchRepository } from '../../../tests/fixtures/scratch-repository.ts';
import { DateQueue, isAncestor, markAncestors } from './ancestry.ts';
import type { CommitGraph } from './commit-graph.ts';

/** Commits whose parents come before them; dates are as they come. */
function graphOf(commits: readonly { parents: readonly number[]; date: number }[]): CommitGraph {
  const at = (position: number) => commits[position] as (typeof commits)[number];
  return {
    count: commits.length,
    positionOf: Number,
    positionOfSlot: () => -1,
    idAt: String,
    treeAt: String,
    dateAt: (position) => at(position).date,
    parentCount: (position) => at(position).parents.length,
    parentAt: (position, index) => at(position).parents[index] as number,
  };
}

const histories = fc
  .array(fc.tuple(fc.array(fc.nat(100), { maxLength: 3 }), fc.nat(5)), { minLength: 1, maxLength: 30 })
  .map((picks) =>
    picks.map(([parents, date], position) => ({
      // Position -1: a parent that is not in the graph, as behind a shallow boundary.
      parents: [...new Set(parents.map((pick) => (position === 0 ? -1 : (pick % (position + 1)) - 1)))],
      date,
    })),
  );

/** Slowly and surely: all positions reachable from one. */
function closureOf(graph: CommitGraph, tip: number): Set<number> {
  const found = new Set([tip]);
  for (const position of found) {
    for (let index = 0; index < graph.parentCount(position); index++) {
      const parent = graph.parentAt(position, index);
      if (parent >= 0) found.add(parent);
    }
  }
  return found;
}

describe('ancestry', () => {
  it('marks what is reachable, and nothing else', () => {
    fc.assert(
      fc.property(histories, fc.array(fc.nat(100), { maxLength: 4 }), (history, picks) => {
        const graph = graphOf(history);
        const tips = picks.map((pick) => (pick % (graph.count + 1)) - 1);
        const marks = new Uint8Array(graph.count).fill(4);
        markAncestors(graph, tips, marks, 2);
        const expected = new Set(tips.filter((tip) => tip >= 0).flatMap((tip) => [...closureOf(graph, tip)]));
        expect([...marks]).toEqual(history.map((_, position) => (expected.has(position) ? 6 : 4)));
      }),
    );
  });

  it('knows an ancestor, however wrong the dates are', () => {
    fc.assert(
      fc.property(histories, fc.nat(100), fc.nat(100), (history, a, b) => {
        const graph = graphOf(history);
        const [ancestor, descendant] = [a % graph.count, b % graph.count];
        expect(isAncestor(graph, ancestor, descendant)).toBe(closureOf(graph, descendant).has(ancestor));
        expect([isAncestor(graph, -1, descendant), isAncestor(graph, ancestor, -1)]).toEqual([false, false]);
      }),
      { numRuns: 500 },
    );
  });

  it('hands out positions newest first', () => {
    const actions = fc.array(fc.option(fc.nat(1_000)), { maxLength: 100 });
    fc.assert(
      fc.property(actions, (list) => {
        const dates = list.filter((date) => date !== null);
        const queue = new DateQueue(graphOf(dates.map((date) => ({ parents: [], date }))));
        const model: number[] = [];
        let next = 0;
        for (const action of list) {
          if (action !== null) {
            model.push(action);
            queue.push(next++);
          } else {
            const popped = queue.pop();
            const newest = model.sort((x, y) => x - y).pop();
            expect(popped < 0 ? undefined : dates[popped]).toBe(newest);
          }
          expect(queue.size).toBe(model.length);
        }
      }),
    );
  });

  describe('of a real history', () => {
    let repository: ScratchRepository;
    beforeAll(() => {
      repository = new ScratchRepository();
      makeHistory(repository);
    });
    afterAll(() => repository[Symbol.dispose]());

    it('is what git merge-base says', async () => {
      const graph = await new GitObjectStore(repository).commitGraph();
      const ids = repository.line(['rev-list', '--all']).split('\n');
      for (const a of ids) {
        const descendants = new Set(
          repository
            .line(['rev-list', '--all', '--ancestry-path', `^${a}`])
            .split('\n')
            .filter(Boolean),
        );
        for (const b of ids) {
          const expected = a === b || descendants.has(b);
          expect(isAncestor(graph, graph.positionOf(a), graph.positionOf(b)), `${a} ${b}`).toBe(expected);
        }
      }
    });
  });
});
