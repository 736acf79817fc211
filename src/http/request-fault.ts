/** What Node's parser lets pass and RFC 9112 does not. */
import type { IncomingMessage } from 'node:http';

/**
 * @returns the status that the request is refused with: 400 for more than one Host (section 3.2), 501 for a transfer coding
 * other than `chunked`, whose bytes would be taken for the body (section 6.1)
 */
export function findRequestFault(request: IncomingMessage): 400 | 501 | undefined {
  const codings = request.headers['transfer-encoding'];
  if (codings !== undefined && codings.trim().toLowerCase() !== 'chunked') return 501;
  return (request.headersDistinct['host']?.length ?? 0) > 1 ? 400 : undefined;
}
