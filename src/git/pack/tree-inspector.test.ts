import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diffSteps, type Instruction, makeDelta, treeEntry } from '../../../tests/fixtures/pack-maker.ts';
import { checkObject } from '../fsck/check-object.ts';
import { isRefusal, STRICT } from '../fsck/finding.ts';
import { FsckGate } from '../fsck/fsck-gate.ts';
import { SHA1 } from '../object/object-id.ts';
import { IdTable } from '../walk/id-table.ts';
import { readDeltaHeader } from './delta.ts';
import { TreeBoundaries, TreeInspector } from './tree-inspector.ts';

interface Entry {
  readonly mode: string;
  readonly name: string;
  /** The byte that its id is made of. */
  readonly id: number;
}

/** Names that clash, sort oddly as folders, or have rules of their own. */
const names = fc.oneof(
  fc.constantFrom('a', 'a.c', 'a-', 'a0', 'aa', 'b', 'b.', 'Makefile', 'README', '.gitmodules', '.gitattributes', 'z'),
  fc.string({ unit: fc.constantFrom('a', 'b', '.', '-', '0', '~'), minLength: 1, maxLength: 4 }),
);
const entries: fc.Arbitrary<Entry> = fc.record({
  mode: fc.constantFrom('100644', '100644', '100644', '40000', '40000', '100755', '120000', '160000'),
  name: names,
  id: fc.integer({ min: 1, max: 255 }),
});

type Edit =
  | { readonly kind: 'insert' | 'append'; readonly at: number; readonly entry: Entry }
  | { readonly kind: 'remove' | 'touch'; readonly at: number };
const edits: fc.Arbitrary<Edit> = fc.oneof(
  fc.record({ kind: fc.constantFrom('insert', 'append'), at: fc.nat(40), entry: entries }),
  fc.record({ kind: fc.constantFrom('remove', 'touch'), at: fc.nat(40) }),
);

const sortKey = ({ mode, name }: Entry) => (mode === '40000' ? `${name}/` : name);
const encode = (list: readonly Entry[]) =>
  Buffer.concat(list.map(({ mode, name, id }) => treeEntry(mode, name, id.toString(16).padStart(2, '0').repeat(20))));
const sorted = (list: readonly Entry[]) =>
  [...list].sort((a, b) => Buffer.compare(Buffer.from(sortKey(a)), Buffer.from(sortKey(b))));

/** One entry a name: a tree as git would write it. */
function soundTree(list: readonly Entry[]): Entry[] {
  return sorted([...new Map(list.map((entry) => [entry.name, entry])).values()]);
}

function edit(list: readonly Entry[], { kind, at, ...rest }: Edit): Entry[] {
  const place = list.length === 0 ? 0 : at % list.length;
  const entry = 'entry' in rest ? rest.entry : undefined;
  if (kind === 'insert' && entry) return sorted([...list, entry]);
  if (kind === 'append' && entry) return [...list.slice(0, place), entry, ...list.slice(place)];
  if (kind === 'remove') return list.filter((_, index) => index !== place);
  return list.map((old, index) => (index === place ? { ...old, id: (old.id % 255) + 1 } : old));
}

/** Cuts copies in two and turns some into insertions: deltas that no sane maker would make, and all the same right. */
function shred(steps: readonly Instruction[], base: Uint8Array, cuts: readonly number[]): Instruction[] {
  let turn = 0;
  const cut = () => cuts[turn++ % cuts.length] as number;
  return steps.flatMap((step): Instruction[] => {
    if ('insert' in step || cuts.length === 0 || step.size < 2) return [step];
    const first = 1 + (cut() % (step.size - 1));
    const copied: Instruction = { copy: step.copy, size: first };
    const rest = { copy: step.copy + first, size: step.size - first };
    const isInserted = cut() % 3 === 0 && rest.size < 128;
    return [copied, isInserted ? { insert: base.subarray(rest.copy, rest.copy + rest.size) } : rest];
  });
}

const HEADROOM = 5;
const ids = new Uint8Array(20);

class Inspection {
  readonly references = new IdTable(SHA1);
  readonly inspector = new TreeInspector(SHA1, new FsckGate(SHA1, STRICT), this.references);
  verdict = 'sound';

  whole(tree: Uint8Array): this {
    return this.#judge(() => this.inspector.inspectWhole(behindRoom(tree), HEADROOM, tree.length, ids, 0));
  }

  /** @returns where the entries begin */
  delta(base: Uint8Array, delta: Uint8Array, result: Uint8Array): TreeBoundaries {
    const boundaries = new TreeBoundaries();
    const into = new TreeBoundaries();
    const header = { baseSizeBytes: 0, resultSizeBytes: 0, instructionsStart: 0 };
    readDeltaHeader(delta, 0, delta.length, header);
    this.inspector.scan(behindRoom(base), HEADROOM, base.length, boundaries);
    const start = header.instructionsStart;
    const body = behindRoom(result);
    this.#judge(() =>
      this.inspector.inspectDelta(boundaries, delta, start, delta.length, body, HEADROOM, result.length, into, ids, 0),
    );
    return into;
  }

  /** What is referred to, with what is expected of it. */
  get expectations(): string[] {
    return Array.from(this.references.notes, (note, number) => `${this.references.ids[number * 20]} ${note}`).sort();
  }

  #judge(inspect: () => void): this {
    try {
      inspect();
    } catch (error) {
      this.verdict = String(error);
    }
    return this;
  }
}

function behindRoom(tree: Uint8Array): Buffer {
  return Buffer.concat([Buffer.alloc(HEADROOM, 0xee), tree, Buffer.alloc(1, 0xee)]);
}

describe('TreeInspector', () => {
  it('judges a tree as the rules for whole objects do', () => {
    const trees = fc.oneof(
      fc.array(entries, { maxLength: 12 }).map(encode),
      fc.array(entries, { maxLength: 12 }).map((list) => encode(sorted(list))),
      fc
        .tuple(fc.array(entries, { minLength: 1, maxLength: 3 }), fc.nat(30))
        .map(([list, end]) => encode(list).subarray(0, -end || undefined)),
      fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)),
    );
    fc.assert(
      fc.property(trees, (tree) => {
        const { findings } = checkObject('tree', tree, SHA1, STRICT);
        const { verdict } = new Inspection().whole(tree);
        const refusal = findings.find(isRefusal);
        if (refusal === undefined) expect(verdict).toBe('sound');
        else if (findings.some(({ id }) => id === 'badTree')) expect(verdict).not.toBe('sound');
        else expect(verdict).toContain(`${refusal.id}: ${refusal.detail}`);
      }),
      { numRuns: 3_000 },
    );
  });

  it('finds in a delta of a sound tree what it would find in the whole one', () => {
    const bases = fc.array(entries, { maxLength: 25 }).map(soundTree);
    const changes = fc.array(edits, { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(bases, changes, fc.array(fc.nat(1_000), { maxLength: 9 }), (baseEntries, edited, cuts) => {
        const base = encode(baseEntries);
        const target = encode(edited.reduce<readonly Entry[]>(edit, baseEntries));
        const baseAlone = new Inspection().whole(base);
        fc.pre(baseAlone.verdict === 'sound');
        const delta = makeDelta(base.length, shred(diffSteps(base, target), base, cuts));
        const byDelta = new Inspection().whole(base);
        const boundaries = byDelta.delta(base, delta, target);
        const byWhole = new Inspection().whole(base).whole(target);
        expect(byDelta.verdict).toBe(byWhole.verdict);
        if (byWhole.verdict !== 'sound') return;
        expect(byDelta.expectations).toEqual(byWhole.expectations);
        const scanned = new TreeBoundaries();
        byWhole.inspector.scan(behindRoom(target), HEADROOM, target.length, scanned);
        const starts = (found: TreeBoundaries) => [...found.starts.subarray(0, found.count + 1)];
        expect(starts(boundaries)).toEqual(starts(scanned));
      }),
      { numRuns: 5_000 },
    );
  });

  it('finds the end of a tree that a delta cuts in mid-entry', () => {
    const base = encode([
      { mode: '100644', name: 'a', id: 1 },
      { mode: '100644', name: 'b', id: 2 },
    ]);
    for (let end = 1; end < base.length; end++) {
      const delta = makeDelta(base.length, [{ copy: 0, size: end }]);
      const inspection = new Inspection();
      inspection.delta(base, delta, base.subarray(0, end));
      expect(inspection.verdict === 'sound').toBe(end === base.length / 2);
    }
  });

  it('sees what two copies of whole entries bring out of order', () => {
    const base = encode(['a', 'b', 'c', 'd'].map((name, index) => ({ mode: '100644', name, id: index + 1 })));
    const size = base.length / 4;
    const take = (...order: number[]) => {
      const inspection = new Inspection();
      const delta = makeDelta(
        base.length,
        order.map((index) => ({ copy: index * size, size })),
      );
      const result = Buffer.concat(order.map((index) => base.subarray(index * size, (index + 1) * size)));
      inspection.delta(base, delta, result);
      return inspection.verdict;
    };
    expect(take(0, 2, 3)).toBe('sound');
    expect(take(1, 0)).toContain('treeNotSorted');
    expect(take(0, 1, 1, 2)).toContain('duplicateEntries');
  });
});

it('a tree with more entries than allowed is refused', () => {
  const references = new IdTable(SHA1);
  const inspector = new TreeInspector(SHA1, new FsckGate(SHA1, STRICT), references, 2);
  const tree = (names: string[]) =>
    Buffer.concat(names.map((name) => Buffer.from(`100644 ${name}\0${'i'.repeat(20)}`)));
  const inspect = (body: Uint8Array) => inspector.inspectWhole(body, 0, body.length, new Uint8Array(20), 0);
  expect(() => inspect(tree(['a', 'b']))).not.toThrow();
  expect(() => inspect(tree(['a', 'b', 'c']))).toThrow(/3 entries, more than the 2 allowed/);
});
