import { randomBytes } from 'node:crypto';
import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { assertInflaterWorks, Inflater, inflateWhole } from './inflater.ts';

const CORRUPT = expect.objectContaining({ name: 'CorruptPackError' });

describe('Inflater', () => {
  it('behaves on this Node as it must', () => {
    expect(assertInflaterWorks).not.toThrow();
  });

  it('inflates stream after stream, whatever their size, and says where each ends', () => {
    const inflater = new Inflater();
    for (const size of [0, 1, 100, 16_384, 70_000, 1_000_000]) {
      const body = randomBytes(size);
      const stream = deflateSync(body);
      const input = Buffer.concat([Buffer.from('xx'), stream, Buffer.from('behind it')]);
      const output = new Uint8Array(size + 4);
      expect(inflateWhole(inflater, input, 2, input.length, output, 3, size)).toBe(stream.length);
      expect(Buffer.compare(output.subarray(3, 3 + size), body)).toBe(0);
    }
  });

  it('goes on where it stopped, byte by byte', () => {
    const body = randomBytes(500);
    const stream = deflateSync(body);
    const inflater = new Inflater();
    const output = new Uint8Array(501);
    let filled = 0;
    for (let at = 0; at < stream.length; at++) {
      inflater.write(stream, at, at + 1, output, filled, output.length);
      filled += inflater.producedBytes;
    }
    expect(Buffer.compare(output.subarray(0, filled), body)).toBe(0);
  });

  const stream = deflateSync(Buffer.from('hello world'));
  it.each<[string, Buffer, number]>([
    ['a stream cut short', stream.subarray(0, -1), 11],
    ['a stream cut in its data', stream.subarray(0, 8), 11],
    ['nothing', Buffer.alloc(0), 11],
    ['more bytes than announced', stream, 10],
    ['fewer bytes than announced', stream, 12],
    ['a bad checksum', Buffer.from(stream).fill(0, stream.length - 4), 11],
    ['no zlib data', Buffer.from('hello world, this is text'), 11],
    ['gzip', gzipSync('hello world'), 11],
    ['raw deflate', deflateRawSync('hello world'), 11],
    ['a preset dictionary', deflateSync('hello world', { dictionary: Buffer.from('hello') }), 11],
  ])('refuses %s', (_, input, size) => {
    const inflater = new Inflater();
    const output = new Uint8Array(64);
    expect(() => inflateWhole(inflater, input, 0, input.length, output, 0, size)).toThrow(CORRUPT);
    // And is as good as new for the next one.
    expect(inflateWhole(inflater, stream, 0, stream.length, output, 0, 11)).toBe(stream.length);
  });
});
