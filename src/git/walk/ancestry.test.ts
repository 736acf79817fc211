import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { closureOf, graphOf, histories } from '../../../tests/fixtures/commit-graph.ts';
import { GitObjectStore } from '../../../tests/fixtures/git-object-store.ts';
import { makeHistory } from '../../../tests/fixtures/history.ts';
import { ScratchRepository } from '../../../tests/fixtures/scratch-repository.ts';
import { DateQueue, isAncestor, markAncestors } from './ancestry.ts';

describe('ancestry', () => {
  it('marks what is reachable, and nothing else', () => {
    fc.assert(
      fc.property(histories, fc.array(fc.nat(100), { maxLength: 4 }), (history, picks) => {
        const graph = graphOf(history);
        const tips = picks.map((pick) => (pick % (graph.count + 1)) - 1);
        const marks = new Uint8Array(graph.count).fill(4);
        markAncestors(graph, tips, marks, 2);
        const expected = closureOf(graph, tips);
        expect([...marks]).toEqual(history.map((_, position) => (expected.has(position) ? 6 : 4)));
      }),
    );
  });

  it('knows an ancestor, however wrong the dates are', () => {
    fc.assert(
      fc.property(histories, fc.nat(100), fc.nat(100), (history, a, b) => {
        const graph = graphOf(history);
        const [ancestor, descendant] = [a % graph.count, b % graph.count];
        expect(isAncestor(graph, ancestor, descendant)).toBe(closureOf(graph, [descendant]).has(ancestor));
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
