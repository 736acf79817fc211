/** Addresses and networks in CIDR form, such as 10.0.0.0/8, and whether an address is in one of them. */
import { BlockList, isIP } from 'node:net';

export class NetworkList {
  readonly #list = new BlockList();

  /** @throws {RangeError} an entry that is neither an address nor a network */
  constructor(entries: readonly string[]) {
    for (const entry of entries) this.#add(entry);
  }

  has(address: string): boolean {
    const plain = plainAddress(address);
    const version = isIP(plain);
    return version !== 0 && this.#list.check(plain, version === 6 ? 'ipv6' : 'ipv4');
  }

  #add(entry: string): void {
    const [address = '', prefix, ...rest] = entry.split('/');
    const version = isIP(address);
    const bitsMax = version === 6 ? 128 : 32;
    const bits = prefix === undefined ? bitsMax : /^\d{1,3}$/.test(prefix) ? Number(prefix) : -1;
    if (version === 0 || rest.length > 0 || bits < 0 || bits > bitsMax) {
      throw new RangeError(`"${entry}" is neither an address nor a network such as 10.0.0.0/8.`);
    }
    this.#list.addSubnet(address, bits, version === 6 ? 'ipv6' : 'ipv4');
  }
}

/** An IPv4 address that a dual-stack socket shows as IPv6. */
export function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, '');
}
