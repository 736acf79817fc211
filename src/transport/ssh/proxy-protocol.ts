/**
 * The PROXY protocol, versions 1 and 2: what a balancer says about its client before the client's own bytes — HAProxy's
 * proxy-protocol.txt. Only what balancers are trusted to say is read by it.
 */
import { isIP, type Socket } from 'node:net';

export type ProxyHeader =
  | { readonly kind: 'incomplete' }
  | { readonly kind: 'invalid' }
  /** `clientAddress` is undefined for what the balancer sends for itself, such as checks of health. */
  | { readonly kind: 'header'; readonly lengthBytes: number; readonly clientAddress: string | undefined };

const INCOMPLETE: ProxyHeader = { kind: 'incomplete' };
const INVALID: ProxyHeader = { kind: 'invalid' };
const V1_PREFIX = Buffer.from('PROXY ');
const V1_MAX_BYTES = 107;
const V2_SIGNATURE = Buffer.from('\r\n\r\n\0\r\nQUIT\n', 'latin1');
const V2_FIXED_BYTES = 16;
/** Addresses, and what a balancer adds to them; 216 bytes are the longest addresses. */
const V2_VARIABLE_MAX_BYTES = 4_096;
const HEADER_MAX_BYTES = V2_FIXED_BYTES + V2_VARIABLE_MAX_BYTES;

/** @param bytes all that has come so far */
export function parseProxyHeader(bytes: Buffer): ProxyHeader {
  if (startsAs(bytes, V1_PREFIX)) return bytes.length < V1_PREFIX.length ? INCOMPLETE : parseVersion1(bytes);
  if (startsAs(bytes, V2_SIGNATURE)) return bytes.length < V2_FIXED_BYTES ? INCOMPLETE : parseVersion2(bytes);
  return INVALID;
}

/** Whether the bytes begin as the prefix does, as far as they are there. */
function startsAs(bytes: Buffer, prefix: Buffer): boolean {
  const length = Math.min(bytes.length, prefix.length);
  return bytes.subarray(0, length).equals(prefix.subarray(0, length));
}

/** `PROXY TCP4 192.0.2.1 192.0.2.2 56324 22` and CR LF. */
function parseVersion1(bytes: Buffer): ProxyHeader {
  const end = bytes.subarray(0, V1_MAX_BYTES).indexOf('\r\n');
  if (end < 0) return bytes.length < V1_MAX_BYTES ? INCOMPLETE : INVALID;
  const lengthBytes = end + 2;
  const line = bytes.toString('latin1', V1_PREFIX.length, end);
  if (/^UNKNOWN(?: |$)/.test(line)) return { kind: 'header', lengthBytes, clientAddress: undefined };
  const [, version, source = '', target = ''] = /^TCP([46]) (\S+) (\S+) \d{1,5} \d{1,5}$/.exec(line) ?? [];
  if (version === undefined || isIP(source) !== Number(version) || isIP(target) !== Number(version)) return INVALID;
  return { kind: 'header', lengthBytes, clientAddress: source };
}

/** signature(12) version and command(1) family and transport(1) length(2), then the source and the target. */
function parseVersion2(bytes: Buffer): ProxyHeader {
  const variableBytes = bytes.readUInt16BE(14);
  if (variableBytes > V2_VARIABLE_MAX_BYTES) return INVALID;
  const lengthBytes = V2_FIXED_BYTES + variableBytes;
  if (bytes.length < lengthBytes) return INCOMPLETE;
  const command = bytes[12];
  if (command === 0x20) return { kind: 'header', lengthBytes, clientAddress: undefined };
  if (command !== 0x21) return INVALID;
  const clientAddress = addressOf(bytes[13] ?? 0, bytes.subarray(V2_FIXED_BYTES, lengthBytes));
  return clientAddress === undefined ? INVALID : { kind: 'header', lengthBytes, clientAddress };
}

function addressOf(family: number, addresses: Buffer): string | undefined {
  if (family === 0x11 && addresses.length >= 12) return addresses.subarray(0, 4).join('.');
  if (family !== 0x21 || addresses.length < 36) return undefined;
  const groups = Array.from({ length: 8 }, (_, index) => addresses.readUInt16BE(2 * index).toString(16));
  return groups.join(':');
}

/**
 * Takes the header off a connection; what follows it is left to be read.
 *
 * @returns the client's address, or that of the connection; undefined when there is no header, or the connection ends in it
 */
export async function readProxyHeader(socket: Socket): Promise<string | undefined> {
  let bytes: Buffer = Buffer.alloc(0);
  for (;;) {
    const chunk = (socket.read() as Buffer | null) ?? undefined;
    if (chunk === undefined) {
      if (!(await isReadable(socket))) return undefined;
      continue;
    }
    bytes = Buffer.concat([bytes, chunk]);
    const header = parseProxyHeader(bytes);
    if (header.kind === 'invalid' || (header.kind === 'incomplete' && bytes.length > HEADER_MAX_BYTES))
      return undefined;
    if (header.kind === 'incomplete') continue;
    if (bytes.length > header.lengthBytes) socket.unshift(bytes.subarray(header.lengthBytes));
    return header.clientAddress ?? socket.remoteAddress;
  }
}

/** @returns false when nothing more will come */
function isReadable(socket: Socket): Promise<boolean> {
  return new Promise((resolve) => {
    const finish = (isThere: boolean) => {
      socket.off('readable', onReadable).off('end', onEnd).off('close', onEnd);
      resolve(isThere);
    };
    const onReadable = () => finish(!socket.readableEnded);
    const onEnd = () => finish(false);
    socket.on('readable', onReadable).on('end', onEnd).on('close', onEnd);
    if (socket.destroyed || socket.readableEnded) onEnd();
  });
}
