import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatIdentity, parseIdentity, timezoneMinutes } from './identity.ts';

const text = fc.string({ unit: 'grapheme' }).map((value) => value.replaceAll(/[<>\s\p{C}]/gu, 'x'));

test('every identity survives formatting and parsing', () => {
  const identity = fc.record({
    name: text,
    email: text,
    dateSeconds: fc.nat(2 ** 40),
    timezone: fc.constantFrom('+0000', '-0000', '+0530', '-1200', '+1400'),
  });
  fc.assert(
    fc.property(identity, (value) => {
      expect(parseIdentity(formatIdentity(value))).toEqual(value);
    }),
  );
});

test.each([
  ['A <a@x> 1 +0000 junk', { name: 'A', email: 'a@x', dateSeconds: 1, timezone: '+0000' }],
  ['A <a@x>', { name: 'A', email: 'a@x', dateSeconds: 0, timezone: '+0000' }],
  ['A <a@x>> 2 -0100', { name: 'A', email: 'a@x', dateSeconds: 2, timezone: '-0100' }],
  ['A <a@x> 3', { name: 'A', email: 'a@x', dateSeconds: 3, timezone: '+0000' }],
  ['nobody', { name: 'nobody', email: '', dateSeconds: 0, timezone: '+0000' }],
  ['', { name: '', email: '', dateSeconds: 0, timezone: '+0000' }],
])('reads what there is in %j', (line, identity) => {
  expect(parseIdentity(line)).toEqual(identity);
});

test('timezones are hours and minutes', () => {
  expect(timezoneMinutes('+0530')).toBe(330);
  expect(timezoneMinutes('-0330')).toBe(-210);
  expect(timezoneMinutes('-0000') + 0).toBe(0);
});
