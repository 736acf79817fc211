import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GitObjectStore } from '../../../tests/fixtures/git-object-store.ts';
import { ScratchRepository } from '../../../tests/fixtures/scratch-repository.ts';
import { Pathspec } from '../path/pathspec.ts';
import { type ArchiveFormat, writeArchive } from './archive-format.ts';
import type { ArchiveRequest } from './archive-request.ts';
import { readArchiveSource } from './archive-source.ts';

const NAME_OF_90 = 'n'.repeat(90);
const NAME_OF_120 = 'm'.repeat(120);

let repository: ScratchRepository;
let objects: GitObjectStore;

beforeAll(() => {
  repository = new ScratchRepository();
  write('README.md', 'Hello\n');
  write('empty', '');
  write('src/main.c', 'int main(void) { return 0; }\n');
  write('src/deep/er/file.txt', 'x'.repeat(5_000));
  write(`${NAME_OF_90}/${NAME_OF_90}`, 'a path that is cut in two');
  write(`${NAME_OF_120}/short`, 'a path whose folder has a long name');
  write(`long/${NAME_OF_120}`, 'a name that needs an extended header');
  write('exact/100'.padEnd(100, 'e'), 'exactly one hundred bytes');
  write('exact/101'.padEnd(101, 'e'), 'one more');
  write('ümläut/ß.txt', 'not ASCII\n');
  write('binary.bin', Buffer.from(Array.from({ length: 2_000 }, (_, index) => (index * 7) & 0xff)));
  write('big.dat', Buffer.alloc(5 * 1024 * 1024, 'big file '));
  write('ignored/inside.txt', 'left out');
  write('only-ignored/secret', 'left out');
  write('sub/.gitattributes', 'local.txt export-ignore\nkept.txt -export-ignore\n');
  write('sub/local.txt', 'left out');
  write('sub/kept.txt', 'kept in spite of the rule above');
  write('crlf/text.txt', 'one\ntwo\n');
  write('crlf/mixed.txt', 'one\r\ntwo\n');
  write('crlf/auto.bin', Buffer.from('a\n\0b\n'));
  write('ident.txt', 'id: $Id$ and $Id: old $ and $Id: not ours $\n$Id');
  write('utf16.txt', 'Grüße\n');
  write('latin9.txt', 'Œuvre: 5 €\n');
  write('cyrillic.txt', 'Привет\n');
  write('utf32.txt', 'Grüße 🎉\n');
  write('misfit.txt', 'not in it: 漢\n');
  write('quoted name', 'left out');
  // Before there are attributes: git add would convert the files the other way.
  repository.git(['add', '-A']);
  write(
    '.gitattributes',
    [
      '[attr]private export-ignore',
      '# a comment',
      'ignored/ export-ignore',
      'only-ignored/* private',
      'kept.txt export-ignore',
      'crlf/text.txt text eol=crlf',
      'crlf/mixed.txt text=auto eol=crlf',
      'crlf/*.bin text=auto eol=crlf',
      'ident.txt ident',
      'utf16.txt working-tree-encoding=UTF-16',
      'latin9.txt working-tree-encoding=ISO-8859-15',
      'cyrillic.txt working-tree-encoding=KOI8-R',
      'utf32.txt working-tree-encoding=UTF-32',
      'misfit.txt working-tree-encoding=windows-1252',
      '"quoted\\040name" export-ignore',
      '*.bin binary',
      '**/er/ -export-ignore',
      '',
    ].join('\n'),
  );
  repository.git(['add', '.gitattributes']);
  write('tool.sh', '#!/bin/sh\n');
  repository.git(['add', '--chmod=+x', 'tool.sh']);
  addLink('link', 'README.md');
  addLink('far', 't'.repeat(150));
  repository.git(['update-index', '--add', '--cacheinfo', `160000,${'1'.repeat(40)},vendor/module`]);
  repository.git(['commit', '-q', '-m', 'A tree with everything\n\nBody.']);
  repository.git(['tag', '-a', '-m', 'release', 'v1']);
  objects = new GitObjectStore(repository);
});

afterAll(() => {
  repository[Symbol.dispose]();
});

function write(name: string, content: string | Uint8Array): void {
  const file = path.join(repository.directory, name);
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, content);
}

function addLink(name: string, target: string): void {
  const id = repository.writeObject('blob', target);
  repository.git(['update-index', '--add', '--cacheinfo', `120000,${id},${name}`]);
}

async function archive(
  treeish: string,
  format: ArchiveFormat,
  options: { prefix?: string; paths?: string[]; level?: number; timeSeconds?: number } = {},
): Promise<Buffer> {
  const source = await readArchiveSource(objects, repository.line(['rev-parse', treeish]));
  if (!source) throw new Error(`${treeish} is no tree`);
  const request: ArchiveRequest = {
    objects,
    treeId: source.treeId,
    commitId: source.commit?.id,
    substitution: undefined,
    timeSeconds: source.commit?.timeSeconds ?? options.timeSeconds ?? 0,
    prefix: Buffer.from(options.prefix ?? '').toString('latin1'),
    pathspec: new Pathspec((options.paths ?? []).map((text) => Buffer.from(text).toString('latin1'))),
    attributes: 'of-tree',
    treeDepthMax: 4_096,
    signal: new AbortController().signal,
  };
  const chunks: Uint8Array[] = [];
  for await (const chunk of writeArchive(request, format, options.level)) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** What git makes of the same. */
function gitArchive(args: readonly string[]): Buffer {
  return repository.git(['-c', 'core.attributesFile=/dev/null', 'archive', ...args], { env: { TZ: 'UTC' } });
}

describe('tar', () => {
  it.each([
    ['HEAD', [], {}],
    ['v1', ['--prefix=project-1.0/'], { prefix: 'project-1.0/' }],
    ['HEAD', ['--prefix=no-slash-'], { prefix: 'no-slash-' }],
    ['HEAD', ['--prefix=many///'], { prefix: 'many///' }],
    ['HEAD', [`--prefix=${NAME_OF_120}/`], { prefix: `${NAME_OF_120}/` }],
    ['HEAD^{tree}', [], {}],
    ['HEAD:src', [], {}],
    ['HEAD:sub', [], {}],
  ] as const)('is byte for byte that of git for %s %j', async (treeish, args, options) => {
    const expected = gitArchive(['--format=tar', ...args, treeish]);
    const actual = await archive(treeish, 'tar', { ...options, timeSeconds: mtimeOf(expected) });
    expect(describeTar(actual)).toEqual(describeTar(expected));
    expect(actual.equals(expected)).toBe(true);
  });

  it.each([
    [['src']],
    [['src/deep']],
    [['src/deep/']],
    [['README.md', 'sub']],
    [['*.txt']],
    [['src/*']],
    [[':(glob)src/*']],
    [[':(glob)**/*.txt']],
    [[':!src']],
    [['src', ':!src/deep']],
    [[':^*.txt', ':/']],
    [[':(icase)readme.MD']],
    [['vendor']],
    [['vendor/module']],
    [['ignored']],
    [['[Rr]*']],
    [['ümläut']],
    [['./src/../src']],
  ])('has what git takes for the paths %j', async (paths) => {
    const expected = gitArchive(['--format=tar', 'HEAD', '--', ...paths]);
    expect(describeTar(await archive('HEAD', 'tar', { paths }))).toEqual(describeTar(expected));
  });

  it('is compressed by gzip at any level', async () => {
    const expected = gitArchive(['--format=tar', 'HEAD']);
    for (const level of [undefined, 0, 1, 9]) {
      const options = level === undefined ? {} : { level };
      expect(gunzipSync(await archive('HEAD', 'tar.gz', options)).equals(expected)).toBe(true);
    }
  });
});

describe('zip', () => {
  it('is byte for byte that of git when nothing is compressed', async () => {
    const expected = gitArchive(['--format=zip', '-0', '--prefix=p/', 'HEAD', ':!big.dat']);
    const actual = await archive('HEAD', 'zip', { level: 0, prefix: 'p/', paths: [':!big.dat'] });
    expect(actual.equals(expected)).toBe(true);
  });

  it.each([undefined, 0, 1, 9])('unpacks to what git packs, level %s', async (level) => {
    const folder = mkdtempSync(path.join(tmpdir(), 'och-zip-'));
    try {
      const options = level === undefined ? {} : { level };
      const [ours, theirs] = [path.join(folder, 'ours.zip'), path.join(folder, 'theirs.zip')];
      writeFileSync(ours, await archive('HEAD', 'zip', options));
      writeFileSync(theirs, gitArchive(['--format=zip', 'HEAD']));
      expect(unzip(ours)).toEqual(unzip(theirs));
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

/** Names, modes, sizes and contents as Python's zipfile reads them; it checks every sum. */
function unzip(file: string): unknown {
  const script = [
    'import json, sys, zipfile, hashlib',
    'with zipfile.ZipFile(sys.argv[1]) as z:',
    '  assert z.testzip() is None',
    '  print(json.dumps([z.comment.decode(), [[i.filename, i.external_attr, i.date_time, i.create_system, i.file_size,',
    '    hashlib.sha1(z.read(i)).hexdigest()] for i in z.infolist()]]))',
  ].join('\n');
  return JSON.parse(execFileSync('python3', ['-c', script, file], { encoding: 'utf8' }));
}

/** Of the first header. A tree that no commit was named for is archived with the present time. */
function mtimeOf(tar: Buffer): number {
  return Number.parseInt(tar.toString('latin1', 136, 147), 8);
}

/** The listing of tar, for differences that a person can read. */
function describeTar(bytes: Buffer): string[] {
  const { stdout } = spawnSync('tar', ['tvf', '-', '--utc', '--full-time'], { input: bytes, maxBuffer: 1 << 26 });
  return stdout.toString().split('\n');
}
