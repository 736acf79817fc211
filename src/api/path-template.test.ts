import { describe, expect, it } from 'vitest';
import { compareSpecificity, matchPath, openApiPath, parsePathTemplate } from './path-template.ts';

const match = (template: string, path: string) => matchPath(parsePathTemplate(template), path);

describe('matchPath', () => {
  it('decodes each segment by itself', () => {
    expect(match('/repos/{owner}/{repo}', '/repos/a%20b/c%2Fd')).toEqual({ owner: 'a b', repo: 'c/d' });
  });

  it('keeps slashes of a rest, sent plainly or encoded', () => {
    expect(match('/branches/{branch+}', '/branches/feature/a')).toEqual({ branch: 'feature/a' });
    expect(match('/branches/{branch+}', '/branches/feature%2Fa')).toEqual({ branch: 'feature/a' });
  });

  it('keeps a trailing slash of a rest, which a prefix may end with', () => {
    expect(match('/matching-refs/{ref*}', '/matching-refs/heads/')).toEqual({ ref: 'heads/' });
  });

  it('lets an optional rest be absent, and a required one not', () => {
    expect(match('/contents/{path*}', '/contents')).toEqual({ path: '' });
    expect(match('/contents/{path*}', '/contents/')).toEqual({ path: '' });
    expect(match('/branches/{branch+}', '/branches')).toBeUndefined();
  });

  it('does not resolve dots', () => {
    expect(match('/contents/{path*}', '/contents/a/../b/%2e%2e')).toEqual({ path: 'a/../b/..' });
  });

  it.each(['/repos/a', '/repos/a/b/c', '/repos//b', '/Repos/a/b', '/repos/%/b', '/repos/%ff/b'])(
    'refuses %s',
    (path) => {
      expect(match('/repos/{owner}/{repo}', path)).toBeUndefined();
    },
  );

  it('matches the root with and without its slash', () => {
    expect(match('/', '')).toEqual({});
    expect(match('/', '/')).toEqual({});
    expect(match('/', '/meta')).toBeUndefined();
  });
});

describe('compareSpecificity', () => {
  it('puts literals before parameters before rests', () => {
    const texts = ['/a/{x*}', '/a/{x}', '/a/b', '/a/{x}/c'];
    const sorted = texts
      .map(parsePathTemplate)
      .sort(compareSpecificity)
      .map((template) => template.text);
    expect(sorted).toEqual(['/a/b', '/a/{x}/c', '/a/{x}', '/a/{x*}']);
  });
});

describe('openApiPath', () => {
  it('drops the marks for several segments', () => {
    expect(openApiPath(parsePathTemplate('/r/{repo}/contents/{path*}'))).toBe('/r/{repo}/contents/{path}');
  });
});
