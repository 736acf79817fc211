/** Which client addresses count as one caller. */
import { isIPv6 } from 'node:net';

/**
 * The part of an address that its holder cannot change at will: all of an IPv4 address, the /64 network of an IPv6 one, which
 * is what a single subscriber is given — RFC 6177, section 2.
 */
export function callerNetwork(clientAddress: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(clientAddress);
  if (mapped?.[1] !== undefined) return mapped[1];
  if (!isIPv6(clientAddress)) return clientAddress;
  const groups = expandIPv6(clientAddress).slice(0, 4);
  return `${groups.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`;
}

/** The hexadecimal groups of a valid address, with `::` written out. */
function expandIPv6(address: string): string[] {
  const [head = '', tail = ''] = address.replace(/%.*$/, '').split('::');
  const headGroups = head === '' ? [] : head.split(':');
  const tailGroups = tail === '' ? [] : tail.split(':');
  const missing = Math.max(0, 8 - headGroups.length - tailGroups.length);
  return [...headGroups, ...Array<string>(missing).fill('0'), ...tailGroups];
}
