import { describe, expect, it } from 'vitest';
import { linkHeader, pageOf, parsePageRequest } from './pagination.ts';

const URL_WITH_QUERY = 'http://h/api/v3/user/repos?type=all&per_page=2&page=2';

describe('parsePageRequest', () => {
  it('defaults to the first 30', () => {
    expect(parsePageRequest({})).toEqual({ page: 1, perPage: 30, offset: 0 });
  });

  it('allows 100 a page at most', () => {
    expect(parsePageRequest({ page: '3', per_page: '1000' })).toEqual({ page: 3, perPage: 100, offset: 200 });
  });

  it.each(['0', '-1', 'x', '', '1e3', '99999999999'])('takes %j for absent', (text) => {
    expect(parsePageRequest({ page: text, per_page: text })).toEqual({ page: 1, perPage: 30, offset: 0 });
  });
});

describe('linkHeader', () => {
  it('leads to all four ends of a counted list, keeping the query', () => {
    const link = linkHeader(URL_WITH_QUERY, parsePageRequest({ page: '2', per_page: '2' }), { totalCount: 7 });
    expect(link).toBe(
      [
        '<http://h/api/v3/user/repos?type=all&per_page=2&page=1>; rel="prev"',
        '<http://h/api/v3/user/repos?type=all&per_page=2&page=3>; rel="next"',
        '<http://h/api/v3/user/repos?type=all&per_page=2&page=4>; rel="last"',
        '<http://h/api/v3/user/repos?type=all&per_page=2&page=1>; rel="first"',
      ].join(', '),
    );
  });

  it('leads behind an item where there are no numbers', () => {
    const url = 'http://h/x?ref=a%2Fb&after=1';
    expect(linkHeader(url, parsePageRequest({}), { after: 'x.2' })).toBe(
      '<http://h/x?ref=a%2Fb&after=x.2>; rel="next"',
    );
    expect(linkHeader(url, parsePageRequest({}), { after: undefined })).toBeUndefined();
  });

  it('is absent for a single page', () => {
    expect(linkHeader('http://h/x', parsePageRequest({}), { totalCount: 30 })).toBeUndefined();
    expect(linkHeader('http://h/x', parsePageRequest({}), { hasNext: false })).toBeUndefined();
  });

  it('ends without next on the last page', () => {
    const link = linkHeader('http://h/x', parsePageRequest({ page: '2' }), { totalCount: 31 });
    expect(link).toBe('<http://h/x?page=1>; rel="prev", <http://h/x?page=1>; rel="first"');
  });

  it('never names the last page of a list that is not counted', () => {
    const link = linkHeader('http://h/x', parsePageRequest({}), { hasNext: true });
    expect(link).toBe('<http://h/x?page=2>; rel="next"');
  });

  it('leads back from beyond the end', () => {
    const link = linkHeader('http://h/x', parsePageRequest({ page: '9' }), { totalCount: 31 });
    expect(link).toContain('<http://h/x?page=2>; rel="prev"');
    expect(link).not.toContain('next');
  });
});

it('cuts a page out of a list', () => {
  expect(pageOf([1, 2, 3, 4, 5], parsePageRequest({ page: '2', per_page: '2' }))).toEqual([3, 4]);
  expect(pageOf([1, 2, 3], parsePageRequest({ page: '9' }))).toEqual([]);
});
