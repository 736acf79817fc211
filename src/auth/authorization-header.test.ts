import { expect, test } from 'vitest';
import { parseAuthorization } from './authorization-header.ts';

const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

test.each([
  ['Bearer och_1', { kind: 'token', secret: 'och_1' }],
  ['bearer och_1', { kind: 'token', secret: 'och_1' }],
  ['token och_1', { kind: 'token', secret: 'och_1' }],
  ['Token  och_1 ', { kind: 'token', secret: 'och_1' }],
  [basic('ada:pass:with:colons'), { kind: 'password-or-token', name: 'ada', secret: 'pass:with:colons' }],
  [basic('ada:pässwörd'), { kind: 'password-or-token', name: 'ada', secret: 'pässwörd' }],
  [basic('x-access-token:och_1'), { kind: 'password-or-token', name: 'x-access-token', secret: 'och_1' }],
  [basic('och_1:x-oauth-basic'), { kind: 'token', secret: 'och_1' }],
  [basic('och_1:'), { kind: 'token', secret: 'och_1' }],
  [basic('no colon'), { kind: 'malformed' }],
  ['Basic', { kind: 'malformed' }],
  ['Bearer', { kind: 'malformed' }],
  ['Bearer a b', { kind: 'malformed' }],
  ['Digest username="ada"', { kind: 'malformed' }],
  ['', { kind: 'malformed' }],
])('%s', (header, expected) => {
  expect(parseAuthorization(header)).toEqual(expected);
});
