import { describe, expect, test } from 'vitest';
import { parseObjectFilter, parseOnlyFilter } from './parse-filter.ts';

const ID = '0123456789abcdef0123456789abcdef01234567';
const parse = (spec: string) => parseObjectFilter(spec);

describe('a filter', () => {
  test.each([
    ['blob:none', { kind: 'blob:none' }],
    ['blob:limit=0', { kind: 'blob:limit', sizeBytes: 0 }],
    ['blob:limit=1k', { kind: 'blob:limit', sizeBytes: 1024 }],
    ['blob:limit=2M', { kind: 'blob:limit', sizeBytes: 2 * 1024 * 1024 }],
    ['blob:limit= +010g', { kind: 'blob:limit', sizeBytes: 8 * 1024 ** 3 }],
    ['blob:limit=0x10', { kind: 'blob:limit', sizeBytes: 16 }],
    ['blob:limit=18446744073709551615', { kind: 'blob:limit', sizeBytes: Number.MAX_SAFE_INTEGER }],
    ['tree:0', { kind: 'tree', depth: 0 }],
    ['tree:3', { kind: 'tree', depth: 3 }],
    ['object:type=tag', { kind: 'object:type', type: 'tag' }],
    [`sparse:oid=${ID}`, { kind: 'sparse:oid', blobName: ID }],
    ['sparse:oid=main:x', { kind: 'sparse:oid', blobName: 'main:x' }],
    ['combine:blob:none', { kind: 'combine', filters: [{ kind: 'blob:none' }] }],
    [
      'combine:tree:3+blob:limit%3d5',
      {
        kind: 'combine',
        filters: [
          { kind: 'tree', depth: 3 },
          { kind: 'blob:limit', sizeBytes: 5 },
        ],
      },
    ],
    [
      'combine:combine:tree:1%2bblob:none+tree:2',
      {
        kind: 'combine',
        filters: [
          { kind: 'combine', filters: [{ kind: 'tree', depth: 1 }, { kind: 'blob:none' }] },
          { kind: 'tree', depth: 2 },
        ],
      },
    ],
  ])('%s', (spec, filter) => {
    expect(parse(spec)).toEqual(filter);
  });
});

describe('refused in the words of git', () => {
  test.each([
    ['', "invalid filter-spec ''"],
    ['blob', "invalid filter-spec 'blob'"],
    ['blob:limit=', "invalid filter-spec 'blob:limit='"],
    ['blob:limit=-1', "invalid filter-spec 'blob:limit=-1'"],
    ['blob:limit=08', "invalid filter-spec 'blob:limit=08'"],
    ['blob:limit=1t', "invalid filter-spec 'blob:limit=1t'"],
    ['blob:limit=18446744073709551616', "invalid filter-spec 'blob:limit=18446744073709551616'"],
    ['blob:limit=0x', "invalid filter-spec 'blob:limit=0x'"],
    ['tree:', "expected 'tree:<depth>'"],
    ['tree:x', "expected 'tree:<depth>'"],
    ['object:type=twig', "'twig' for 'object:type=<type>' is not a valid object type"],
    ['object:type=constructor', "'constructor' for 'object:type=<type>' is not a valid object type"],
    ['sparse:path=x', 'sparse:path filters support has been dropped'],
    ['combine:', 'expected something after combine:'],
    ['combine:tree:2+', "expected 'tree:<depth>'"],
    ['combine:blob:none+', "invalid filter-spec 'blob:none+'"],
    ['combine:+blob:none', "invalid filter-spec ''"],
    ['combine:blob:none tree:1', "must escape char in sub-filter-spec: ' '"],
    ['combine:blob:none+tree:"1', "must escape char in sub-filter-spec: '\"'"],
    ['combine:blob%00', "invalid filter-spec 'blob%00'"],
  ])('%s', (spec, message) => {
    expect(() => parse(spec)).toThrow(expect.objectContaining({ name: 'ProtocolError', message }));
  });
});

test('as many filters as a line has room for are too many, and as many levels', () => {
  expect(() => parse(`combine:${'tree:1+'.repeat(5000)}tree:1`)).toThrow('combines too many filters');
  expect(() => parse('combine:'.repeat(5000))).toThrow('combines too many filters');
});

test('a request names one filter', () => {
  const first = parseOnlyFilter(undefined, 'blob:none');
  expect(first).toEqual({ kind: 'blob:none' });
  expect(() => parseOnlyFilter(first, 'no filter at all')).toThrow('multiple filter-specs cannot be combined');
});
