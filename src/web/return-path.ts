/** Where a form leads when it is done. The address comes from the request, so it could lead anywhere: only paths of ours pass. */

const OUR_ORIGIN = 'http://forge.invalid';

/** @returns `path` when it is one on this site, else `/` */
export function safeReturnPath(path: string | null | undefined): string {
  if (!path?.startsWith('/') || /[\\\p{Cc}]/u.test(path)) return '/';
  const url = URL.parse(path, OUR_ORIGIN);
  // Resolving dots may bring two slashes to the front, which would name a host.
  return url?.origin === OUR_ORIGIN && !url.pathname.startsWith('//') ? url.pathname + url.search + url.hash : '/';
}
