import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareAsUtf8 } from '#bytes/compare-bytes.ts';
import { ScratchRepository } from '../../../tests/fixtures/scratch-repository.ts';
import {
  checkPushedRefName,
  findDirectoryConflict,
  isRefName,
  isRefNameOneLevel,
  lowerBound,
  shortRefName,
} from './ref-name.ts';

const piece = fc.oneof(
  fc.constantFrom('/', '.', '..', '@', '{', '@{', '.lock', 'lock', 'a', 'refs', 'heads', '-', 'é', '\u{1f600}'),
  fc.constantFrom(' ', '~', '^', ':', '?', '*', '[', ']', '\\', '\x01', '\x1f', '\x7f', '\t', '\n'),
  fc.string({ maxLength: 3 }),
);
const name = fc.array(piece, { maxLength: 7 }).map((pieces) => pieces.join('').replaceAll('\0', ''));

test('accepts exactly the names that git check-ref-format accepts', () => {
  using repository = new ScratchRepository();
  fc.assert(
    fc.property(name, (candidate) => {
      const accepted = (args: readonly string[]) =>
        repository.tryGit(['check-ref-format', ...args, candidate]).status === 0;
      // git reads a name that begins with a dash as an option.
      fc.pre(!candidate.startsWith('-'));
      expect(isRefName(candidate)).toBe(accepted([]));
      expect(isRefNameOneLevel(candidate)).toBe(accepted(['--allow-onelevel']));
    }),
    { numRuns: 150 },
  );
});

test.each(['refs/heads/main', 'refs/heads/a/b', 'refs/heads/feature@2', 'refs/x/é', 'refs/heads/@', 'refs/heads/-a'])(
  '%s may be pushed',
  (text) => {
    expect(checkPushedRefName(Buffer.from(text), 1024)).toEqual({ kind: 'ok', name: text });
  },
);

test.each([
  ['HEAD', 'funny refname'],
  ['refs/main', 'funny refname'],
  ['heads/main', 'funny refname'],
  ['refs/heads/', 'funny refname'],
  ['refs//heads/a', 'funny refname'],
  ['refs/heads/a..b', 'funny refname'],
  ['refs/heads/a\0b', 'funny refname'],
  ['refs/heads/a.lock', 'funny refname'],
  ['', 'funny refname'],
])('%j may not be pushed: %s', (text, reason) => {
  expect(checkPushedRefName(Buffer.from(text), 1024)).toEqual({ kind: 'refused', reason });
});

test('names that are not UTF-8, or too long, are refused with the reason', () => {
  const latin1 = Buffer.from('refs/heads/caf\xe9', 'latin1');
  expect(checkPushedRefName(latin1, 1024)).toEqual({ kind: 'refused', reason: 'ref name is not UTF-8' });
  const long = Buffer.from(`refs/heads/${'é'.repeat(10)}`);
  expect(checkPushedRefName(long, long.length)).toMatchObject({ kind: 'ok' });
  expect(checkPushedRefName(long, long.length - 1)).toMatchObject({ kind: 'refused' });
});

test.each([
  ['refs/heads/a/b', 'a/b'],
  ['refs/tags/v1', 'v1'],
  ['refs/pull/1/head', 'pull/1/head'],
  ['HEAD', 'HEAD'],
])('%s is shown as %s', (full, short) => {
  expect(shortRefName(full)).toBe(short);
});

test('a conflict is a ref that is a directory of the other, and nothing else', () => {
  const level = fc.constantFrom('a', 'b', 'a-', 'a0', '\u{10000}', '\ue000');
  const path = fc.array(level, { minLength: 1, maxLength: 3 }).map((levels) => levels.join('/'));
  fc.assert(
    fc.property(path, fc.uniqueArray(path), (candidate, names) => {
      const sorted = names.toSorted(compareAsUtf8);
      const conflicts = names.filter((other) => other.startsWith(`${candidate}/`) || candidate.startsWith(`${other}/`));
      const found = findDirectoryConflict(candidate, sorted);
      if (found === undefined) expect(conflicts).toEqual([]);
      else expect(conflicts).toContain(found);
      expect(lowerBound(sorted, candidate)).toBe(names.filter((other) => compareAsUtf8(other, candidate) < 0).length);
    }),
  );
});
