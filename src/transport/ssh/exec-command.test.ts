import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseSshCommand, type SshCommand } from './exec-command.ts';

const ENGINE = { ownerLogin: 'ada', repositoryName: 'engine' };

describe('what git and git-lfs send', () => {
  test.each([
    ["git-upload-pack '/ada/engine.git'", 'git-upload-pack'],
    ["git-upload-pack 'ada/engine'", 'git-upload-pack'],
    ["git-receive-pack '/ada/engine.git/'", 'git-receive-pack'],
    ["git upload-pack '/ada/engine.git'", 'git-upload-pack'],
    ["git receive-pack 'ada/engine.git'", 'git-receive-pack'],
    ["git-upload-archive '/ada/engine.git'", 'git-upload-archive'],
    ['git-upload-pack /ada/engine.git', 'git-upload-pack'],
    ["git-upload-pack  '/ada/'eng'ine.git' ", 'git-upload-pack'],
  ] as const)('%s', (line, service) => {
    expect(parseSshCommand(line)).toEqual({ kind: 'git', service, repository: ENGINE });
  });

  test.each([
    ['git-lfs-authenticate ada/engine.git download', 'download'],
    ["git-lfs-authenticate '/ada/engine.git' upload", 'upload'],
    [`git-lfs-authenticate ada/engine upload ${'0'.repeat(64)}`, 'upload'],
  ] as const)('%s', (line, operation) => {
    expect(parseSshCommand(line)).toEqual({ kind: 'lfs-authenticate', operation, repository: ENGINE });
  });
});

test.each([
  '..',
  '../engine',
  '/ada/..',
  '/ada/engine/../../etc/passwd',
  '//ada/engine',
  '~ada/engine',
  '/~ada/engine',
  'engine',
  '/ada/engine/more',
  '/ada/.git',
  '/ada/eng ine',
  '/ada/%65ngine',
  '/ada/eng\u0131ne',
  '-oProxyCommand=sh/engine',
  "/ada/o'brien",
  '',
])('the path %j is no repository', (path) => {
  const quoted = `'${path.replaceAll("'", String.raw`'\''`)}'`;
  expect(parseSshCommand(`git-upload-pack ${quoted}`)).toEqual({
    kind: 'git',
    service: 'git-upload-pack',
    repository: undefined,
  });
});

test.each([
  '',
  ' ',
  'sh',
  'git',
  'git-upload-pack',
  'git-shell',
  'git config --list',
  'git-upload-pack --strict /ada/engine.git',
  "git-upload-pack '/ada/engine.git' x",
  "git-upload-pack '/ada/engine.git'; id",
  "git-upload-pack '/ada/engine.git' && id",
  "git-upload-pack '/ada/engine.git'\nid",
  "git-upload-pack '/ada/eng\nine.git'",
  "git-upload-pack '/ada/engine.git\0'",
  "git-upload-pack '/ada/engine.git",
  'git-upload-pack "/ada/engine.git"',
  'git-upload-pack $(id)',
  'git-upload-pack `id`',
  'git-upload-pack /ada/*',
  String.raw`git-upload-pack \/ada/engine.git`,
  'git-upload-pack /ada/engine.git\\',
  'GIT-UPLOAD-PACK /ada/engine.git',
  'git-upload-pack\t/ada/engine.git',
  "env GIT_TRACE=1 git-upload-pack '/ada/engine.git'",
  '/usr/bin/git-upload-pack /ada/engine.git',
  'git-lfs-authenticate ada/engine',
  'git-lfs-authenticate ada/engine admin',
  'git-lfs-authenticate ada/engine upload x y',
  'git-lfs-transfer ada/engine upload',
  'scp -t /tmp',
  'internal-sftp',
  `git-upload-pack '/ada/${'x'.repeat(5_000)}'`,
])('%j is refused, with a sentence', (line) => {
  expect(parseSshCommand(line)).toEqual({ kind: 'refused', reason: expect.stringMatching(/^[A-Zg].*\.$/) });
});

test('any line ends in an answer, and in a name that is a name or in none', () => {
  const piece = fc.constantFrom(
    'git-upload-pack',
    'git',
    ' ',
    "'",
    '\\',
    '/',
    '..',
    'ada',
    '.git',
    '\0',
    '"',
    ';',
    '!',
  );
  const line = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(fc.oneof(piece, fc.string({ maxLength: 3 })), { maxLength: 12 }).map((pieces) => pieces.join('')),
  );
  fc.assert(
    fc.property(line, (text) => {
      const command: SshCommand = parseSshCommand(text);
      if (command.kind === 'refused' || command.repository === undefined) return;
      const { ownerLogin, repositoryName } = command.repository;
      for (const name of [ownerLogin, repositoryName]) expect(name).toMatch(/^(?!\.+$)[A-Za-z0-9._-]+$/);
    }),
    { numRuns: 2_000 },
  );
});

test('words are split as a shell splits what git has quoted', () => {
  const path = fc.string({ unit: fc.constantFrom('a', '/', "'", '!', ' ', '.', '\\', '"', '$'), maxLength: 12 });
  fc.assert(
    fc.property(path, (text) => {
      const quoted = execFileSync('git', ['rev-parse', '--sq-quote', `/ada/${text}`], { encoding: 'utf8' }).trimEnd();
      const command = parseSshCommand(`git-upload-pack${quoted}`);
      const isName = /^[a.]+\/?$/.test(text) && !/^\.+(?:git)?\/?$/.test(text);
      expect(command.kind === 'git' && command.repository !== undefined).toBe(isName);
    }),
    { numRuns: 100 },
  );
});
