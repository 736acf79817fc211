import fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareAsUtf8, compareBytes, equalBytes } from './compare-bytes.ts';

test('bytes are unsigned, and a prefix comes first', () => {
  expect(compareBytes(Buffer.from([0x7f]), Buffer.from([0x80]))).toBeLessThan(0);
  expect(compareBytes(Buffer.from('a'), Buffer.from('ab'))).toBeLessThan(0);
  expect(compareBytes(Buffer.from('b'), Buffer.from('ab'))).toBeGreaterThan(0);
});

test('equalBytes wants the same length and the same bytes', () => {
  expect(equalBytes(Buffer.from('ab'), Buffer.from('ab'))).toBe(true);
  expect(equalBytes(Buffer.from('ab'), Buffer.from('a'))).toBe(false);
  expect(equalBytes(Buffer.from('ab'), Buffer.from('ac'))).toBe(false);
});

test('strings are ordered as their UTF-8 bytes are', () => {
  const text = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.string({ unit: fc.constantFrom('\u{10000}', '\ue000', 'a') }),
  );
  fc.assert(
    fc.property(text, text, (a, b) => {
      expect(Math.sign(compareAsUtf8(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
    }),
  );
  expect(compareAsUtf8('\u{10000}', '\ue000')).toBeGreaterThan(0);
});
