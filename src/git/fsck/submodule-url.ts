/** URLs of submodules that git refuses, since clients misread them — CVE-2018-17456, CVE-2020-5260, CVE-2020-11008. */

const SCHEMES = ['http', 'https', 'ftp', 'ftps'];

export function isAllowedSubmoduleUrl(url: string): boolean {
  if (url.startsWith('-')) return false;
  if (isRelative(url) || url.startsWith('git://')) return !hasNewline(url) && !escapesRoot(url);
  const curlUrl = curlUrlOf(url);
  return curlUrl === undefined || (isNormalizable(curlUrl) && !hasNewline(curlUrl));
}

function isRelative(url: string): boolean {
  return /^\.\.?[/\\]/.test(url);
}

/** A newline, written as it is or as %0a, ends a line of the credential protocol. */
function hasNewline(url: string): boolean {
  return /\n|%0a/i.test(url);
}

/** `../` often enough leads from the path of the superproject's URL to its host. */
function escapesRoot(url: string): boolean {
  const steps = /^(?:\.\.?[/\\])+/.exec(url)?.[0] ?? '';
  return steps.includes('..') && /^[:/]/.test(url.slice(steps.length));
}

/** What git hands to its curl helper: the URL itself, or what stands behind `http::`. */
function curlUrlOf(url: string): string | undefined {
  for (const scheme of SCHEMES) {
    if (url.startsWith(`${scheme}::`)) return url.slice(scheme.length + 2);
  }
  return SCHEMES.some((scheme) => url.startsWith(`${scheme}://`)) ? url : undefined;
}

const URL_PARTS =
  /^(?<scheme>[A-Za-z][A-Za-z0-9+.-]*):\/\/(?:(?<user>[^/?#@]*)@)?(?<host>[^/?#]*?)(?::(?<port>[^:\]/?#]*))?(?<path>[/?#].*)?$/s;

/** Whether git can bring the URL into its normal form: a host, valid escapes, a port in range, no path above the root. */
function isNormalizable(url: string): boolean {
  const parts = URL_PARTS.exec(url)?.groups;
  if (!parts) return false;
  const { host = '', port = '', user = '', path = '' } = parts;
  if (host === '' && !/^file:/i.test(url)) return false;
  return isHost(host) && isPort(port) && hasValidEscapes(user) && hasValidEscapes(path) && staysBelowRoot(path);
}

function isHost(host: string): boolean {
  return /^[A-Za-z0-9.\-_[:\]]*$/.test(host);
}

function isPort(port: string): boolean {
  return port === '' || (/^0*[1-9]\d{0,4}$/.test(port) && Number(port) <= 65_535);
}

function hasValidEscapes(text: string): boolean {
  return !/%(?![0-9a-f]{2})/i.test(text);
}

function staysBelowRoot(path: string): boolean {
  let depth = 0;
  for (const segment of (/^[^?#]*/.exec(path)?.[0] ?? '').split('/').slice(1)) {
    const plain = segment.replaceAll(/%2e/gi, '.');
    if (plain === '.') continue;
    depth += plain === '..' ? -1 : 1;
    if (depth < 0) return false;
  }
  return true;
}
