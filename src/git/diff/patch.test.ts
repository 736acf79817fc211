/** Patches beside those of real git. */

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { formatHunk, makePatch } from './patch.ts';

let directory: string;
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'och-diff-'));
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function gitHunks(oldText: Buffer, newText: Buffer): string {
  writeFileSync(join(directory, 'old'), oldText);
  writeFileSync(join(directory, 'new'), newText);
  const { stdout } = spawnSync('git', ['diff', '--no-index', '--no-color', 'old', 'new'], {
    cwd: directory,
    env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1' },
    maxBuffer: 1 << 28,
  });
  const text = stdout.toString('latin1');
  const start = text.search(/^@@ /m);
  return start < 0 ? '' : text.slice(start);
}

function ourHunks(oldText: Buffer, newText: Buffer): string {
  const patch = makePatch(oldText, newText);
  if (patch.kind === 'binary') return '';
  return patch.hunks.map((hunk) => Buffer.from(formatHunk(hunk)).toString('latin1')).join('');
}

/** Texts that are edits of each other, in lines that occur often and are indented: what sliding and headings live on. */
const codeLine = fc.constantFrom(
  '',
  'void f(void)',
  'int g(int a)   ',
  '_start:',
  '{',
  '}',
  '\tif (a) {',
  '\t}',
  '\t\treturn 1;',
  '\treturn 0;',
  '        x++;',
  '# note',
  `$${'long'.repeat(30)}`,
  `e${'é'.repeat(40)}`,
  `e${'€'.repeat(40)}`,
);
const edit = fc.record({ at: fc.nat(100), drop: fc.nat(4), insert: fc.array(codeLine, { maxLength: 4 }) });
const lastLine = fc.constantFrom('', 'no newline');
const textPair = fc
  .record({
    lines: fc.array(codeLine, { maxLength: 60 }),
    edits: fc.array(edit, { maxLength: 5 }),
    oldEnd: lastLine,
    newEnd: lastLine,
  })
  .map(({ lines, edits, oldEnd, newEnd }) => {
    const edited = [...lines];
    for (const { at, drop, insert } of edits) edited.splice(at % (edited.length + 1), drop, ...insert);
    const join = (content: readonly string[], end: string) =>
      Buffer.from(content.map((line) => `${line}\n`).join('') + end);
    return [join(lines, oldEnd), join(edited, newEnd)] as const;
  });

test('hunks of generated texts are those of git diff, byte by byte', () => {
  fc.assert(
    fc.property(textPair, ([oldText, newText]) => {
      expect(ourHunks(oldText, newText)).toBe(gitHunks(oldText, newText));
    }),
    { numRuns: 150 },
  );
});

test('large texts, where searches are cut short, give the hunks of git diff', () => {
  const lines = (seed: number, count: number) =>
    Array.from({ length: count }, (_, index) => `${'\t'.repeat(index % 3)}${(index * seed) % 613}\n`);
  for (const [oldSeed, newSeed] of [
    [7, 11],
    [1, 2],
    [5, 5],
  ] as const) {
    const oldText = Buffer.from(lines(oldSeed, 6000).join(''));
    const newText = Buffer.from([...lines(newSeed, 3000), ...lines(oldSeed, 3500).reverse()].join(''));
    expect(ourHunks(oldText, newText)).toBe(gitHunks(oldText, newText));
  }
});

describe('shapes of a patch', () => {
  const text = (...lines: string[]) => Buffer.from(lines.map((line) => `${line}\n`).join(''));

  test('counts lines and numbers both sides', () => {
    const patch = makePatch(text('a', 'b', 'c'), text('a', 'x', 'y', 'c'));
    if (patch.kind !== 'text') throw new Error('binary');
    expect([patch.addedCount, patch.removedCount]).toEqual([2, 1]);
    expect(patch.hunks[0]?.lines.map(({ kind, oldNumber, newNumber }) => [kind, oldNumber, newNumber])).toEqual([
      ['context', 1, 1],
      ['removed', 2, undefined],
      ['added', undefined, 2],
      ['added', undefined, 3],
      ['context', 3, 4],
    ]);
  });

  test('a NUL among the first 8000 bytes makes a file binary', () => {
    const far = Buffer.concat([Buffer.alloc(8000, 'a'), Buffer.of(0)]);
    expect(makePatch(Buffer.alloc(0), Buffer.from('a\0')).kind).toBe('binary');
    expect(makePatch(Buffer.alloc(0), far).kind).toBe('text');
  });

  test('without context, hunks do not touch', () => {
    const patch = makePatch(text('a', 'b', 'c'), text('x', 'b', 'y'), { contextLines: 0 });
    expect(patch.kind === 'text' && patch.hunks.map((hunk) => Buffer.from(formatHunk(hunk)).toString())).toEqual([
      '@@ -1 +1 @@\n-a\n+x\n',
      '@@ -3 +3 @@ b\n-c\n+y\n',
    ]);
  });
});
