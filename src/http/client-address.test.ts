import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { createClientAddressReader } from './client-address.ts';

function read(trusted: string[], remoteAddress: string, forwarded?: string): string {
  const request = { socket: { remoteAddress }, headers: { 'x-forwarded-for': forwarded } };
  return createClientAddressReader(trusted)(request as unknown as IncomingMessage);
}

test('nobody is believed by default', () => {
  expect(read([], '203.0.113.9', '198.51.100.1')).toBe('203.0.113.9');
});

test('the first address from the right that no trusted proxy has is the client', () => {
  const chain = '192.0.2.66, 198.51.100.1, 10.0.0.2';
  expect(read(['10.0.0.0/8'], '10.0.0.1', chain)).toBe('198.51.100.1');
  expect(read(['10.0.0.0/8', '::1'], '::1', chain)).toBe('198.51.100.1');
});

test('a trusted proxy that names nobody, or rubbish, is the client itself', () => {
  expect(read(['10.0.0.0/8'], '10.0.0.1')).toBe('10.0.0.1');
  expect(read(['10.0.0.0/8'], '10.0.0.1', 'unknown')).toBe('10.0.0.1');
});

test('IPv4 in IPv6 form is IPv4', () => {
  expect(read(['127.0.0.1'], '::ffff:127.0.0.1', '198.51.100.1')).toBe('198.51.100.1');
});

test.each(['proxy.example', '10.0.0.0/33', '10.0.0.0/8/8', '10/8'])('%s is no network', (entry) => {
  expect(() => createClientAddressReader([entry])).toThrow(RangeError);
});
