/**
 * Protection against forged requests: a request that changes something and is authenticated by a cookie must come from a page
 * of ours. Browsers say where a request comes from in Sec-Fetch-Site and Origin, and no page can change either.
 */
import type { IncomingMessage } from 'node:http';

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * @returns true for safe methods, and for others when the browser says that the page that sent them has our origin. A client
 *   that sends neither header is no browser of this decade, and has no cookie that it was tricked into sending; yet it is
 *   refused, for the pages are for browsers and everything else has the API.
 */
export function isSameOrigin(request: IncomingMessage, publicUrl: URL): boolean {
  if (SAFE_METHODS.has(request.method ?? '')) return true;
  const fetchSite = request.headers['sec-fetch-site'];
  if (fetchSite !== undefined) return fetchSite === 'same-origin';
  return request.headers.origin === publicUrl.origin;
}
