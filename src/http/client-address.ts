/** Who is at the other end, when proxies may stand between. */
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { NetworkList, plainAddress } from '#auth/network-list.ts';

export type ClientAddressReader = (request: IncomingMessage) => string;

/**
 * Makes a reader that believes X-Forwarded-For as far as trusted proxies wrote it: from the right, the first address that is
 * not theirs is the client's.
 *
 * @param trustedProxies addresses and networks in CIDR form
 * @throws {RangeError} an entry that is neither
 */
export function createClientAddressReader(trustedProxies: readonly string[]): ClientAddressReader {
  const trusted = readTrusted(trustedProxies);
  return (request) => {
    let address = plainAddress(request.socket.remoteAddress ?? '');
    const forwarded = String(request.headers['x-forwarded-for'] ?? '').split(',');
    while (trusted.has(address)) {
      const previous = plainAddress(forwarded.pop()?.trim() ?? '');
      if (isIP(previous) === 0) break;
      address = previous;
    }
    return address;
  };
}

function readTrusted(entries: readonly string[]): NetworkList {
  try {
    return new NetworkList(entries);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new RangeError(`TRUSTED_PROXIES holds addresses and networks, and ${error.message}`, { cause: error });
  }
}
