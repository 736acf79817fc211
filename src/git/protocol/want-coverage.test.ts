import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Ancestry, WantCoverage } from './want-coverage.ts';

/** Parents by position, each smaller than its child's; dates rise with positions. */
type History = readonly (readonly number[])[];

function graphOf(history: History): Ancestry {
  return {
    count: history.length,
    dateAt: (position) => position,
    parentCount: (position) => history[position]?.length ?? 0,
    parentAt: (position, index) => history[position]?.[index] ?? -1,
  };
}

/** Every commit with two parents or fewer, all older. */
const HISTORIES: fc.Arbitrary<History> = fc
  .integer({ min: 1, max: 30 })
  .chain((count) => fc.tuple(...Array.from({ length: count }, (_, position) => parentsOf(position))));

function parentsOf(position: number): fc.Arbitrary<number[]> {
  if (position === 0) return fc.constant([]);
  return fc.uniqueArray(fc.integer({ min: 0, max: position - 1 }), { maxLength: 2 });
}

/** As git walks: commits older than the oldest have are seen, and not walked from, but for wants. */
function meetsHave(history: History, wants: readonly number[], want: number, had: ReadonlySet<number>, oldest: number) {
  const seen = new Set([want]);
  for (const position of seen) {
    if (had.has(position)) return true;
    if (wants.includes(position) || position >= oldest) for (const parent of history[position] ?? []) seen.add(parent);
  }
  return false;
}

describe('WantCoverage', () => {
  it('is complete when every want descends from a have, and not before', () => {
    const positions = fc.array(fc.nat(), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(HISTORIES, positions, positions, (history, wantSeeds, haveSeeds) => {
        const wants = wantSeeds.map((seed) => seed % history.length);
        const coverage = new WantCoverage(graphOf(history), wants);
        const had = new Set<number>();
        let oldest = Number.POSITIVE_INFINITY;
        for (const have of haveSeeds.map((seed) => seed % history.length)) {
          coverage.addHave(have);
          for (const position of [have, ...(history[have] ?? [])]) had.add(position);
          oldest = Math.min(oldest, have);
          expect(coverage.isComplete()).toBe(wants.every((want) => meetsHave(history, wants, want, had, oldest)));
        }
      }),
    );
  });

  it('tells news from what an earlier have implies', () => {
    const coverage = new WantCoverage(graphOf([[], [0], [1]]), [2]);
    expect(coverage.addHave(1)).toBe(true);
    expect(coverage.addHave(1)).toBe(false);
    expect(coverage.addHave(0)).toBe(false);
  });

  it('is complete from the start when nothing is wanted', () => {
    expect(new WantCoverage(graphOf([[]]), []).isComplete()).toBe(true);
  });

  it('walks each commit once, whatever the number of haves', () => {
    // Two roots: what is wanted, and what the client has, have nothing in common.
    const count = 2_000;
    const graph = graphOf(Array.from({ length: count }, (_, i) => (i < 2 ? [] : [i - 2])));
    let looks = 0;
    const parentAt = (position: number, index: number) => {
      looks++;
      return graph.parentAt(position, index);
    };
    const coverage = new WantCoverage({ ...graph, parentAt }, [count - 1]);
    for (let have = count - 2; have >= 0; have -= 2) {
      coverage.addHave(have);
      expect(coverage.isComplete()).toBe(false);
    }
    expect(looks).toBeLessThanOrEqual(count);
  });
});
