/** Files of patterns that strangers push and others' requests read: attributes, sparse checkouts; and the arguments of an archive. */

import { parseArchiveArguments } from '#git/archive/archive-arguments.ts';
import { matchesPathPattern, parseAttributeFile } from '#git/attributes/attribute-file.ts';
import { SparsePatterns } from '#git/filter/sparse-patterns.ts';
import { Pathspec } from '#git/path/pathspec.ts';
import { wildmatch } from '#git/path/wildmatch.ts';
import { allowGitErrors, type FuzzSession } from '../fuzz-target.ts';
import { mutate } from '../mutate.ts';

const FILES = [
  '* text=auto eol=lf\n*.png -text\n[attr]binary -diff -merge\n"a b".txt export-subst\n/deep/**/x export-ignore\n',
  '/*\n!/*/\n/deep/\n# comment\nname\\ \n*.[ch]\ndeep/**/x.c\n**/y\n[[:alpha:]-]*\n',
];
const ARGUMENTS = [
  '--format=tar.gz',
  '--prefix=a/',
  '-9',
  '--list',
  '-v',
  '--mtime=@1',
  'HEAD',
  'main:deep',
  '--',
  ':(glob)**/*.c',
];
const PATHS = ['README', 'deep/er/still/x.c', 'a b.txt', 'a'.repeat(80), 'x/'.repeat(40), '[-]'];
const VOCABULARY = [
  '**/',
  '/**',
  '*',
  '?',
  '[',
  ']',
  '[!',
  '[[:',
  ':]',
  '\\',
  '!',
  '"',
  '\n',
  ':(',
  ')',
  'attr:',
  '--',
  '=',
  '-',
];

/** Each ends soon, whatever the pattern: one with many stars costs no more than its bound. */
export function openPatternFuzzer(): FuzzSession {
  return {
    attempt(random) {
      const file = mutate(
        random,
        Buffer.from(random.pick(FILES)),
        VOCABULARY,
        FILES.map((text) => Buffer.from(text)),
      );
      const path = random.oneIn(3)
        ? mutate(random, Buffer.from(random.pick(PATHS))).toString('latin1')
        : random.pick(PATHS);
      for (const { pattern } of parseAttributeFile(file, true).rules) matchesPathPattern(pattern, path, 'deep/');
      allowGitErrors(() => void new SparsePatterns(file).match(path, 'deep/', random.oneIn(2)));
      wildmatch(file.toString('latin1').slice(0, 200), path, {
        pathname: random.oneIn(2),
        ignoreCase: random.oneIn(2),
      });
      const args = ARGUMENTS.filter(() => random.oneIn(2)).map((argument) =>
        random.oneIn(3) ? mutate(random, Buffer.from(argument), VOCABULARY).toString('latin1') : argument,
      );
      allowGitErrors(() => {
        const parsed = parseArchiveArguments(args);
        if (parsed.kind === 'archive') new Pathspec(parsed.paths);
      });
    },
  };
}
