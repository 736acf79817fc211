/** `$Format:…$` beside `git archive`: the same files with the same formats, of commits of every kind. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GitObjectStore } from '../../../tests/fixtures/git-object-store.ts';
import { gitSnapshot } from '../../../tests/fixtures/git-snapshot.ts';
import { ScratchRepository } from '../../../tests/fixtures/scratch-repository.ts';
import type { RefSnapshot } from '../ref-store.ts';
import { type ArchiveSource, readArchiveSource } from './archive-source.ts';
import { ExportSubstitution } from './export-subst.ts';

const LETTERS = [
  ...'HhTtPpadcDBsfbeNSmnx%Zz',
  'gd',
  'gD',
  'gn',
  'gs',
  'gx',
  'G?',
  'GG',
  'GS',
  'GK',
  'GF',
  'GP',
  'GT',
  'GX',
];
const PERSONS = ['a', 'c'].flatMap((who) => [...'nNeElLdDiIsthrx'].map((part) => who + part));

/** Each is a file of its own. */
const FORMATS = [
  ...[...LETTERS, ...PERSONS].map((letters) => `%${letters}`),
  ...[
    '%+s',
    '%-s',
    '% s',
    'x\n%-N',
    '\n\n%-e|',
    '%+e|',
    '% e|',
    '%+w(3)',
    '%-%',
    '%+Z|',
    '%%h',
    '%',
    '%%',
    'no placeholder',
  ],
  ...['%x41%x2c%x0a%x7e', '%xg1', '%x4', '%nx'],
  ...[
    '%<(20)%an|',
    '%>(20)%an|',
    '%><(21)%an|',
    '%<(5)%an|',
    '%<(5,trunc)%an|',
    '%<(8,ltrunc)%an|',
    '%<(7,mtrunc)%an|',
  ],
  ...[
    'ab %>>(4)%h|',
    'abc      %>>(20)%an|',
    'x%>>(3)%an|',
    '%<|(30)%an|%h',
    'abc%<|(10)%x41|',
    '%>|(-60)%an|',
    '%><|(40)%s|',
  ],
  ...['%<(0)%h', '%<(x)%h', '%<(20000)%h', '%<(10,foo)%h|', '%<(10', '%<(-3)%h', '%<(6) %e|', '%<(4)', '%<(12abc)%h|'],
  ...[
    '%w(30,2,4)%b',
    '%w(20)%s%n%n%b',
    '%w(0,3,6)%b%w()%b',
    '%w(10',
    '%w(x)%s',
    '%w(40,1)%s%w(20)%s',
    '%w(5,20,20)%s',
    '%w(99999)',
  ],
  ...[
    '%(trailers)',
    '%(trailers:only)',
    '%(trailers:only=no)',
    '%(trailers:key=Acked-by)',
    '%(trailers:key=acked-by:,valueonly)',
  ],
  ...[
    '%(trailers:key=Acked-by,key=Signed-off-by,separator=%x2c )',
    '%(trailers:unfold,only=true)',
    '%(trailers:keyonly,only)',
  ],
  ...[
    '%(trailers:key_value_separator=%x3a%x3a,only)',
    '%(trailers:separator=|)',
    '%(trailers:bogus)',
    '%(trailers',
    '%(trailers:key)',
  ],
  ...['%(trailers:key=No-such)', '%(trailers:only=perhaps)', '%(trailersx)', '[%(trailers:valueonly,separator=%n)]'],
  ...[
    '%C(red)a%Creset',
    '%C(always,red)a',
    '%C(always,bold brightblue #ff8000 ul no-dim)b',
    '%C(always,reset)',
    '%C(auto)%h',
    '%Cfoo',
  ],
  ...[
    '%C(always,12)%C(always,200)%C(always,normal 3)%C(always,default nobold)',
    '%C(nonsense)',
    '%C(red',
    '%C(always,)x',
  ],
  ...['%<(10)%C(always,red)%h|', '%>(10)%C(always,red)%C(always,bold)%h|', 'a   %C(always,red)   %>>(12)%an|'],
  ...['%(decorate)', '%(decorate:prefix=<,suffix=>,separator=;,tag=T-,pointer=@)', '%(decorate:bogus=1)', '%(unknown)'],
  ...['%an <%ae>%n%ad', '%h %s%n%b%n-- %n%cI', '%s%w(20,2,2)%n%B', '%<(30,trunc)%s|%>(12)%as|'],
];

const DESCRIBES = [
  '%(describe)',
  '%(describe:tags)',
  '%(describe:tags=false)',
  '%(describe:abbrev=12)',
  '%(describe:abbrev=0)',
  '%(describe:abbrev=1,tags)',
  '%(describe:abbrev=x)',
  '%(describe:match=v1*)',
  '%(describe:match=v1*,match=side*,tags)',
  '%(describe:exclude=v1*)',
  '%(describe:exclude=*)',
  '%(describe:bogus)',
  '%(describe',
  '%(describe) %(describe)',
];

const MESSAGES = [
  'One line',
  'A subject of\ntwo lines\n\nA body that is rather long, so that it has to be broken somewhere when the width is small.\n\n  indented\tand\ttabs\n\n\n* list\n* more\n\nSigned-off-by: Ada <ada@example.com>\nAcked-by: B\n  and C\nAcked-by: D\n# a comment\n(cherry picked from commit 1234)\nno trailer at all\n',
  '   \n\n  leading blanks...and dots..\n\n\nBody: one\nOther: two\n',
  'Wide 漢字 and é and \u0301 combining, 絵文字 🎉 \u200b zero\n\nKörper: wért\nNext-line: 漢字\n folded\n',
  'Subject\n\nConflicts:\n\tfile\n',
  'Subject\n\nKey: value\n# ------------------------ >8 ------------------------\nOther: cut\n',
  '',
];

const ODD_PEOPLE = [
  'A. U. Thor <thor@example.com> 1700000000',
  'Nobody',
  '<plain@example.com> 1700000000 +0000',
  'X <a@b> c> 12345 +0100',
  'Y <y@example.com> 99999999999999999999 +0000',
];
const ODD = ODD_PEOPLE.map((_, index) => `odd-${index}`);
const REVISIONS = Array.from({ length: 9 }, (_, index) => `main~${index}`).concat('side');

type CommitSource = NonNullable<ArchiveSource['commit']>;

/** What git before 2.46 does not have, or writes in another way. */
const NEWER = /decorate|%[ac]I|separator=(?:\||%n)/;

let repository: ScratchRepository;
let refs: RefSnapshot;
let objects: GitObjectStore;
let isOldGit: boolean;

beforeAll(() => {
  repository = new ScratchRepository();
  const [, minor = ''] = /^git version 2\.(\d+)/.exec(repository.line(['version'])) ?? [];
  isOldGit = Number(minor) < 46;
  writeFileSync(
    path.join(repository.directory, '.mailmap'),
    [
      '# comment',
      'Augusta Ada <augusta@example.com> <ADA@example.com>',
      'Only Name <grace@example.com>',
      'Other <other@example.com> Zoë <zoe@example.com>',
      '<mapped@example.com> <plain@example.com>',
      'broken line',
      'No Mail <>',
    ].join('\n'),
  );
  writeFileSync(path.join(repository.directory, '.gitattributes'), '* export-subst\n');
  for (const [folder, formats] of Object.entries({ formats: FORMATS, describes: DESCRIBES })) {
    mkdirSync(path.join(repository.directory, folder));
    formats.forEach((format, index) => {
      writeFileSync(path.join(repository.directory, folder, String(index)), fileOf(format));
    });
  }
  repository.git(['add', '-A']);
  const times = [
    '1700000000 +0100',
    '1700000100 -0730',
    '1262304000 +0545',
    '0 +0000',
    '1800000000 +0000',
    '4102444800 +1400',
    '86400 -0030',
  ];
  MESSAGES.forEach((message, index) => {
    const date = `@${times[index]}`;
    const env = { GIT_AUTHOR_DATE: date, GIT_COMMITTER_DATE: date };
    const name = index === 3 ? { GIT_AUTHOR_NAME: 'Zoë', GIT_AUTHOR_EMAIL: 'zoe@example.com' } : {};
    const args = ['commit', '-q', '--allow-empty', '--allow-empty-message', '--cleanup=verbatim', '-m', message];
    repository.git(args, { env: { ...env, ...name } });
    if (index === 1) repository.git(['tag', '-a', '-m', 'one', 'v1.0']);
    if (index === 1)
      repository.git(['tag', '-a', '-m', 'newer', 'v1.0-again'], { env: { GIT_COMMITTER_DATE: '1700000500 +0000' } });
    if (index === 2) repository.git(['tag', 'light']);
  });
  repository.git(['checkout', '-q', '-b', 'side', 'HEAD~2']);
  repository.git(['commit', '-q', '--allow-empty', '-m', 'Side']);
  repository.git(['tag', '-a', '-m', 'side', 'side-1']);
  // A tag whose object has another name than its ref.
  repository.git(['update-ref', 'refs/tags/renamed', repository.line(['rev-parse', 'side-1'])]);
  repository.git(['checkout', '-q', 'main']);
  repository.git(['merge', '-q', '--no-ff', '-m', 'Merge', 'side']);
  repository.git(['update-ref', 'refs/remotes/origin/main', 'HEAD']);
  repository.git(['update-ref', 'refs/odd/one', 'HEAD']);
  repository.git(['tag', 'v2', 'HEAD']);
  repository.git(['-c', 'i18n.commitEncoding=ISO-8859-1', 'commit', '-q', '--allow-empty', '-F', '-'], {
    input: Buffer.from('Gr\u00fc\u00dfe\n\nK\u00f6rper\n', 'latin1'),
  });
  ODD_PEOPLE.forEach((person, index) => {
    const body = `tree ${repository.line(['rev-parse', 'HEAD^{tree}'])}\nauthor ${person}\ncommitter ${person}\n\nOdd\n`;
    repository.git(['update-ref', `refs/heads/${ODD[index]}`, repository.writeObject('commit', body)]);
  });
  ({ refs, objects } = gitSnapshot(repository));
  remember(objects);
});

afterAll(() => repository[Symbol.dispose]());

describe('formats', () => {
  it.each([...REVISIONS, ...ODD])('of %s are filled in as by git', async (revision) => {
    const theirs = gits(revision, 'formats');
    const filled = await ours(revision, FORMATS);
    for (const [index, format] of FORMATS.entries()) {
      if (isOldGit && NEWER.test(format)) continue;
      expect(`${format}: ${filled[index]}`).toBe(`${format}: ${theirs.get(`formats/${index}`)}`);
    }
  });

  it.each(['main', 'main~1', 'main~2', 'main~4', 'main~5', 'side', 'odd-1'])(
    '%s is described as by git',
    async (revision) => {
      for (const [index, format] of DESCRIBES.entries()) {
        // Of each archive only the first is described.
        const theirs = gits(revision, `describes/${index}`).get(`describes/${index}`);
        expect(`${format}: ${(await ours(revision, [format]))[0]}`).toBe(`${format}: ${theirs}`);
      }
    },
  );

  it('that ask for too much end the archive', async () => {
    const longLine = `${'x'.repeat(100_000)} $Format:${'%<|(16000)%n'.repeat(5_000)}$`;
    await expect(fillIn(await sourceOf('main'), Buffer.from(longLine))).rejects.toThrow('ask for too much');
    const many = `$Format:${'%(trailers:key=x)'.repeat(100)}$`.repeat(20_000);
    await expect(fillIn(await sourceOf('main~7'), Buffer.from(many))).rejects.toThrow('ask for too much');
  });
});

/** Git is a process for each question. */
function remember(store: GitObjectStore): void {
  const find = store.findByPrefix.bind(store);
  const found = new Map<string, ReturnType<typeof find>>();
  store.findByPrefix = (prefix, countMax) => {
    const ids = found.get(prefix) ?? find(prefix, countMax);
    found.set(prefix, ids);
    return ids;
  };
  Object.defineProperty(store, 'objectCount', { value: store.objectCount });
}

function fileOf(format: string): string {
  return `before\n  $Format:${format}$ after $Format:%h$\n$Format:\n`;
}

async function ours(revision: string, formats: readonly string[]): Promise<string[]> {
  const source = await sourceOf(revision);
  const filled = [];
  for (const format of formats) filled.push(await fillIn(source, Buffer.from(fileOf(format))));
  return filled;
}

async function sourceOf(revision: string): Promise<CommitSource> {
  const source = await readArchiveSource(objects, repository.line(['rev-parse', revision]));
  if (source?.commit === undefined) throw new Error(`${revision} is no commit`);
  return source.commit;
}

async function fillIn(commit: CommitSource, file: Uint8Array): Promise<string> {
  const nowSeconds = Math.floor(Date.now() / 1_000);
  const { signal } = new AbortController();
  const substitution = new ExportSubstitution({ ...commit, objects, refs, nowSeconds, signal });
  return Buffer.from(await substitution.fillIn(file)).toString('latin1');
}

/** By name, what git puts into an archive of the path. */
function gits(revision: string, pathspec: string): Map<string, string> {
  const tar = repository.git(['archive', revision, pathspec], { env: { TZ: 'UTC' } });
  const files = new Map<string, string>();
  for (let offset = 0; tar[offset] !== 0; ) {
    const name = tar.toString('latin1', offset, offset + 100).replace(/\0.*$/s, '');
    const sizeBytes = Number.parseInt(tar.toString('latin1', offset + 124, offset + 135), 8);
    files.set(name, tar.toString('latin1', offset + 512, offset + 512 + sizeBytes));
    offset += 512 + Math.ceil(sizeBytes / 512) * 512;
  }
  return files;
}
