import { expect, test } from 'vitest';
import { type CommitRow, groupByDay } from './commit-row.ts';

const commit = (id: string, date: string): CommitRow => ({
  id,
  shortId: id,
  href: '',
  treeHref: '',
  subject: '',
  hasBody: false,
  author: '',
  committer: undefined,
  date: new Date(date),
});

test('groups neighbours of one day and keeps the order', () => {
  const days = groupByDay([
    commit('a', '2026-11-24T10:00:00Z'),
    commit('b', '2026-11-24T09:00:00Z'),
    commit('c', '2026-11-23T09:00:00Z'),
    commit('d', '2026-11-24T08:00:00Z'),
  ]);
  expect(days.map(({ day, commits }) => [day, commits.map(({ id }) => id).join('')])).toEqual([
    ['24 Nov 2026', 'ab'],
    ['23 Nov 2026', 'c'],
    ['24 Nov 2026', 'd'],
  ]);
});
