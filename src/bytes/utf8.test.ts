import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeLatin1, decodeLenient, decodeStrict, isUtf8, utf8PrefixLength } from './utf8.ts';

test('UTF-8 text comes back as it was, a byte order mark included', () => {
  fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (text) => decodeLenient(Buffer.from(text)) === text));
  expect(decodeLenient(Buffer.from('\ufeffa'))).toBe('\ufeffa');
});

test('bytes that are not UTF-8 are read as ISO 8859-1', () => {
  const bytes = Buffer.from([0x63, 0x61, 0x66, 0xe9]);
  expect(isUtf8(bytes)).toBe(false);
  expect(decodeLenient(bytes)).toBe('café');
  expect(decodeStrict(bytes)).toBeUndefined();
});

test('ISO 8859-1 keeps the bytes 0x80 to 0x9f, which windows-1252 would change', () => {
  expect(decodeLatin1(Buffer.from([0x80, 0x9f]))).toBe('\u0080\u009f');
});

test('surrogates and overlong forms are not UTF-8', () => {
  expect(isUtf8(Buffer.from([0xed, 0xa0, 0x80]))).toBe(false);
  expect(isUtf8(Buffer.from([0xc0, 0xaf]))).toBe(false);
});

test('the whole characters before a broken one are counted in bytes', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom('\xff', '\xc3', '\xe2\x82', '\xf0\x9f\x98', '\x80'),
      (text, broken) => {
        const whole = Buffer.from(text);
        expect(utf8PrefixLength(whole)).toBe(whole.length);
        expect(utf8PrefixLength(Buffer.concat([whole, Buffer.from(broken, 'latin1'), Buffer.from('a')]))).toBe(
          whole.length,
        );
      },
    ),
  );
});
