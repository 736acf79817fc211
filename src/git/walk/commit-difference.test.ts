import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { closureOf, graphOf, histories } from '../../../tests/fixtures/commit-graph.ts';
import { HAD, WANTED, walkDifference } from './commit-difference.ts';

const picks = fc.array(fc.nat(100), { maxLength: 4 });

function finish<Result>(walk: Generator<void, Result>): Result {
  for (let step = walk.next(); ; step = walk.next()) if (step.done) return step.value;
}

describe('walkDifference', () => {
  it('finds what is wanted and not had, whatever the dates and wherever history is cut', () => {
    fc.assert(
      fc.property(histories, picks, picks, picks, (history, wantPicks, havePicks, cutPicks) => {
        const graph = graphOf(history);
        const [wants, haves, cuts] = [wantPicks, havePicks, cutPicks].map((list) =>
          list.map((pick) => (pick % (graph.count + 1)) - 1),
        ) as [number[], number[], number[]];
        const isCut = (position: number) => cuts.includes(position);
        const marks = new Uint8Array(graph.count);
        const found = finish(walkDifference(graph, { wants, haves }, marks, isCut));
        const had = closureOf(graph, haves, isCut);
        const expected = [...closureOf(graph, wants, isCut)].filter((position) => !had.has(position));
        expect(found.toSorted()).toEqual(expected.toSorted());
        for (const position of expected) {
          expect(marks[position]).toBe(WANTED);
          if (isCut(position)) continue;
          for (let index = 0; index < graph.parentCount(position); index++) {
            const parent = graph.parentAt(position, index);
            if (parent < 0) continue;
            expect((marks[parent] as number) & HAD ? 'had' : 'new').toBe(had.has(parent) ? 'had' : 'new');
          }
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('does not look at history that both sides have', () => {
    const count = 10_000;
    const line = Array.from({ length: count }, (_, position) => ({ parents: [position - 1], date: position }));
    const graph = graphOf(line);
    const marks = new Uint8Array(count);
    expect(finish(walkDifference(graph, { wants: [count - 1], haves: [count - 3] }, marks))).toEqual([
      count - 1,
      count - 2,
    ]);
    expect(marks.filter((mark) => mark !== 0).length).toBeLessThan(5);
  });
});
