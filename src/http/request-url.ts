/**
 * The request target as the application reads it: path and query. A client may send the absolute form — RFC 9112,
 * section 3.2.2 — whose host is of no interest here.
 *
 * @returns undefined for what is no path, such as `*`
 */
export function readRequestUrl(target: string): string | undefined {
  const path = target.replace(/^https?:\/\/[^/?#]*/i, '');
  if (path === '' || path.startsWith('?')) return `/${path}`;
  return path.startsWith('/') ? path : undefined;
}
