import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseProxyHeader } from './proxy-protocol.ts';

const SIGNATURE = Buffer.from('0d0a0d0a000d0a515549540a', 'hex');

describe.each([
  ['version 1, IPv4', Buffer.from('PROXY TCP4 192.0.2.1 198.51.100.7 56324 22\r\n'), '192.0.2.1'],
  ['version 1, IPv6', Buffer.from('PROXY TCP6 2001:db8::1 ::1 1 22\r\n'), '2001:db8::1'],
  ['version 1, unknown', Buffer.from('PROXY UNKNOWN\r\n'), undefined],
  ['version 1, unknown with more', Buffer.from('PROXY UNKNOWN ffff::1 ::1 1 2\r\n'), undefined],
  ['version 2, IPv4', version2(0x21, 0x11, Buffer.of(192, 0, 2, 1, 198, 51, 100, 7, 1, 2, 0, 22)), '192.0.2.1'],
  ['version 2, more behind', version2(0x21, 0x11, Buffer.alloc(60, 7)), '7.7.7.7'],
  ['version 2, IPv6', version2(0x21, 0x21, Buffer.alloc(36, 1)), '101:101:101:101:101:101:101:101'],
  ['version 2, local', version2(0x20, 0x00, Buffer.alloc(0)), undefined],
])('%s', (_, header, clientAddress) => {
  test('is read up to its end, and no earlier', () => {
    for (let end = 0; end < header.length; end++) {
      expect(parseProxyHeader(header.subarray(0, end))).toEqual({ kind: 'incomplete' });
    }
    const expected = { kind: 'header', lengthBytes: header.length, clientAddress };
    expect(parseProxyHeader(Buffer.concat([header, Buffer.from('SSH-2.0-x\r\n')]))).toEqual(expected);
  });
});

test.each([
  ['a client without one', Buffer.from('SSH-2.0-OpenSSH_9.2\r\n')],
  ['another word', Buffer.from('PROXZ')],
  ['an address that is none', Buffer.from('PROXY TCP4 192.0.2.256 198.51.100.7 1 2\r\n')],
  ['an address of the other family', Buffer.from('PROXY TCP4 ::1 ::1 1 2\r\n')],
  ['a part that is missing', Buffer.from('PROXY TCP4 192.0.2.1 198.51.100.7 1\r\n')],
  ['a part too many', Buffer.from('PROXY TCP4 192.0.2.1 198.51.100.7 1 2 3\r\n')],
  ['a line without an end', Buffer.from(`PROXY TCP4 ${'1'.repeat(200)}`)],
  ['another version', version2(0x31, 0x11, Buffer.alloc(12))],
  ['another command', version2(0x22, 0x11, Buffer.alloc(12))],
  ['a family without addresses', version2(0x21, 0x31, Buffer.alloc(216))],
  ['addresses that are too short', version2(0x21, 0x21, Buffer.alloc(12))],
  ['a length beyond all reason', Buffer.concat([SIGNATURE, Buffer.of(0x21, 0x11, 0xff, 0xff)])],
])('%s is invalid', (_, bytes) => {
  expect(parseProxyHeader(bytes)).toEqual({ kind: 'invalid' });
});

test('any bytes have an answer', () => {
  const start = fc.constantFrom(Buffer.alloc(0), Buffer.from('PROXY '), Buffer.from('PROXY TCP4 '), SIGNATURE);
  fc.assert(
    fc.property(start, fc.uint8Array({ maxLength: 60 }), (prefix, rest) => {
      const bytes = Buffer.concat([prefix, rest]);
      const header = parseProxyHeader(bytes);
      if (header.kind === 'header') expect(header.lengthBytes).toBeLessThanOrEqual(bytes.length);
    }),
  );
});

function version2(command: number, family: number, addresses: Buffer): Buffer {
  const fixed = Buffer.of(command, family, addresses.length >> 8, addresses.length & 0xff);
  return Buffer.concat([SIGNATURE, fixed, addresses]);
}
