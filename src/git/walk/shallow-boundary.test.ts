import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { graphOf as graphOfCommits } from '../../../tests/fixtures/commit-graph.ts';
import type { CommitGraph } from './commit-graph.ts';
import { type BoundaryWalk, boundaryByBreadth, boundaryByDepth, boundaryBySelection } from './shallow-boundary.ts';

/** @param parents of each commit; parents come before their children, and so do their dates unless given */
function graphOf(parents: readonly (readonly number[])[], dates: readonly number[] = []): CommitGraph {
  return graphOfCommits(
    parents.map((ofCommit, position) => ({ parents: ofCommit, date: dates[position] ?? position })),
  );
}

function run<Result>(walk: Generator<void, Result>): Result {
  for (let step = walk.next(); ; step = walk.next()) if (step.done) return step.value;
}

function endsOf(walk: BoundaryWalk): number[] {
  const { last, isInside } = run(walk);
  return last.filter((position) => !isInside[position]);
}

describe('boundaryByDepth', () => {
  // 0 ← 1 ← 2 ← 3 and 0 ← 3: the last parent is followed first.
  const diamond = graphOf([[], [0], [1], [0, 2]]);

  it('ends at the heads for a depth of one', () => {
    expect(endsOf(boundaryByDepth(diamond, [3, 1], 1))).toEqual([1, 3]);
  });

  it('takes a commit in that is first met at the limit and then nearer', () => {
    // 4 leads to 3 by way of 2 and 1, and straight.
    const graph = graphOf([[], [0], [1], [0], [3, 2]]);
    expect(endsOf(boundaryByDepth(graph, [4], 3)).sort()).toEqual([0, 1]);
    expect(endsOf(boundaryByDepth(graphOf([[], [0], [1], [2], [1, 3]]), [4], 3))).toEqual([0, 2]);
  });

  it('finds the same commits as a walk in breadth', () => {
    const histories = fc.array(fc.array(fc.nat(40), { maxLength: 3 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(histories, fc.array(fc.nat(39), { minLength: 1, maxLength: 3 }), fc.nat(8), (picks, tips, depth) => {
        const graph = graphOf(picks.map((parents, at) => [...new Set(parents.map((pick) => (pick % (at + 1)) - 1))]));
        const heads = tips.map((tip) => tip % picks.length);
        const [deep, broad] = [boundaryByDepth, boundaryByBreadth].map((walk) => run(walk(graph, heads, depth + 1)));
        expect(deep?.isInside).toEqual(broad?.isInside);
        const ends = [deep, broad].map((found) => new Set(found?.last.filter((at) => !found.isInside[at])));
        expect(ends[0]).toEqual(ends[1]);
      }),
    );
  });

  it('does not take forever where git would', () => {
    // Each commit has a long way down and a short one; the long one is followed first.
    const count = 4_000;
    const ladder = graphOf(
      Array.from({ length: count }, (_, at) =>
        at < 2 ? [] : at % 2 ? [at - 3, at - 1].filter((p) => p >= 0) : [at - 1],
      ),
    );
    let pauses = 0;
    const walk = boundaryByDepth(ladder, [count - 1], count - 10);
    while (!walk.next().done) pauses++;
    expect(pauses).toBeLessThan(100);
  });
});

describe('boundaryBySelection', () => {
  it('does not look behind a commit that is too old', () => {
    const graph = graphOf([[], [0], [1], [2]], [10, 20, 5, 30]);
    const { last, isInside } = run(boundaryBySelection(graph, [3], { sinceSeconds: 10, excluded: [] }));
    expect({ last, isInside: [...isInside] }).toEqual({ last: [3], isInside: [0, 0, 0, 0] });
  });

  it('leaves out what is excluded, with all that it reaches', () => {
    const graph = graphOf([[], [0], [1], [0], [2, 3]]);
    const { last, isInside } = run(boundaryBySelection(graph, [4], { sinceSeconds: undefined, excluded: [1] }));
    expect({ last, isInside: [...isInside] }).toEqual({ last: [3, 2], isInside: [0, 0, 0, 0, 1] });
  });

  it('says when nothing is left', () => {
    expect(run(boundaryBySelection(graphOf([[]]), [0], { sinceSeconds: 99, excluded: [] })).isEmpty).toBe(true);
  });
});
