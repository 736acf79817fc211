/**
 * Answers to what Node's parser gives up on, so that no route gets to see it: as Node answers by itself, but for one thing. A method that
 * the parser does not know is a fault of the request's meaning, not of its form — RFC 9110, section 15.5.6.
 */
import { METHODS, STATUS_CODES } from 'node:http';
import type { Duplex } from 'node:stream';

/** The methods that an address takes, for the header Allow; undefined for those of pages. */
export type AllowedMethods = (rawUrl: string) => readonly string[] | undefined;

/** What Node hands to its event `clientError`. */
interface ParserError extends Error {
  readonly code?: string;
  /** What has been received since the parser was last content. */
  readonly rawPacket?: Uint8Array;
}

const STATUS: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 431,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

const METHODS_OF_PAGES: readonly string[] = ['GET', 'HEAD', 'POST'];

/** The first line of a request in form, version 1.1: older clients know no 405. Section 5.6.2 has the characters of a method. */
const REQUEST_LINE = /^([\w!#$%&'*+.^`|~-]{1,64}) (\/[\x21-\x7e]*) HTTP\/1\.1\r\n/;

/** @param hasBegun whether an answer is already on its way, of which a client would take this one for a part */
export function answerUnreadable(error: ParserError, socket: Duplex, hasBegun: boolean, allowed: AllowedMethods): void {
  if (socket.writable && !hasBegun) socket.write(answerTo(error, allowed));
  socket.destroy(error);
}

function answerTo({ code = '', rawPacket = new Uint8Array() }: ParserError, allowed: AllowedMethods): string {
  const [, method = '', rawUrl = ''] = REQUEST_LINE.exec(Buffer.from(rawPacket).toString('latin1')) ?? [];
  if (code === 'HPE_INVALID_METHOD' && method !== '' && !METHODS.includes(method)) {
    return head(405, `Allow: ${(allowed(rawUrl) ?? METHODS_OF_PAGES).join(', ')}\r\n`);
  }
  return head(STATUS[code] ?? 400);
}

function head(status: number, more = ''): string {
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${more}Content-Length: 0\r\nConnection: close\r\n\r\n`;
}
