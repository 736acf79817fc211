import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { closureOf, graphOf, histories } from '../../../tests/fixtures/commit-graph.ts';
import { ReachableCommits } from './reachable-commits.ts';

function finish<Result>(walk: Generator<void, Result>): Result {
  for (let step = walk.next(); ; step = walk.next()) if (step.done) return step.value;
}

/** A line of commits, with a side line that nothing leads to: its positions are odd. */
function twoLines(count: number) {
  return graphOf(Array.from({ length: count }, (_, position) => ({ parents: [Math.max(position - 2, -1)], date: 1 })));
}

describe('ReachableCommits', () => {
  it('knows what tips reach, in whatever order it is asked', () => {
    const picks = fc.array(fc.nat(100), { maxLength: 4 });
    fc.assert(
      fc.property(histories, picks, fc.infiniteStream(fc.nat(100)), (history, tipPicks, questions) => {
        const graph = graphOf(history);
        const tips = tipPicks.map((pick) => (pick % (graph.count + 1)) - 1);
        const expected = closureOf(graph, tips);
        const reachable = new ReachableCommits(graph, tips);
        for (const question of questions.take(20)) {
          const position = question % graph.count;
          expect(finish(reachable.has(position))).toBe(expected.has(position));
          expect(reachable.isFound(position)).toBe(expected.has(position));
        }
      }),
      { numRuns: 500 },
    );
  });

  it('finds what lies deep in a long history, and what does not', () => {
    const count = 100_000;
    const reachable = new ReachableCommits(twoLines(count), [count - 2]);
    expect([0, 2, 1, 3, count - 1].map((position) => finish(reachable.has(position)))).toEqual([
      true,
      true,
      false,
      false,
      false,
    ]);
  });

  it('answers several who ask at once', () => {
    const count = 100_000;
    const reachable = new ReachableCommits(twoLines(count), [count - 2]);
    const walks = [0, 1, 2, 50_000, 50_001].map((position) => reachable.has(position));
    const answers: (boolean | undefined)[] = walks.map(() => undefined);
    while (answers.includes(undefined)) {
      walks.forEach((walk, index) => {
        const step = answers[index] === undefined ? walk.next() : undefined;
        if (step?.done) answers[index] = step.value;
      });
    }
    expect(answers).toEqual([true, false, true, true, false]);
  });

  it('knows nothing of what came after it', () => {
    const reachable = new ReachableCommits(twoLines(4), [2]);
    expect(reachable.isFound(4)).toBe(false);
  });
});
