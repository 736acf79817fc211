/** Every rule beside real git: the objects are stored as they are, and `git fsck --strict` says what it finds in them. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ScratchRepository } from '../../../tests/fixtures/scratch-repository.ts';
import { SHA1, SHA256 } from '../object/object-id.ts';
import type { ObjectType } from '../object/object-type.ts';
import { checkNamedBlob, checkObject } from './check-object.ts';
import { STRICT } from './finding.ts';

const EMPTY_TREE = '4b825dc642cb6eb9a060e54bf8d69288fbee4904';
const EMPTY_BLOB = 'e69de29bb2d1d6434b8b29ae775ad8c2e48c5391';
const WHO = 'A U Thor <a@example.com> 1700000000 +0000';

let repository: ScratchRepository;
beforeAll(() => {
  repository = new ScratchRepository();
  repository.writeObject('tree', '');
  repository.writeObject('blob', '');
});
afterAll(() => repository[Symbol.dispose]());

/** Message ids that `git fsck --strict` prints for an object and those that it names, with `error` or `warning`. */
function gitFindings(type: ObjectType, body: Buffer): string[] {
  const id = repository.writeObject(type, body);
  const { stdout, stderr } = repository.tryGit(['fsck', '--strict', '--no-dangling', '--no-reflogs', id]);
  const lines = `${stdout}${stderr}`.split('\n').filter((line) => line.includes(id));
  const found = lines.flatMap((line) => {
    const match = /^(error|warning) in \w+ [0-9a-f]+: (\w+):/.exec(line);
    return match ? [`${match[1]} ${match[2]}`] : [];
  });
  return [...new Set(found)].sort();
}

function ourFindings(type: ObjectType, body: Buffer): string[] {
  const { findings } = checkObject(type, body, SHA1, STRICT);
  const found = findings.map(({ id, severity }) => `${severity === 'info' ? 'warning' : 'error'} ${id}`);
  return [...new Set(found)].sort();
}

function bytes(text: string): Buffer {
  return Buffer.from(text, 'latin1');
}

function commit(headers: string, message = 'Subject\n'): Buffer {
  return bytes(`${headers}\n\n${message}`);
}

const HEAD = `tree ${EMPTY_TREE}\n`;
const withAuthor = (author: string) => commit(`${HEAD}author ${author}\ncommitter ${WHO}`);

describe('commits', () => {
  test.each<[string, Buffer]>([
    ['sound', withAuthor(WHO)],
    ['no date', withAuthor('A <a@x>')],
    ['no email', withAuthor('A')],
    ['no name', withAuthor('<a@x> 1 +0000')],
    ['empty name', withAuthor(' <a@x> 1 +0000')],
    ['no space before email', withAuthor('A<a@x> 1 +0000')],
    ['greater-than in the name', withAuthor('A> <a@x> 1 +0000')],
    ['less-than in the email', withAuthor('A <a<@x> 1 +0000')],
    ['email without end', withAuthor('A <a@x 1 +0000')],
    ['no space before date', withAuthor('A <a@x>1 +0000')],
    ['date of letters', withAuthor('A <a@x> then +0000')],
    ['date zero', withAuthor('A <a@x> 0 +0000')],
    ['zero-padded date', withAuthor('A <a@x> 01 +0000')],
    ['largest date', withAuthor('A <a@x> 9223372036854775807 +0000')],
    ['date beyond 63 bits', withAuthor('A <a@x> 9223372036854775808 +0000')],
    ['date of 30 digits', withAuthor(`A <a@x> ${'9'.repeat(30)} +0000`)],
    ['letters behind the date', withAuthor('A <a@x> 12x +0000')],
    ['timezone without sign', withAuthor('A <a@x> 1 0000')],
    ['timezone of three digits', withAuthor('A <a@x> 1 +000')],
    ['timezone of five digits', withAuthor('A <a@x> 1 +00000')],
    ['no timezone', withAuthor('A <a@x> 1')],
    ['two authors', commit(`${HEAD}author ${WHO}\nauthor ${WHO}\ncommitter ${WHO}`)],
    ['no author', commit(`${HEAD}committer ${WHO}`)],
    ['no committer', commit(`${HEAD}author ${WHO}`)],
    ['broken committer', commit(`${HEAD}author ${WHO}\ncommitter A <a@x> 1 0`)],
    ['NUL in the header', commit(`${HEAD}author A\0 <a@x> 1 +0000\ncommitter ${WHO}`)],
    ['NUL in the message', commit(`${HEAD}author ${WHO}\ncommitter ${WHO}`, 'Sub\0ject')],
    ['no end of header', bytes(`${HEAD}author ${WHO}\ncommitter ${WHO}`)],
    ['no message', bytes(`${HEAD}author ${WHO}\ncommitter ${WHO}\n`)],
    ['other headers', commit(`${HEAD}author ${WHO}\ncommitter ${WHO}\nencoding x\nfoo bar`)],
  ])('%s', (_name, body) => {
    expect(ourFindings('commit', body)).toEqual(gitFindings('commit', body));
  });

  test.each<[string, Buffer, string]>([
    ['no tree', commit(`author ${WHO}\ncommitter ${WHO}`), 'missingTree'],
    ['a short tree id', commit(`tree 123\nauthor ${WHO}\ncommitter ${WHO}`), 'badTreeSha1'],
    ['a long tree id', commit(`tree ${EMPTY_TREE}0\nauthor ${WHO}\ncommitter ${WHO}`), 'badTreeSha1'],
    ['a short parent id', commit(`${HEAD}parent 12\nauthor ${WHO}\ncommitter ${WHO}`), 'badParentSha1'],
    ['no bytes', bytes(''), 'unterminatedHeader'],
  ])('%s, which git fsck cannot even parse', (_name, body, id) => {
    const object = repository.writeObject('commit', body);
    expect(repository.tryGit(['fsck', '--strict', object]).stderr).toContain(object);
    expect(ourFindings('commit', body)).toEqual([`error ${id}`]);
  });
});

describe('tags', () => {
  const tag = (type: string, name: string, rest: string) =>
    bytes(`object ${EMPTY_BLOB}\ntype ${type}\ntag ${name}\n${rest}\n\nText\n`);
  test.each<[string, Buffer]>([
    ['sound', tag('blob', 'v1', `tagger ${WHO}`)],
    ['bad name', tag('blob', 'v 1', `tagger ${WHO}`)],
    ['empty name', tag('blob', '', `tagger ${WHO}`)],
    ['broken tagger', tag('blob', 'v1', 'tagger A <a@x> 1')],
    ['no tagger', bytes(`object ${EMPTY_BLOB}\ntype blob\ntag v1\n\nText\n`)],
    ['extra header', tag('blob', 'v1', `tagger ${WHO}\nfoo bar`)],
    ['NUL in the header', bytes(`object ${EMPTY_BLOB}\ntype blob\ntag v\x001\ntagger ${WHO}\n\n`)],
    ['no end of header', bytes(`object ${EMPTY_BLOB}\ntype blob\ntag v1\ntagger ${WHO}`)],
  ])('%s', (_name, body) => {
    expect(ourFindings('tag', body)).toEqual(gitFindings('tag', body));
  });

  test.each<[string, Buffer]>([
    ['unknown type', tag('bolb', 'v1', `tagger ${WHO}`)],
    ['type of a property name', tag('constructor', 'v1', `tagger ${WHO}`)],
    ['no object', bytes(`type blob\ntag v1\ntagger ${WHO}\n\n`)],
    ['short id', bytes(`object 12\ntype blob\ntag v1\ntagger ${WHO}\n\n`)],
    ['no type', bytes(`object ${EMPTY_BLOB}\ntag v1\ntagger ${WHO}\n\n`)],
    ['no name', bytes(`object ${EMPTY_BLOB}\ntype blob\ntagger ${WHO}\n\n`)],
  ])('%s, which git mktag judges', (_name, body) => {
    const { stderr } = repository.tryGit(['mktag'], { input: body });
    const found = [...stderr.matchAll(/does not pass fsck: (\w+):/g)].map((match) => `error ${match[1]}`);
    expect(ourFindings('tag', body)).toEqual(found);
  });

  test('a signature header is sound, and its lines must end', () => {
    const head = `object ${EMPTY_BLOB}\ntype blob\ntag v1\ntagger ${WHO}\n`;
    const severities = { extraHeaderEntry: 'error' } as const;
    const idsOf = (body: string) =>
      checkObject('tag', bytes(body), SHA1, { mode: 'strict', severities }).findings.map(({ id }) => id);
    expect(idsOf(`${head}gpgsig a\n b\n\nText`)).toEqual([]);
    expect(idsOf(`${head}foo a\n\nText`)).toEqual(['extraHeaderEntry']);
  });
});

const blobEntry = (mode: string, name: string) =>
  Buffer.concat([bytes(`${mode} ${name}\0`), Buffer.from(EMPTY_BLOB, 'hex')]);
const treeEntry = (name: string) => Buffer.concat([bytes(`40000 ${name}\0`), Buffer.from(EMPTY_TREE, 'hex')]);
const tree = (...entries: readonly Buffer[]) => Buffer.concat(entries);
const utf8 = (text: string) => Buffer.from(text).toString('latin1');

describe('trees', () => {
  test.each<[string, Buffer]>([
    ['sound', tree(blobEntry('100644', 'a'), blobEntry('100755', 'b'), blobEntry('120000', 'c'), treeEntry('d'))],
    ['null id', tree(bytes(`100644 a\0${'\0'.repeat(20)}`))],
    ['dot', tree(treeEntry('.'))],
    ['dotdot', tree(treeEntry('..'))],
    ['three dots', tree(treeEntry('...'))],
    ['full path', tree(blobEntry('100644', 'a/b'))],
    ['zero-padded mode', tree(blobEntry('0100644', 'a'))],
    ['mode 100664', tree(blobEntry('100664', 'a'))],
    ['mode 100600', tree(blobEntry('100600', 'a'))],
    ['mode of one digit', tree(blobEntry('7', 'a'))],
    ['mode of letters', tree(blobEntry('10064x', 'a'))],
    ['empty name', tree(blobEntry('100644', ''))],
    ['cut short', tree(blobEntry('100644', 'a')).subarray(0, -1)],
    ['not sorted', tree(blobEntry('100644', 'b'), blobEntry('100644', 'a'))],
    ['directory sorted as a file', tree(treeEntry('a'), blobEntry('100644', 'a.c'))],
    ['directory behind its dotted neighbour', tree(blobEntry('100644', 'a.c'), treeEntry('a'))],
    ['same name twice', tree(blobEntry('100644', 'a'), blobEntry('100644', 'a'))],
    ['file and directory', tree(blobEntry('100644', 'a'), treeEntry('a'))],
    ['file and directory apart', tree(blobEntry('100644', 'a'), blobEntry('100644', 'a.b'), treeEntry('a'))],
    [
      'file and directory apart, nested',
      tree(
        blobEntry('100644', 'foo'),
        blobEntry('100644', 'foo.bar'),
        blobEntry('100644', 'foo.bar.baz'),
        treeEntry('foo.bar'),
        treeEntry('foo'),
      ),
    ],
    [
      'candidates that no directory meets',
      tree(blobEntry('100644', 'foo'), blobEntry('100644', 'foo-a'), blobEntry('100644', 'foo-a.b'), treeEntry('foo-')),
    ],
    ['gitmodules as a link', tree(blobEntry('120000', '.gitmodules'))],
    ['gitattributes as a link', tree(blobEntry('120000', '.gitattributes'))],
    ['gitignore as a link', tree(blobEntry('120000', '.gitignore'))],
    ['mailmap as a link', tree(blobEntry('120000', '.mailmap'))],
    ['gitmodules alias as a link', tree(blobEntry('120000', 'GITMOD~1'))],
    ['mailmap alias as a link', tree(blobEntry('120000', 'MABA30~1'))],
  ])('%s', (_name, body) => {
    expect(ourFindings('tree', body)).toEqual(gitFindings('tree', body));
  });

  test.each([
    '.git',
    '.GIT',
    '.giT ',
    '.git.',
    '.git. .',
    '.git::$INDEX',
    '.git:x',
    '.gitx',
    'git~1',
    'GIT~1',
    'git~1 .',
    'git~2',
    'git~1x',
    'git',
    'a\\.git',
    'a\\.git\\b',
    'a\\git~1',
    'a\\b',
    utf8('.g\u200cit'),
    utf8('\u200e.git'),
    utf8('\ufeff.git'),
    utf8('.git\u206f'),
    utf8('.git\u2070'),
    utf8('.gi\u0142t'),
    '.git\xff',
    '.gi\xfft',
    '.git\xef\xbf\xbf',
    utf8('\u2010.git'),
    '~1',
  ])('the name %j is an alias of .git for us when it is for git', (name) => {
    const body = tree(blobEntry('100644', name));
    expect(ourFindings('tree', body)).toEqual(gitFindings('tree', body));
  });

  test.each([
    '.gitmodules',
    '.GitModules',
    '.gitmodules .',
    '.gitmodules::$DATA',
    '.gitmodulesx',
    'gitmod~1',
    'gitmod~4',
    'gitmod~5',
    'GITMOD~1 .',
    'gitmo~1',
    'gi7eba~1',
    'gi7eba~9',
    'GI7EBA~0',
    'gi7eb~10',
    'g~100000',
    '~1000000',
    '~9999999',
    '~000000',
    'a\\.gitmodules',
    'a\\gitmod~1',
    utf8('.git\u200dmodules'),
    'gi7d29~1',
  ])('the link %j is an alias of .gitmodules or .gitattributes for us when it is for git', (name) => {
    const body = tree(blobEntry('120000', name));
    expect(ourFindings('tree', body)).toEqual(gitFindings('tree', body));
  });

  test('a name of more than 4096 bytes is a warning of its own', () => {
    const idsOf = (length: number) =>
      checkObject('tree', tree(blobEntry('100644', 'a'.repeat(length))), SHA1, STRICT).findings.map(({ id }) => id);
    expect(idsOf(4096)).toEqual([]);
    expect(idsOf(4097)).toEqual(['largePathname']);
  });

  test('the blobs that have rules of their own are named', () => {
    const body = tree(
      blobEntry('100644', '.gitattributes'),
      blobEntry('100644', '.gitmodules'),
      blobEntry('100644', 'a'),
    );
    const { namedBlobs, findings } = checkObject('tree', body, SHA1, STRICT);
    expect(findings).toEqual([]);
    expect(namedBlobs.map(({ name }) => name)).toEqual(['gitattributes', 'gitmodules']);
    for (const { idStart } of namedBlobs) expect(body.toString('hex', idStart, idStart + 20)).toBe(EMPTY_BLOB);
  });
});

/** Puts the blob under a name with rules and asks git about the whole. */
function gitNamedFindings(name: '.gitmodules' | '.gitattributes', body: Buffer): string[] {
  const blob = repository.writeObject('blob', body);
  const body2 = Buffer.concat([bytes(`100644 ${name}\0`), Buffer.from(blob, 'hex')]);
  repository.writeObject('tree', body2);
  const { stdout, stderr } = repository.tryGit(['fsck', '--strict', '--no-dangling']);
  const lines = `${stdout}${stderr}`.split('\n').filter((line) => line.includes(`in blob ${blob}`));
  return [...new Set(lines.map((line) => /: (\w+):/.exec(line)?.[1] ?? line))].sort();
}

describe('.gitmodules', () => {
  const module = (key: string, value: string) => bytes(`[submodule "a"]\n\t${key} = ${value}\n`);
  test.each<[string, Buffer]>([
    ['sound', bytes('[submodule "a"]\n\tpath = a\n\turl = https://example.com/a.git\n')],
    ['empty', bytes('')],
    ['name that climbs', bytes('[submodule "../a"]\n\tpath = a\n')],
    ['name that climbs by a backslash', bytes('[submodule "a\\\\..\\\\b"]\n\tpath = a\n')],
    ['name with dots', bytes('[submodule "a..b"]\n\tpath = a\n')],
    ['empty name', bytes('[submodule ""]\n\tpath = a\n')],
    ['old syntax', bytes('[submodule.a]\n\tpath = -a\n')],
    ['no subsection', bytes('[submodule]\n\tpath = -a\n')],
    ['other section', bytes('[other "a"]\n\tpath = -a\n')],
    ['upper-case section', bytes('[SubModule "a"]\n\tPath = -a\n')],
    ['path that is an option', module('path', '-a')],
    ['quoted path that is an option', module('path', '"-a"')],
    ['path in a comment', module('path', 'a # -b')],
    ['path over two lines', module('path', '\\\n-a')],
    ['CR LF', bytes('[submodule "a"]\r\n\tpath = -a\r\n')],
    ['command as update', module('update', '!rm')],
    ['update by name', module('update', 'merge')],
    ['url that is an option', module('url', '-u')],
    ['relative url', module('url', '../a.git')],
    ['relative url with a newline', module('url', '"../a\\n"')],
    ['relative url with an escaped newline', module('url', '../%0aa')],
    ['relative url to the host', module('url', '../../:a')],
    ['relative url to a slash', module('url', '.././/a')],
    ['http url with an escaped newline', module('url', 'https://x/%0ahost=y')],
    ['http url without a host', module('url', 'https:///a')],
    ['http helper without a host', module('url', 'http::https:///a')],
    ['ssh url', module('url', 'ssh://git@example.com/a')],
    ['scp url', module('url', 'git@example.com:a')],
    ['no value', bytes('[submodule "a"]\n\turl\n')],
    ['section without end', bytes('[submodule "a"\n\tpath = a\n')],
    ['variable before the error', bytes('[submodule "a"]\n\tpath = -a\n]]]\n')],
    ['unknown escape', module('path', '\\x')],
    ['quote without end', module('path', '"a')],
    ['key that is none', bytes('[submodule "a"]\n\t_a = b\n')],
  ])('%s', (_name, body) => {
    const ours = checkNamedBlob('gitmodules', { kind: 'blob', body }, STRICT).map(({ id }) => id as string);
    expect([...new Set(ours)].sort()).toEqual(gitNamedFindings('.gitmodules', body));
  });

  test.each([
    ['https://user@host:443/a', true],
    ['https://ho st/a', false],
    ['https://host:0/a', false],
    ['https://host:65536/a', false],
    ['https://host/%zz', false],
    ['https://host/../a', false],
    ['https://host/a/../b', true],
    ['git://host/%0a', false],
  ])('the url %s: %s, as in git 2.45 and later', (url, isAllowed) => {
    const findings = checkNamedBlob('gitmodules', { kind: 'blob', body: module('url', url) }, STRICT);
    expect(findings.map(({ id }) => id)).toEqual(isAllowed ? [] : ['gitmodulesUrl']);
  });
});

test('a byte order mark hides nothing, although git fsck stops at it', () => {
  const body = bytes('\xef\xbb\xbf[submodule "a"]\n\tpath = -a\n');
  expect(gitNamedFindings('.gitmodules', body)).toEqual(['gitmodulesParse']);
  // git reads the checked-out file behind the mark, so what it holds counts.
  const findings = checkNamedBlob('gitmodules', { kind: 'blob', body }, STRICT);
  expect(findings.map(({ id }) => id)).toEqual(['gitmodulesPath']);
});

describe('.gitattributes', () => {
  test.each<[string, Buffer]>([
    ['sound', bytes('*.c diff=cpp\n')],
    ['line of 2047 bytes', bytes(`${'a'.repeat(2047)}\n`)],
    ['line of 2048 bytes', bytes(`b\n${'a'.repeat(2048)}\n`)],
    ['long last line', bytes(`b\n${'a'.repeat(2048)}`)],
    ['long line behind a NUL', bytes(`b\0${'a'.repeat(4096)}\n`)],
  ])('%s', (_name, body) => {
    const ours = checkNamedBlob('gitattributes', { kind: 'blob', body }, STRICT).map(({ id }) => id as string);
    expect(ours).toEqual(gitNamedFindings('.gitattributes', body));
  });
});

test('a named blob that is missing, too large or no blob is refused', () => {
  const idsOf = (kind: 'missing' | 'too-large' | 'other-type') =>
    (['gitmodules', 'gitattributes'] as const).flatMap((name) =>
      checkNamedBlob(name, { kind }, STRICT).map(({ id, severity }) => `${severity} ${id}`),
    );
  expect(idsOf('missing')).toEqual(['error gitmodulesMissing', 'error gitattributesMissing']);
  expect(idsOf('too-large')).toEqual(['error gitmodulesLarge', 'error gitattributesLarge']);
  expect(idsOf('other-type')).toEqual(['error gitmodulesBlob', 'error gitattributesBlob']);
});

describe('SHA-256 repositories', () => {
  const id = '1'.repeat(64);
  const idsOf = (type: ObjectType, body: Buffer) =>
    checkObject(type, body, SHA256, STRICT).findings.map((found) => found.id);

  test('what git writes is sound', () => {
    using other = new ScratchRepository({ objectFormat: 'sha256' });
    const blob = other.writeObject('blob', 'text');
    const treeId = other.line(['mktree'], { input: `100644 blob ${blob}\ta\n100644 blob ${blob}\tb\n` });
    const commitId = other.line(['commit-tree', treeId, '-m', 'Subject']);
    other.git(['tag', '-a', '-m', 'Text', 'v1', commitId]);
    expect(idsOf('tree', other.readObject('tree', treeId))).toEqual([]);
    expect(idsOf('commit', other.readObject('commit', commitId))).toEqual([]);
    expect(idsOf('tag', other.readObject('tag', other.line(['rev-parse', 'v1'])))).toEqual([]);
  });

  test('ids of the other format, and null ids, are found', () => {
    expect(idsOf('commit', commit(`tree ${EMPTY_TREE}\nauthor ${WHO}\ncommitter ${WHO}`))).toEqual(['badTreeSha1']);
    expect(idsOf('commit', commit(`tree ${id}\nauthor ${WHO}\ncommitter ${WHO}`))).toEqual([]);
    expect(idsOf('tree', tree(bytes(`100644 a\0${'\0'.repeat(32)}`)))).toEqual(['nullSha1']);
    expect(idsOf('tree', tree(bytes(`100644 a\0${'\0'.repeat(31)}\x01`)))).toEqual([]);
    expect(idsOf('tree', tree(blobEntry('100644', 'a')))).toEqual(['badTree']);
  });
});

describe('severities', () => {
  const padded = tree(blobEntry('0100644', 'a'));
  test('a warning counts as an error in strict mode alone', () => {
    expect(checkObject('tree', padded, SHA1, STRICT).findings[0]?.severity).toBe('error');
    expect(checkObject('tree', padded, SHA1, { mode: 'lenient' }).findings[0]?.severity).toBe('warn');
  });

  test('they can be overridden, and what is ignored is silent', () => {
    const severities = { zeroPaddedFilemode: 'ignore' } as const;
    expect(checkObject('tree', padded, SHA1, { mode: 'strict', severities }).findings).toEqual([]);
  });

  test('a fatal message stays fatal', () => {
    const severities = { unterminatedHeader: 'ignore' } as const;
    const { findings } = checkObject('commit', bytes('tree'), SHA1, { mode: 'strict', severities });
    expect(findings).toEqual([{ id: 'unterminatedHeader', severity: 'fatal', detail: 'unterminated header' }]);
  });

  test('rules behind one that was demoted still run', () => {
    const body = commit(`${HEAD}author A <a@x> 1 +0\ncommitter A 1`);
    const severities = { badTimezone: 'warn' } as const;
    const { findings } = checkObject('commit', body, SHA1, { mode: 'lenient', severities });
    expect(findings.map(({ id, severity }) => `${severity} ${id}`)).toEqual(['warn badTimezone', 'error missingEmail']);
  });
});
