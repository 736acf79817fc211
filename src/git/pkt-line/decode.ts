/** Decodes pkt-lines — gitprotocol-common(5), "pkt-line format"; gitprotocol-v2(5), "Packet-Line Framing". */
import { ProtocolError } from '#git/errors.ts';
import { limits } from '#limits.ts';

export type PktLine =
  | { readonly kind: 'data' /** A view of the input. */; readonly payload: Uint8Array }
  | { readonly kind: 'flush' }
  | { readonly kind: 'delim' }
  | { readonly kind: 'response-end' };

export type DecodedPktLine =
  | { readonly kind: 'decoded'; readonly pkt: PktLine; readonly lengthBytes: number }
  /** The input ends before the pkt does; `lengthBytes` is how long it must be before it is worth another try. */
  | { readonly kind: 'need-more'; readonly lengthBytes: number };

export const LENGTH_DIGITS = 4;

const SPECIAL_PKTS = [{ kind: 'flush' }, { kind: 'delim' }, { kind: 'response-end' }] as const;

/**
 * Decodes the pkt-line at `offset`.
 *
 * pkt = length(4 hexadecimal digits, of the whole pkt) payload; lengths 0, 1 and 2 are flush, delim and response-end; 3 is
 * no length at all; 4 is an empty payload, which senders should not send and receivers must take.
 *
 * Senders write pkts of at most 65,520 bytes; git reads four more, because it counts the payload alone, and names that in its message.
 *
 * @throws {ProtocolError} the length is no hexadecimal number, is 3, or is that of a payload beyond 65,520 bytes
 */
export function decodePktLine(bytes: Uint8Array, offset = 0): DecodedPktLine {
  if (bytes.length - offset < LENGTH_DIGITS) return { kind: 'need-more', lengthBytes: LENGTH_DIGITS };
  const lengthBytes = readLength(bytes, offset);
  const special = SPECIAL_PKTS[lengthBytes];
  if (special) return { kind: 'decoded', pkt: special, lengthBytes: LENGTH_DIGITS };
  if (bytes.length - offset < lengthBytes) return { kind: 'need-more', lengthBytes };
  const payload = bytes.subarray(offset + LENGTH_DIGITS, offset + lengthBytes);
  return { kind: 'decoded', pkt: { kind: 'data', payload }, lengthBytes };
}

function readLength(bytes: Uint8Array, offset: number): number {
  let length = 0;
  for (let i = offset; i < offset + LENGTH_DIGITS; i++) {
    const digit = hexDigit(bytes[i] as number);
    if (digit < 0) {
      const text = Buffer.from(bytes.subarray(offset, offset + LENGTH_DIGITS)).toString('latin1');
      throw new ProtocolError(`protocol error: bad line length character: ${printable(text)}`);
    }
    length = length * 16 + digit;
  }
  if (length === 3) throw new ProtocolError('protocol error: bad line length 3');
  if (length - LENGTH_DIGITS > limits.pktLineMaxBytes) {
    throw new ProtocolError(`protocol error: bad line length ${length - LENGTH_DIGITS}`);
  }
  return length;
}

/** Either case, as git reads it. */
function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

function printable(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?');
}
