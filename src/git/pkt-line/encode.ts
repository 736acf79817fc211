/** Encodes pkt-lines — gitprotocol-common(5), "pkt-line format". */
import { limits } from '#limits.ts';
import { LENGTH_DIGITS, type PktLine } from './decode.ts';

/** A line to send: text is one data pkt in UTF-8, and ends with "\n" where the protocol wants one. */
export type OutgoingPkt = string | Uint8Array | Exclude<PktLine, { kind: 'data' }>;

export const FLUSH = { kind: 'flush' } as const;
export const DELIM = { kind: 'delim' } as const;

const SPECIAL_TEXT = { flush: '0000', delim: '0001', 'response-end': '0002' } as const;

/** Size of the pieces that `encodePktLines` yields. */
const CHUNK_BYTES = 65_536;

/** @throws {RangeError} a payload of more than 65,516 bytes */
export function encodePktLine(pkt: OutgoingPkt): Uint8Array {
  if (typeof pkt === 'object' && 'kind' in pkt) return Buffer.from(SPECIAL_TEXT[pkt.kind], 'latin1');
  const payload = typeof pkt === 'string' ? Buffer.from(pkt) : pkt;
  const bytes = Buffer.allocUnsafe(LENGTH_DIGITS + payload.length);
  writePktLength(bytes, bytes.length);
  bytes.set(payload, LENGTH_DIGITS);
  return bytes;
}

/**
 * Encodes a sequence of pkts into pieces of about 64 KiB, so that an advertisement of 100,000 refs is neither 100,000
 * writes nor one huge buffer. Each piece belongs to the caller.
 */
export function* encodePktLines(pkts: Iterable<OutgoingPkt>): Generator<Uint8Array> {
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  for (const pkt of pkts) {
    const bytes = encodePktLine(pkt);
    pending.push(bytes);
    pendingBytes += bytes.length;
    if (pendingBytes < CHUNK_BYTES) continue;
    yield Buffer.concat(pending, pendingBytes);
    pending = [];
    pendingBytes = 0;
  }
  if (pendingBytes > 0) yield Buffer.concat(pending, pendingBytes);
}

/** Writes the four length digits at the start of `target`. */
export function writePktLength(target: Buffer, lengthBytes: number): void {
  if (lengthBytes > limits.pktLineMaxBytes) throw new RangeError(`pkt-line of ${lengthBytes} bytes`);
  target.write(lengthBytes.toString(16).padStart(LENGTH_DIGITS, '0'), 0, 'latin1');
}
