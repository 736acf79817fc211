import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Ref } from '#git/ref-store.ts';
import { limits } from '#limits.ts';
import { answerLsRefs, readLsRefsRequest } from './ls-refs.ts';

const A = 'a'.repeat(40);

function snapshot(names: readonly string[], headTarget = 'refs/heads/main') {
  const refs = [...new Set(names)]
    .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
    .map((name): Ref => ({ name, target: A }));
  const find = (name: string) => refs.find((ref) => ref.name === (name === 'HEAD' ? headTarget : name));
  return { headTarget, showsHead: true, refs, find };
}

function parse(lines: string[]) {
  return readLsRefsRequest(
    (async function* () {
      yield* lines;
    })(),
  );
}

describe('readLsRefsRequest', () => {
  it('reads every argument', async () => {
    expect(await parse(['peel', 'symrefs', 'unborn', 'ref-prefix refs/', 'ref-prefix '])).toEqual({
      peel: true,
      symrefs: true,
      unborn: true,
      prefixes: ['refs/', ''],
    });
  });

  it('ignores a list of prefixes that is too long', async () => {
    const lines = Array<string>(limits.refPrefixesMax).fill('ref-prefix refs/heads/x');
    expect((await parse(lines)).prefixes).toEqual([]);
    expect((await parse(lines.slice(1))).prefixes).toHaveLength(limits.refPrefixesMax - 1);
  });

  it('refuses what was not offered', async () => {
    await expect(parse(['peel '])).rejects.toThrow("unexpected line: 'peel '");
  });
});

describe('answerLsRefs', () => {
  it('tells of an unborn HEAD to those who ask for it, and for symrefs', async () => {
    const refs = snapshot([]);
    const answer = async (lines: string[]) => [...answerLsRefs(refs, await parse(lines))];
    expect(await answer(['unborn', 'symrefs'])).toEqual([
      'unborn HEAD symref-target:refs/heads/main\n',
      { kind: 'flush' },
    ]);
    expect(await answer(['unborn'])).toEqual([{ kind: 'flush' }]);
    expect(await answer(['symrefs'])).toEqual([{ kind: 'flush' }]);
    expect(await answer(['unborn', 'symrefs', 'ref-prefix refs/'])).toEqual([{ kind: 'flush' }]);
    const hidden = answerLsRefs({ ...refs, showsHead: false }, await parse(['unborn', 'symrefs']));
    expect([...hidden]).toEqual([{ kind: 'flush' }]);
  });

  it('selects what one prefix or another begins, whatever their number and order', () => {
    const names = fc.array(fc.stringMatching(/^refs\/[ab😀ｚ]{1,4}$/u), { maxLength: 30 });
    const prefixes = fc.array(fc.stringMatching(/^(refs\/[ab😀ｚ]{0,3}|HEAD|r)$/u), { maxLength: 6 });
    fc.assert(
      fc.property(names, prefixes, (refNames, wanted) => {
        const refs = snapshot(refNames);
        const lines = [...answerLsRefs(refs, { peel: false, symrefs: false, unborn: false, prefixes: wanted })];
        const expected = refs.refs
          .filter(({ name }) => wanted.length === 0 || wanted.some((prefix) => name.startsWith(prefix)))
          .map(({ name }) => `${A} ${name}\n`);
        expect(lines).toEqual([...expected, { kind: 'flush' }]);
      }),
    );
  });
});
