import { inflateSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { avatarPng } from './avatar.ts';

test('the picture is the same for the same name, and alike on both sides', () => {
  const png = Buffer.from(avatarPng('Ada'));
  expect(png.equals(avatarPng('ada'))).toBe(true);
  expect(png.equals(avatarPng('bob'))).toBe(false);
  const dataStart = png.indexOf('IDAT') + 4;
  const lines = inflateSync(png.subarray(dataStart, dataStart + png.readUInt32BE(dataStart - 8)));
  const lineBytes = 1 + 288 / 8;
  expect(lines.length).toBe(lineBytes * 288);
  for (let start = 0; start < lines.length; start += lineBytes) {
    const pixels = lines.subarray(start + 1, start + lineBytes);
    expect(Buffer.from(pixels).reverse().equals(pixels)).toBe(true);
  }
});
