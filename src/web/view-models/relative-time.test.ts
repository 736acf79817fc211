import { expect, test } from 'vitest';
import { absoluteTime, dayOf, relativeTime } from './relative-time.ts';

const NOW = new Date('2026-11-24T12:00:00Z');

test.each([
  ['2026-11-24T11:59:40Z', 'just now'],
  ['2026-11-24T11:58:00Z', '2 minutes ago'],
  ['2026-11-23T12:00:00Z', 'yesterday'],
  ['2026-11-03T12:00:00Z', '3 weeks ago'],
  ['2025-11-01T12:00:00Z', 'last year'],
  ['2005-04-07T22:13:13Z', '21 years ago'],
  ['2026-11-24T12:05:00Z', 'in 5 minutes'],
])('%s is %s', (date, text) => {
  expect(relativeTime(new Date(date), NOW)).toBe(text);
});

test('whole dates are UTC', () => {
  expect(dayOf(new Date('2026-11-23T23:59:59Z'))).toBe('23 Nov 2026');
  expect(absoluteTime(NOW)).toBe('24 November 2026 at 12:00 UTC');
});
