import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it, test } from 'vitest';
import { GIT_KNOWS_TODAY } from '../../../tests/support/git-version.ts';
import { approximateDate } from './approximate-date.ts';

/** Sunday, 2009-08-30 19:20:00 UTC. */
const NOW = 1_251_660_000;

describe('a date that is said', () => {
  it.each([
    ['now', '2009-08-30 19:20:00'],
    ['', '2009-08-30 19:20:00'],
    ['what', '2009-08-30 19:20:00'],
    ['5 seconds ago', '2009-08-30 19:19:55'],
    ['10 minutes ago', '2009-08-30 19:10:00'],
    ['yesterday', '2009-08-29 19:20:00'],
    ['3 days ago', '2009-08-27 19:20:00'],
    ['12:34:56.3 days ago', '2009-08-27 12:34:56'],
    ['3.weeks.ago', '2009-08-09 19:20:00'],
    ['3 months ago', '2009-05-30 19:20:00'],
    ['2 years 3 months ago', '2007-05-30 19:20:00'],
    ['6am yesterday', '2009-08-29 06:00:00'],
    ['6pm yesterday', '2009-08-29 18:00:00'],
    ['3:00', '2009-08-30 03:00:00'],
    ['15:00', '2009-08-30 15:00:00'],
    ['noon today', '2009-08-30 12:00:00'],
    ['today', '2009-08-30 00:00:00'],
    ['noon yesterday', '2009-08-29 12:00:00'],
    ['yesterday noon', '2009-08-29 12:00:00'],
    ['January 5th noon pm', '2009-01-05 12:00:00'],
    ['midnight', '2009-08-30 00:00:00'],
    ['tea', '2009-08-30 17:00:00'],
    ['last tuesday', '2009-08-25 19:20:00'],
    ['last friday at noon', '2009-08-28 12:00:00'],
    ['July 5th', '2009-07-05 19:20:00'],
    ['06/05/2009', '2009-06-05 19:20:00'],
    ['06.05.2009', '2009-05-06 19:20:00'],
    ['Jun 6, 5AM', '2009-06-06 05:00:00'],
    ['6AM, June 7, 2009', '2009-06-07 06:00:00'],
    ['2008-12-01', '2008-12-01 19:20:00'],
    ['2008-12-01T10:11:12Z', '2008-12-01 10:11:12'],
    ['2008-02-14 20:30:45 -0500', '2008-02-15 01:30:45'],
    ['Thu, 7 Apr 2005 15:14:13 -0700', '2005-04-07 22:14:13'],
    ['20080214T2030', '2008-02-14 20:30:00'],
    ['@0 +0000', '1970-01-01 00:00:00'],
    ['@1234567890', '2009-02-13 23:31:30'],
    ['never', '1970-01-01 00:00:00'],
    ['9999999999999999999999 days ago', undefined],
    [`${'9'.repeat(400)} years`, undefined],
    ['2000000000 months ago', undefined],
  ])('"%s" is %s', (text, expected) => {
    const seconds = approximateDate(text, NOW);
    expect(Number.isFinite(seconds)).toBe(true);
    if (expected === undefined) return;
    expect(new Date(seconds * 1_000).toISOString().replace('T', ' ')).toBe(`${expected}.000Z`);
  });
});

const WORDS = [
  ...['now', 'PM', 'am', 'last', 'ago', 'one', 'two', 'three', 'ten', 'zero', 'at', 'th'],
  ...['seconds', 'minute', 'hours', 'day', 'days', 'week', 'months', 'mon', 'year', 'years'],
  ...['Jan', 'february', 'Mar', 'May', 'december', 'sun', 'Monday', 'fri', 'saturdays', 'tues'],
  ...['GMT', 'EST', 'CEST', 'Z', 'UTC', 'jst', '+0200', '-0730', '+05', '-11:30', '+9999'],
  ...[
    '0',
    '1',
    '2',
    '5',
    '07',
    '12',
    '13',
    '31',
    '32',
    '69',
    '70',
    '99',
    '100',
    '007',
    '1400',
    '1969',
    '2005',
    '2099',
    '2100',
  ],
  ...[
    '12:30',
    '23:59:59',
    '24:00',
    '25:00',
    '10:11:12.345',
    '1:2',
    '5/7/06',
    '7.5.2006',
    '2006-05-07',
    '2006-13-05',
    '1/2',
  ],
  ...[
    '31-12-99',
    '3.4',
    '20060507',
    '123456',
    '123456.7',
    '12345678',
    '100000000',
    '1234567890',
    '@1234567890',
    '2006-02-31',
  ],
  ...(GIT_KNOWS_TODAY
    ? ['today', 'yesterday', 'noon', 'midnight', 'tea', 'T', 'T12', '20080214T1530', '20080214T15']
    : []),
];

test('dates are those that git makes of them', () => {
  const separator = fc.constantFrom(' ', ' ', ' ', '', '.', ', ', '-', '/');
  const words = fc.array(fc.tuple(fc.constantFrom(...WORDS), separator), { minLength: 1, maxLength: 5 });
  const text = words.map((parts) => parts.flat().join('').trim());
  const texts = fc.sample(text, { seed: Number(process.env['DIFFERENTIAL_SEED'] ?? 1), numRuns: 1_500 });
  // The real time, for git asks the clock itself whether a date lies in the future.
  const now = Math.floor(Date.now() / 1_000);
  const env = { ...process.env, GIT_TEST_DATE_NOW: String(now), TZ: 'UTC', LC_ALL: 'C' };
  const output = execFileSync('git', ['rev-parse', ...texts.map((text) => `--since=${text}`)], { env }).toString();
  const expected = output.split('\n').map((line) => line.slice('--max-age='.length));
  const differences = texts.flatMap((text, index) => {
    const ours = String(approximateDate(text, now));
    // Of more than 31 bits and less than nothing each version of git makes something else.
    if (/\d{11}/.test(text) || Number(expected[index]) > 2 ** 53) return [];
    return ours === expected[index] ? [] : [{ text, ours, gits: expected[index] }];
  });
  expect(differences).toEqual([]);
});
