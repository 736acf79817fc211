/** Trees with attributes of every kind, and what a client of `git archive --remote` may ask of them. */
import fc from 'fast-check';
import { type GeneratedRepository, writeFolder } from './generated-repository.ts';
import { type ModelTreeEntry, ObjectModel } from './object-model.ts';

const TREES = 6;

/** Names that sort beside each other, that mean something in patterns, and that are too long for a header of tar. */
const FILES = [
  'README.md',
  'A',
  'a.b/c',
  'a/b',
  'a/B.TXT',
  'a/c/d.txt',
  'a/c/e',
  'a/c.d/e.txt',
  'deep/er/still/f.txt',
  'deep/er.txt',
  'link',
  'sub',
  'a/sub',
  'x*y',
  's*/x',
  'br[ack/e]t',
  's p/a ce',
  'Ünï/ß.txt',
  'z',
  `long/${'n'.repeat(90)}/${'m'.repeat(90)}`,
  `${'p'.repeat(120)}/q`,
];
const ATTRIBUTE_FILES = ['.gitattributes', 'a/.gitattributes', 'a/c/.gitattributes', 'deep/.gitattributes'];
const PATTERNS = [
  '*',
  '*.txt',
  'a',
  'a/',
  '/a',
  'a/c',
  'a/**',
  'a/**/d.txt',
  '**/e',
  'c/',
  '*/b',
  'deep/er',
  'still',
  'sub',
  'sub/',
  'link',
  '[A-Z]*',
  'x\\*y',
  '"s p"',
  '"br\\[ack/*"',
  'README.md',
  '!a',
  's*',
  '\\!x',
];
const STATES = [
  'export-ignore',
  '-export-ignore',
  '!export-ignore',
  'export-ignore=yes',
  'export-subst',
  '-export-subst',
  'text',
  '-text',
  'text=auto',
  'eol=crlf',
  'eol=lf',
  'crlf',
  '-crlf',
  'crlf=input',
  'ident',
  '-ident',
  'binary',
  'diff',
  '-diff',
  'working-tree-encoding=UTF-16',
  'working-tree-encoding=UTF-16LE-BOM',
  'working-tree-encoding=utf8',
  'working-tree-encoding=ISO-8859-1',
  'working-tree-encoding=UTF-32BE',
  '-working-tree-encoding',
  'mine',
  '-mine',
  'mine=some-value',
  'hidden',
  '-bad-',
];
const CONTENTS: readonly (string | Uint8Array)[] = [
  '',
  'one\ntwo\n',
  'one\r\ntwo\n',
  'one\r\ntwo\r\n',
  'old\rmac\n',
  'no end',
  'Grüße, 漢字 🎉\n',
  '$Id$ $Id: x $ $Id: a b$\n$Id: $$Id',
  '$Format:%H %h %T %P%n%an <%ae> %ad %cd%n%s%d %D$ and $Format:%e$\n$Format:',
  '$Format:%$\n$Format:%%$$Format:$\n$Id$\r\n',
  Buffer.from([0x47, 0xfc, 0x0a, 0xff, 0xfe, 0x0a]),
  Buffer.from([0x61, 0x0a, 0x00, 0x62, 0x0a]),
  Buffer.from('text with an old end of file\n\x1a'),
  Buffer.from('\x01\x02\x03\x04\x05\x06\x07\n'),
  `${'line of text\n'.repeat(900)}`,
  `\ufeffwith a mark\n`,
];

const attributeLine = fc.oneof(
  {
    weight: 9,
    arbitrary: fc
      .tuple(
        fc.constantFrom(...PATTERNS),
        fc.array(fc.constantFrom(...STATES), { minLength: 1, maxLength: 3 }),
        fc.constantFrom(' ', '\t', '  '),
      )
      .map(([pattern, states, blank]) => [pattern, ...states].join(blank)),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom('[attr]hidden export-ignore -text', '[attr]mine hidden', '# comment', '', ' a text\r'),
  },
);

const treePlan = fc.record({
  files: fc.uniqueArray(
    fc.record({
      path: fc.constantFrom(...FILES),
      content: fc.nat(CONTENTS.length - 1),
      kind: fc.constantFrom('file', 'file', 'file', 'file', 'executable', 'link', 'submodule'),
    }),
    { minLength: 1, maxLength: 14, selector: ({ path }) => path, size: 'max' },
  ),
  attributes: fc.dictionary(
    fc.constantFrom(...ATTRIBUTE_FILES),
    fc.array(attributeLine, { maxLength: 6 }).map((lines) => `${lines.join('\n')}\n`),
    { maxKeys: 3 },
  ),
});

/** The branches `t0`, `t1`, …, each a tree of its own. The same number gives the same repository. */
export function generateArchivedRepository(seed: number): GeneratedRepository {
  const model = new ObjectModel(seed % 5 === 0 ? 'sha256' : 'sha1');
  const plans = fc.sample(treePlan, { seed, numRuns: TREES });
  const commits: string[] = [];
  for (const [number, { files, attributes }] of plans.entries()) {
    const entries = new Map<string, ModelTreeEntry>();
    for (const { path, content, kind } of files)
      entries.set(path, makeEntry(model, path, CONTENTS[content] ?? '', kind));
    for (const [path, text] of Object.entries(attributes)) {
      entries.set(path, { mode: '100644', name: path, id: model.blob(text) });
    }
    const seconds = 1_700_000_000 + number * 1_001;
    commits.push(model.commit(writeFolder(model, entries), commits.slice(-1), seconds, `Commit ${number}\n\nBody.`));
  }
  const refs = new Map(commits.map((id, number) => [`refs/heads/t${number}`, id]));
  refs.set('refs/tags/v1', model.tag(commits[0] ?? '', 'v1'));
  refs.set('refs/hidden/x', commits[0] ?? '');
  return { model, refs, headTarget: 'refs/heads/t0', commits, unreachable: [] };
}

type PlannedKind = 'file' | 'executable' | 'link' | 'submodule' | string;

function makeEntry(model: ObjectModel, name: string, content: string | Uint8Array, kind: PlannedKind): ModelTreeEntry {
  if (kind === 'submodule') return { mode: '160000', name, id: '1'.repeat(model.zeroId.length) };
  const target = `${name.length % 2 ? 'far/'.repeat(40) : ''}target`;
  if (kind === 'link') return { mode: '120000', name, id: model.blob(target) };
  return { mode: kind === 'executable' ? '100755' : '100644', name, id: model.blob(content) };
}

const SPECS = [
  ...FILES.slice(0, 19),
  'a',
  'a/',
  'a/c',
  'a/c/',
  'deep',
  'deep/er',
  'sub/',
  'link/',
  '.',
  './a',
  'a/.',
  'a/..',
  'a//c',
  'a/../deep',
  '..',
  '/',
  '/a',
  '*',
  '*.txt',
  'a/*',
  '*/b',
  '*/',
  '**',
  'dee?',
  'deep*',
  'de*/er*',
  'd*/x',
  '[a-d]',
  '[!a]*',
  'a/c*',
  's*/x',
  's*',
  'br\\[ack',
  'x\\*y',
  'none',
  'none*',
  'README.md/',
];
const MAGIC = [
  '',
  '',
  '',
  '',
  ':',
  ':/',
  ':!',
  ':^',
  ':!/',
  ':(top)',
  ':(exclude)',
  ':(glob)',
  ':(icase)',
  ':(literal)',
  ':(glob,icase)',
  ':(exclude,glob)',
  ':(exclude,icase)',
  ':(top,literal)',
  ':(literal,glob)',
  ':()',
  ':(,)',
  ':(bogus)',
  ':(glob',
  ':;',
  ':-',
  ':(prefix:0)',
  ':(prefix:x)',
];
const ATTRIBUTE_MAGIC = [
  ':(attr:mine)',
  ':(attr:-mine)',
  ':(attr:!mine)',
  ':(attr:mine=some-value)',
  ':(exclude,attr:mine)',
  ':(attr:text -diff)',
  ':(attr:export-ignore,glob)',
  ':(attr:)',
  ':(attr:mine=a b)',
  ':(attr:mine=a\\)',
  ':(attr:mine,attr:text)',
  ':(attr:-bad-=x)',
];
const TREEISHES = [
  'HEAD',
  't0',
  'heads/t1',
  'refs/heads/t2',
  'v1',
  'none',
  't0:',
  't0:a',
  't0:a/',
  't0:a//c',
  't0:none',
  't0:README.md',
  't0:README.md/',
  't0:./a',
  't0:../a',
  't0:/a',
  't0^{tree}',
  't0~0',
  '@',
  '@{0}',
  '',
  ':a',
];
const PREFIXES = [[], ['--prefix=p/'], ['--prefix=p'], ['--prefix=p//'], ['--prefix='], ['--prefix=x', '--no-prefix']];
/** Git forgets it, when it is said twice. */
const VERBOSITY = [[], ['-v'], ['--verbose'], ['-v', '--no-verbose']];

export interface ArchiveQuestion {
  readonly format: 'tar' | 'zip' | 'tgz';
  readonly args: readonly string[];
}

/** @param asksAttributes whether git reads a tree's attributes before it looks for paths */
export function archiveQuestion(asksAttributes: boolean): fc.Arbitrary<ArchiveQuestion> {
  const magic = [...MAGIC, ...(asksAttributes ? ATTRIBUTE_MAGIC : [])];
  const path = fc.tuple(fc.constantFrom(...magic), fc.constantFrom('', ...SPECS)).map((parts) => parts.join(''));
  return fc
    .record({
      format: fc.constantFrom('tar', 'tar', 'tar', 'tar', 'zip', 'tgz'),
      options: fc.tuple(fc.constantFrom(...PREFIXES), fc.constantFrom(...VERBOSITY)).map((options) => options.flat()),
      treeish: fc.oneof(
        { weight: 6, arbitrary: fc.nat(TREES - 1).map((number) => `t${number}`) },
        { weight: 1, arbitrary: fc.constantFrom(...TREEISHES) },
      ),
      paths: fc.oneof(
        { weight: 1, arbitrary: fc.constant([]) },
        { weight: 4, arbitrary: fc.array(path, { minLength: 1, maxLength: 3 }) },
      ),
      worktreeAttributes: fc.nat(19),
    })
    .map(({ format, options, treeish, paths, worktreeAttributes }) => ({
      format: format as ArchiveQuestion['format'],
      args: [
        `--format=${format}`,
        // So that zlib has no say in it.
        ...(format === 'zip' ? ['-0'] : []),
        ...options,
        ...(worktreeAttributes === 0 ? ['--worktree-attributes'] : []),
        treeish,
        ...(paths.length === 0 ? [] : ['--', ...paths]),
      ],
    }));
}
