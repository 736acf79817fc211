/**
 * Tells whether a browser sent a request from our own pages. Forged ones come from elsewhere, and browsers say so: by
 * Sec-Fetch-Site (Fetch Metadata Request Headers, section 2.3; https and localhost only), and by Origin (RFC 6454; on every
 * unsafe method).
 *
 * An unsafe request that a cookie authenticates must be `same-origin`. One that proves itself otherwise, such as a sign-in
 * form, need only not be `cross-site`.
 */
export type RequestOrigin = 'same-origin' | 'cross-site' | 'unknown';

/** The headers of a request that bear on it, as Node names them. */
export interface OriginHeaders {
  readonly 'sec-fetch-site'?: string | string[] | undefined;
  readonly origin?: string | string[] | undefined;
}

/** @param publicUrl the address under which browsers know us: behind a proxy it is not that of the request */
export function requestOrigin(headers: OriginHeaders, publicUrl: URL): RequestOrigin {
  const site = headers['sec-fetch-site'];
  // `none`: the person's own doing, such as typing an address. `same-site` is another host of the same domain: not us.
  if (site === 'same-origin' || site === 'none') return 'same-origin';
  if (headers.origin !== undefined) return headers.origin === publicUrl.origin ? 'same-origin' : 'cross-site';
  return site === undefined ? 'unknown' : 'cross-site';
}

/** Methods that read only — RFC 9110, section 9.2.1. */
export function isSafeMethod(method: string): boolean {
  return method === 'GET' || method === 'HEAD' || method === 'OPTIONS';
}
