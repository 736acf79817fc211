/**
 * The addresses that answers link to. They begin with the base that the caller used, because clients check that a link stays
 * on their host; but a Host header is only words, so it counts in two cases alone: it is PUBLIC_URL's own, or PUBLIC_URL is
 * a loopback address (nothing was configured) and so is the host.
 */
export const API_PREFIX = '/api/v3';
/** What addresses name where git over SSH is off: clients expect some address. */
const SSH_DEFAULT_PORT = 22;

export interface BaseUrls {
  /** Of the pages, without a slash at the end: `https://forge.example`. */
  readonly web: string;
  /** Of this API: `https://forge.example/api/v3`. */
  readonly api: string;
  readonly ssh: { readonly hostname: string; readonly port: number };
}

export function baseUrlsFor(
  site: { readonly publicUrl: URL; readonly sshPort: number | undefined },
  hostHeader: string | undefined,
): BaseUrls {
  const { publicUrl, sshPort = SSH_DEFAULT_PORT } = site;
  const web = callerOrigin(publicUrl, hostHeader) + publicUrl.pathname.replace(/\/$/, '');
  return { web, api: web + API_PREFIX, ssh: { hostname: new URL(web).hostname, port: sshPort } };
}

/** Encodes each segment of a ref or a path, keeping the slashes between them. */
export function encodePath(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}

function callerOrigin(publicUrl: URL, hostHeader: string | undefined): string {
  if (!isLoopback(publicUrl.hostname) || hostHeader === undefined) return publicUrl.origin;
  if (!/^(?:[\w.-]+|\[[0-9a-f:]+\])(?::\d{1,5})?$/i.test(hostHeader)) return publicUrl.origin;
  const called = URL.parse(`${publicUrl.protocol}//${hostHeader}`);
  return called && isLoopback(called.hostname) ? called.origin : publicUrl.origin;
}

function isLoopback(hostname: string): boolean {
  return (
    hostname === 'localhost' ||
    hostname.endsWith('.localhost') ||
    hostname === '[::1]' ||
    /^127(?:\.\d+){3}$/.test(hostname)
  );
}
