import { expect, test } from 'vitest';
import { isOid, parsePointer } from './lfs-pointer.ts';

const OID = '4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393';
const POINTER = `version https://git-lfs.github.com/spec/v1\noid sha256:${OID}\nsize 12345\n`;

test('a pointer names its object', () => {
  expect(parsePointer(Buffer.from(POINTER))).toEqual({ oid: OID, sizeBytes: 12_345 });
});

test.each([
  ['without its last newline', POINTER.trimEnd()],
  ['of releases before 1.0', POINTER.replace('git-lfs.github.com', 'hawser.github.com')],
  ['with an extension', POINTER.replace('oid', `ext-0-foo sha256:${OID}\noid`)],
])('a pointer %s', (_, text) => {
  expect(parsePointer(Buffer.from(text))).toEqual({ oid: OID, sizeBytes: 12_345 });
});

test.each([
  ['an empty file', ''],
  ['text', 'hello\n'],
  ['another version', POINTER.replace('v1', 'v2')],
  ['another hash', POINTER.replace('sha256', 'md5')],
  ['a short hash', POINTER.replace(OID, OID.slice(1))],
  ['an upper-case hash', POINTER.replace(OID, OID.toUpperCase())],
  ['no hash', POINTER.replace(/oid.*\n/, '')],
  ['no size', POINTER.replace(/size.*\n/, '')],
  ['a negative size', POINTER.replace('12345', '-1')],
  ['a fractional size', POINTER.replace('12345', '1.5')],
  ['a size beyond all numbers', POINTER.replace('12345', '99999999999999999999')],
  ['two sizes', `${POINTER}size 1\n`],
  ['a line that is no pair', `${POINTER}what\n`],
  ['a version in the middle', `x\n${POINTER}`],
  ['more than a kilobyte', `${POINTER}x ${'y'.repeat(1_024)}\n`],
])('%s is no pointer', (_, text) => {
  expect(parsePointer(Buffer.from(text))).toBeUndefined();
});

test('an oid is 64 lower-case hexadecimal digits', () => {
  expect([OID, OID.slice(1), `${OID}0`, OID.toUpperCase(), `${OID}\n`, '', `g${OID.slice(1)}`].map(isOid)).toEqual([
    true,
    ...Array(6).fill(false),
  ]);
});
