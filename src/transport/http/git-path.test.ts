import { describe, expect, it } from 'vitest';
import { parseGitPath } from './git-path.ts';

describe('parseGitPath', () => {
  it.each([
    ['/ada/engine/info/refs?service=git-upload-pack', { kind: 'info-refs', service: 'git-upload-pack' }],
    ['/ada/engine.git/info/refs?a=b&service=git-frotz', { kind: 'info-refs', service: 'git-frotz' }],
    ['/ada/engine.git/info/refs', { kind: 'info-refs', service: undefined }],
    ['/ada/engine.git/git-upload-pack', { kind: 'rpc', service: 'git-upload-pack' }],
    ['/ada/engine/git-receive-pack', { kind: 'rpc', service: 'git-receive-pack' }],
    ['/ada/engine.git/HEAD', { kind: 'file' }],
    ['/ada/engine.git/objects/info/packs', { kind: 'file' }],
    [`/ada/engine.git/objects/pack/pack-${'0'.repeat(40)}.idx`, { kind: 'file' }],
    ['/ada/%65ngine.git/git-upload-pack', { kind: 'rpc', service: 'git-upload-pack' }],
  ])('reads %s', (url, resource) => {
    expect(parseGitPath(url)).toEqual({ ownerLogin: 'ada', repositoryName: 'engine', resource });
  });

  it('takes one .git off', () => {
    expect(parseGitPath('/ada/my.git.git/git-upload-pack')?.repositoryName).toBe('my.git');
  });

  it.each([
    '/',
    '/ada/engine',
    '/ada/engine.git/info/refs/',
    '//engine/info/refs',
    '/ada//info/refs',
    '/ada/../info/refs',
    '/ada/%2e%2e/info/refs',
    '/%2e/engine/info/refs',
    '/ada/.git/info/refs',
    '/ada/a%2fb/info/refs',
    '/ada/a%252fb/info/refs',
    '/ada/a%00/info/refs',
    '/ada/%zz/info/refs',
    '/ada/%ff/info/refs',
    '/ada/engine/tree/main/info/refs',
    '/ada/engine/blob/git-upload-pack',
    '/ada/engine/objects',
  ])('leaves %s alone', (url) => {
    expect(parseGitPath(url)).toBeUndefined();
  });
});
