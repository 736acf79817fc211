/** Objects that git-fsck(1) has a message for, at least one for each; and neighbours that have none. */
import { objectId, PackMaker, TYPE, treeEntry } from '../fixtures/pack-maker.ts';
import type { CorpusCase } from './broken-pack.ts';

type Type = 'commit' | 'tree' | 'blob' | 'tag';

const BLOB = 'text\n';
const BLOB_ID = objectId('blob', BLOB);
const TREE = treeEntry('100644', 'file', BLOB_ID);
const TREE_ID = objectId('tree', TREE);
const WHO = 'A U Thor <a@example.com> 1700000000 +0100';
const COMMIT = `tree ${TREE_ID}\nauthor ${WHO}\ncommitter ${WHO}\n\nmessage\n`;
const COMMIT_ID = objectId('commit', COMMIT);
const NULL_ID = '0'.repeat(40);

export function brokenObjects(): CorpusCase[] {
  return [...commits(), ...identities(), ...tags(), ...trees(), ...treeNames(), ...gitmodules(), ...gitattributes()];
}

function objectCase(name: string, type: Type, body: string | Buffer, more: [Type, string | Buffer][] = []): CorpusCase {
  const maker = new PackMaker();
  const added = new Set<string>();
  const bodies: [Type, string | Buffer][] = [['blob', BLOB], ['tree', TREE], ['commit', COMMIT], ...more, [type, body]];
  for (const [oneType, oneBody] of bodies) {
    const bytes = bytesOf(oneBody);
    const id = objectId(oneType, bytes);
    if (added.has(id)) continue;
    added.add(id);
    maker.add(TYPE[oneType], bytes);
  }
  return { name, pack: maker.build(), tip: objectId(type, bytesOf(body)) };
}

function commits(): CorpusCase[] {
  const author = `author ${WHO}\n`;
  const committer = `committer ${WHO}\n`;
  const commit = (name: string, body: string) => objectCase(`commit: ${name}`, 'commit', body);
  return [
    commit('sound', COMMIT),
    commit('no tree', `${author}${committer}\nm\n`),
    commit('tree with a short id', `tree ${TREE_ID.slice(1)}\n${author}${committer}\nm\n`),
    commit('tree with an id in capitals', `tree ${TREE_ID.toUpperCase()}\n${author}${committer}\nm\n`),
    commit('tree with something after the id', `tree ${TREE_ID} x\n${author}${committer}\nm\n`),
    commit('tree twice', `tree ${TREE_ID}\ntree ${TREE_ID}\n${author}${committer}\nm\n`),
    commit('parent with a short id', `tree ${TREE_ID}\nparent 123\n${author}${committer}\nm\n`),
    commit('parent after the author', `tree ${TREE_ID}\n${author}parent ${COMMIT_ID}\n${committer}\nm\n`),
    commit('no author', `tree ${TREE_ID}\n${committer}\nm\n`),
    commit('two authors', `tree ${TREE_ID}\n${author}${author}${committer}\nm\n`),
    commit('no committer', `tree ${TREE_ID}\n${author}\nm\n`),
    commit('committer before author', `tree ${TREE_ID}\n${committer}${author}\nm\n`),
    commit('NUL in the message', `tree ${TREE_ID}\n${author}${committer}\nm\0m\n`),
    commit('NUL in the header', `tree ${TREE_ID}\n${author}committer A\0 <a@b> 1 +0000\n\nm\n`),
    commit('no end of the header', `tree ${TREE_ID}\n${author}${committer.trimEnd()}`),
    commit('no message and no empty line', `tree ${TREE_ID}\n${author}${committer}`),
    commit('no message', `tree ${TREE_ID}\n${author}${committer}\n`),
    commit('an unknown header', `tree ${TREE_ID}\n${author}${committer}frotz 1\n\nm\n`),
    commit('an encoding', `tree ${TREE_ID}\n${author}${committer}encoding latin1\n\nm\n`),
    commit('a signature', `tree ${TREE_ID}\n${author}${committer}gpgsig -----BEGIN\n x\n -----END\n\nm\n`),
    commit('its own tree as parent', `tree ${TREE_ID}\nparent ${TREE_ID}\n${author}${committer}\nm\n`),
    commit('a blob as tree', `tree ${BLOB_ID}\n${author}${committer}\nm\n`),
    commit('a tree that is nowhere', `tree ${'12'.repeat(20)}\n${author}${committer}\nm\n`),
    commit('a parent that is nowhere', `tree ${TREE_ID}\nparent ${'12'.repeat(20)}\n${author}${committer}\nm\n`),
    commit('a null tree', `tree ${NULL_ID}\n${author}${committer}\nm\n`),
    commit(
      'the same parent twice',
      `tree ${TREE_ID}\nparent ${COMMIT_ID}\nparent ${COMMIT_ID}\n${author}${committer}\nm\n`,
    ),
  ];
}

function identities(): CorpusCase[] {
  const people = [
    ...['<a@b> 1 +0000', ' <a@b> 1 +0000', 'A> <a@b> 1 +0000', 'A 1 +0000', 'A a@b 1 +0000', 'A<a@b> 1 +0000'],
    ...['A <a<b> 1 +0000', 'A <a@b 1 +0000', 'A <a@b>1 +0000', 'A <a@b>', 'A <a@b> ', 'A <a@b> x +0000'],
    ...['A <a@b> 01 +0000', 'A <a@b> 0 +0000', 'A <a@b> -1 +0000', 'A <a@b> 99999999999999999999 +0000'],
    ...['A <a@b> 9223372036854775807 +0000', 'A <a@b> 9223372036854775808 +0000', 'A <a@b> 18446744073709551615 +0000'],
    ...['A <a@b> 1', 'A <a@b> 1 ', 'A <a@b> 1 0000', 'A <a@b> 1 +000', 'A <a@b> 1 +00000', 'A <a@b> 1 +9999'],
    ...['A <a@b> 1 +00x0', 'A <a@b> 1  +0000', 'A  <a@b> 1 +0000', 'A <> 1 +0000', 'A <a@b>  1 +0000', '', 'A'],
    ...['A <a@b> 1 +0000 ', 'A <a@b> 1 +0000x', 'A <a b> 1 +0000', 'A <a@b>> 1 +0000', 'Ü <ü@b> 1 +0000'],
    ...['A <a@b>\t1 +0000', 'A <a@b> \v1 +0000', 'A\t<a@b> 1 +0000', 'A <a@b> 1\t+0000', 'A <a@b> 1.5 +0000'],
  ];
  return people.flatMap((who) => [
    objectCase(`author "${who}"`, 'commit', `tree ${TREE_ID}\nauthor ${who}\ncommitter ${WHO}\n\nm\n`),
    objectCase(`committer "${who}"`, 'commit', `tree ${TREE_ID}\nauthor ${WHO}\ncommitter ${who}\n\nm\n`),
    objectCase(`tagger "${who}"`, 'tag', `object ${COMMIT_ID}\ntype commit\ntag v1\ntagger ${who}\n\nm\n`),
  ]);
}

function tags(): CorpusCase[] {
  const tag = (name: string, body: string) => objectCase(`tag: ${name}`, 'tag', body);
  const head = `object ${COMMIT_ID}\ntype commit\ntag v1\n`;
  const tagger = `tagger ${WHO}\n`;
  return [
    tag('sound', `${head}${tagger}\nm\n`),
    tag('no object', `type commit\ntag v1\n${tagger}\nm\n`),
    tag('object with a short id', `object 123\ntype commit\ntag v1\n${tagger}\nm\n`),
    tag('object with something after it', `object ${COMMIT_ID} x\ntype commit\ntag v1\n${tagger}\nm\n`),
    tag('no type', `object ${COMMIT_ID}\ntag v1\n${tagger}\nm\n`),
    tag('a type that is none', `object ${COMMIT_ID}\ntype frotz\ntag v1\n${tagger}\nm\n`),
    tag('a type without a line end', `object ${COMMIT_ID}\ntype commit`),
    tag('an empty type', `object ${COMMIT_ID}\ntype \ntag v1\n${tagger}\nm\n`),
    tag('another type than its object', `object ${COMMIT_ID}\ntype tree\ntag v1\n${tagger}\nm\n`),
    tag('no name', `object ${COMMIT_ID}\ntype commit\n${tagger}\nm\n`),
    tag('a name without a line end', `object ${COMMIT_ID}\ntype commit\ntag v1`),
    tag('an empty name', `object ${COMMIT_ID}\ntype commit\ntag \n${tagger}\nm\n`),
    tag('a name that is none', `object ${COMMIT_ID}\ntype commit\ntag a..b\n${tagger}\nm\n`),
    tag('no tagger', `${head}\nm\n`),
    tag('two taggers', `${head}${tagger}${tagger}\nm\n`),
    tag('an unknown header', `${head}${tagger}frotz 1\n\nm\n`),
    tag('a signature in the header', `${head}${tagger}gpgsig -----BEGIN\n x\n -----END\n\nm\n`),
    tag('no message and no empty line', `${head}${tagger}`),
    tag('no end of the header', `${head}${tagger.trimEnd()}`),
    tag('NUL in the header', `${head}tagger A\0 <a@b> 1 +0000\n\nm\n`),
    tag('NUL in the message', `${head}${tagger}\nm\0m\n`),
    tag('an object that is nowhere', `object ${'12'.repeat(20)}\ntype commit\ntag v1\n${tagger}\nm\n`),
    tag('the object after the type', `type commit\nobject ${COMMIT_ID}\ntag v1\n${tagger}\nm\n`),
  ];
}

function trees(): CorpusCase[] {
  const file = treeEntry('100644', 'file', BLOB_ID);
  const tree = (name: string, ...entries: Buffer[]) => objectCase(`tree: ${name}`, 'tree', Buffer.concat(entries));
  const modes = [
    '100644',
    '100755',
    '120000',
    '160000',
    '100664',
    '100600',
    '0100644',
    '100000',
    '644',
    '7',
    '1',
    '140000',
  ];
  return [
    ...modes.map((mode) => tree(`a blob of mode ${mode}`, treeEntry(mode, 'file', BLOB_ID))),
    ...['40000', '040000', '40755', '100644'].map((mode) =>
      tree(`a folder of mode ${mode}`, treeEntry(mode, 'file', TREE_ID)),
    ),
    ...['10064x', '-100644', '', '+100644', '99999999999999999999644'].map((mode) =>
      tree(`mode "${mode}"`, treeEntry(mode, 'file', BLOB_ID)),
    ),
    tree('the null id', treeEntry('100644', 'file', NULL_ID)),
    tree('the null id as submodule', treeEntry('160000', 'file', NULL_ID)),
    tree('an id that is cut short', file.subarray(0, -1)),
    tree('an entry without an id', Buffer.from('100644 file\0')),
    tree('an entry without NUL', Buffer.from('100644 file')),
    tree('bytes after the last entry', file, Buffer.from('x')),
    tree('the same entry twice', file, file),
    tree('the same name as file and folder', treeEntry('100644', 'a', BLOB_ID), treeEntry('40000', 'a', TREE_ID)),
    tree(
      'the same name as file and folder, apart',
      treeEntry('100644', 'a', BLOB_ID),
      treeEntry('100644', 'a-', BLOB_ID),
      treeEntry('40000', 'a', TREE_ID),
    ),
    tree('out of order', treeEntry('100644', 'b', BLOB_ID), treeEntry('100644', 'a', BLOB_ID)),
    tree('a folder sorted as a file', treeEntry('40000', 'a', TREE_ID), treeEntry('100644', 'a.b', BLOB_ID)),
    tree('a folder sorted as a folder', treeEntry('100644', 'a.b', BLOB_ID), treeEntry('40000', 'a', TREE_ID)),
    tree('a file that is nowhere', treeEntry('100644', 'file', '12'.repeat(20))),
    tree('a submodule that is nowhere', treeEntry('160000', 'file', '12'.repeat(20))),
    tree('a commit as file', treeEntry('100644', 'file', COMMIT_ID)),
    tree('a name of 5,000 bytes', treeEntry('100644', 'x'.repeat(5_000), BLOB_ID)),
  ];
}

function treeNames(): CorpusCase[] {
  const names = [
    ...[
      '',
      '.',
      '..',
      '...',
      'a/b',
      '/',
      'a/',
      '.git',
      '.GIT',
      '.Git',
      '.giT',
      'git',
      '.git ',
      '.git.',
      '.git...',
      '.git. .',
    ],
    ...[
      '.git\\x',
      'a\\.git',
      '.git\\..',
      'git~1',
      'GIT~1',
      'git~2',
      'git~1 ',
      'git~1.',
      'git~10',
      '.git::$INDEX_ALLOCATION',
      '.git:x',
    ],
    ...['.g\u200cit', '\u200d.git', '.git\u200e', '.G\u202aIT', '.g\ufeffit', '.gi\u206ft', '.g\u0131t', '.git\u0301'],
    ...[
      '.gitmodules',
      '.GITMODULES',
      '.gitmodules ',
      '.gitmodules.',
      'gitmod~1',
      'GITMOD~4',
      'gitmod~5',
      'gi7eba~1',
      '.gitm\u200codules',
    ],
    ...[
      '.gitattributes',
      '.gitignore',
      '.mailmap',
      'gitatt~1',
      'gitign~1',
      'mailma~1',
      'con',
      'aux.txt',
      'a:b',
      'a\tb',
      'a\nb',
      '\xff',
    ],
  ];
  return names.flatMap((name) => [
    objectCase(
      `file named ${JSON.stringify(name)}`,
      'tree',
      treeEntry('100644', Buffer.from(name).toString('latin1'), BLOB_ID),
    ),
    objectCase(
      `folder named ${JSON.stringify(name)}`,
      'tree',
      treeEntry('40000', Buffer.from(name).toString('latin1'), TREE_ID),
    ),
    objectCase(
      `link named ${JSON.stringify(name)}`,
      'tree',
      treeEntry('120000', Buffer.from(name).toString('latin1'), BLOB_ID),
    ),
  ]);
}

function gitmodules(): CorpusCase[] {
  const section = (lines: string, name = 'x') => `[submodule "${name}"]\n${lines}`;
  const urls = [
    ...['https://example.com/x.git', '../x.git', './x', '-u./payload', '--upload-pack=x', 'ssh://-oProxyCommand=x/y'],
    ...[
      'https://example.com/%0ahost=x',
      'https://example.com/\\nx',
      '../%0a',
      './%0ax',
      'http://',
      'http:///path',
      'https://:@/x',
    ],
    ...[
      'ext::sh -c x',
      'https::http://x',
      '../../..//x',
      './../:x',
      '../x:y',
      'http::../x',
      'https:x',
      'file:///x',
      'git@x:y',
      '',
      'ftp://x/%0a',
    ],
    ...[
      'http::https://example.com/%0a',
      '../../../http://x',
      '././../x',
      'https://example.com/%00',
      'a\\\\..\\\\b',
      ' -x',
      '"-x"',
    ],
  ];
  const names = ['x', '..', '../x', 'x/..', 'x/../y', 'a..b', '', 'x/', '/x', '.git', '-x', 'a\\\\..\\\\b', '..\\\\x'];
  const contents = [
    ...urls.map((url) => [`url ${JSON.stringify(url)}`, section(`\turl = ${url}\n`)] as const),
    ...names.map((name) => [`name ${JSON.stringify(name)}`, section('\turl = https://x/y\n', name)] as const),
    ...['x', '-x', '--x', './-x', '../x', '/x', ''].map(
      (path) => [`path ${JSON.stringify(path)}`, section(`\tpath = ${path}\n`)] as const,
    ),
    ...['checkout', 'none', 'rebase', 'merge', '!sh', '!', 'frotz', ''].map(
      (update) => [`update ${JSON.stringify(update)}`, section(`\tupdate = ${update}\n`)] as const,
    ),
    ['empty', ''],
    ['no config at all', 'frotz frotz [\n'],
    ['a section that does not end', '[submodule "x'],
    ['a key without a value', section('\turl\n')],
    ['a url in another section', '[core]\n\turl = -x\n'],
    ['a url in a section without a name', '[submodule]\n\turl = -x\n'],
    ['an old-style section', '[submodule.x]\n\turl = -x\n'],
    ['a section in capitals', '[SUBMODULE "x"]\n\tURL = -x\n'],
    ['a comment', '# [submodule "x"]\n;\turl = -x\n'],
    ['a url that goes on', section('\turl = \\\n-x\n')],
    ['a byte order mark', `\ufeff${section('\turl = -x\n')}`],
    ['NUL', section('\turl = x\0y\n')],
    ['CR LF', section('\turl = -x\r\n').replaceAll('\n', '\r\n')],
    ['an include', '[include]\n\tpath = /etc/passwd\n'],
  ] as const;
  const under = (name: string, content: string, file = '.gitmodules') =>
    objectCase(name, 'tree', treeEntry('100644', file, objectId('blob', Buffer.from(content))), [['blob', content]]);
  return [
    ...contents.map(([name, content]) => under(`.gitmodules: ${name}`, content)),
    under('.gitmodules by an alias of NTFS', section('\turl = -x\n'), 'GITMOD~1'),
    under(
      '.gitmodules by an alias of HFS',
      section('\turl = -x\n'),
      Buffer.from('.gitmod\u200cules').toString('latin1'),
    ),
    under('.gitmodules by another name', section('\turl = -x\n'), 'gitmodules'),
    objectCase('.gitmodules that is nowhere', 'tree', treeEntry('100644', '.gitmodules', '12'.repeat(20))),
    objectCase('.gitmodules before its tree', 'tree', treeEntry('100644', '.gitmodules', BLOB_ID)),
    objectCase(
      '.gitmodules deep down',
      'tree',
      treeEntry(
        '40000',
        'd',
        objectId('tree', treeEntry('100644', '.gitmodules', objectId('blob', '[submodule "x"]\nurl=-x\n'))),
      ),
      [
        ['blob', '[submodule "x"]\nurl=-x\n'],
        ['tree', treeEntry('100644', '.gitmodules', objectId('blob', '[submodule "x"]\nurl=-x\n'))],
      ],
    ),
  ];
}

function gitattributes(): CorpusCase[] {
  const under = (name: string, content: string) =>
    objectCase(`.gitattributes: ${name}`, 'tree', treeEntry('100644', '.gitattributes', objectId('blob', content)), [
      ['blob', content],
    ]);
  return [
    under('sound', '*.png binary\n'),
    under('empty', ''),
    under('a line of 2,047 bytes', `${'x'.repeat(2_047)}\n`),
    under('a line of 2,048 bytes', `${'x'.repeat(2_048)}\n`),
    under('a line of 2,049 bytes', `${'x'.repeat(2_049)}\n`),
    under('a long last line without an end', `a\n${'x'.repeat(3_000)}`),
    under('many short lines', 'x y\n'.repeat(2_000)),
    objectCase('.gitattributes that is nowhere', 'tree', treeEntry('100644', '.gitattributes', '12'.repeat(20))),
  ];
}

/** Text is UTF-8. */
function bytesOf(body: string | Buffer): Buffer {
  return Buffer.from(body);
}
