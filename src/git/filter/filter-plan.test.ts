import { describe, expect, test } from 'vitest';
import type { ObjectType } from '../object/object-type.ts';
import { isDecidedByHeader, letsThrough, planFilter } from './filter-plan.ts';
import { parseObjectFilter } from './parse-filter.ts';

const plan = (spec: string) => planFilter(parseObjectFilter(spec));
const TYPES: readonly ObjectType[] = ['commit', 'tree', 'blob', 'tag'];

describe('a filter lets through', () => {
  test.each([
    ['blob:none', ['commit', 'tree', 'tag']],
    ['blob:limit=10', ['commit', 'tree', 'tag']],
    ['blob:limit=11', TYPES],
    ['tree:0', ['commit', 'tag']],
    ['object:type=blob', ['blob']],
    ['combine:blob:none+object:type=blob', []],
    ['combine:blob:limit=100+object:type=blob', ['blob']],
  ])('%s: of objects of ten bytes %j', (spec, types) => {
    expect(TYPES.filter((type) => letsThrough(plan(spec), type, 10))).toEqual(types);
  });
});

test('the least depth counts, and no depth at all needs no look at trees', () => {
  expect(plan('combine:tree:3+tree:2')).toMatchObject({ depthLimit: 2 });
  expect(isDecidedByHeader(plan('tree:1'))).toBe(false);
  expect(isDecidedByHeader(plan('combine:tree:3+tree:0'))).toBe(true);
  expect(isDecidedByHeader(plan(`sparse:oid=${'a'.repeat(40)}`))).toBe(false);
});
