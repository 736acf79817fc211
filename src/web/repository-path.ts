/**
 * Paths below `/<owner>/<repository>`, read and written. Names in Git are bytes; a URL carries them percent-encoded. Astro
 * decodes its params more than once, so a `%` in a file name is lost there: pages read `locals.rawUrl` through this file.
 */
export interface RepositoryAddress {
  readonly owner: string;
  readonly name: string;
  /** The segment after the name, such as `tree`; undefined on the repository's home page. */
  readonly view: string | undefined;
  /** What follows the view, decoded once: a ref and a path, or an id. No slash at either end. */
  readonly rest: Uint8Array;
  readonly query: URLSearchParams;
}

const UTF8_ENCODER = new TextEncoder();
const SLASH = 0x2f;

/** @returns undefined when the path names no repository, or has empty, `.` or `..` segments that no file can have */
export function parseRepositoryAddress(rawUrl: string): RepositoryAddress | undefined {
  const [rawPath = '', rawQuery = ''] = splitOnce(rawUrl, '?');
  const segments = rawPath.replace(/^\//, '').replace(/\/$/, '').split('/');
  const decoded = segments.map(decodeSegment);
  if (decoded.some(isUnnameable)) return undefined;
  const [owner, name, view, ...rest] = decoded;
  if (owner === undefined || name === undefined) return undefined;
  return {
    owner: asText(owner),
    name: asText(name),
    view: view === undefined ? undefined : asText(view),
    rest: joinSegments(rest),
    query: new URLSearchParams(rawQuery),
  };
}

/** Percent-encodes a ref name or a path for use in a URL; its slashes stay. */
export function encodePath(path: string | Uint8Array): string {
  let encoded = '';
  for (const byte of typeof path === 'string' ? UTF8_ENCODER.encode(path) : path) {
    const character = String.fromCharCode(byte);
    encoded += /[A-Za-z0-9\-._~/@:+,=!$&*;()]/.test(character)
      ? character
      : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}

function decodeSegment(segment: string): Uint8Array {
  const binary = segment.replace(/%([0-9a-fA-F]{2})/g, (_match, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  // What was no escape is ASCII in any URL that a client may send; anything else is taken for UTF-8.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: a range of bytes
  return /^[\u0000-\u00ff]*$/.test(binary) ? Uint8Array.from(binary, (c) => c.charCodeAt(0)) : UTF8_ENCODER.encode(segment);
}

function isUnnameable(segment: Uint8Array): boolean {
  const isDots = segment.every((byte) => byte === 0x2e) && segment.length <= 2;
  return segment.length === 0 || isDots || segment.includes(0);
}

function joinSegments(segments: readonly Uint8Array[]): Uint8Array {
  const bytes: number[] = [];
  segments.forEach((segment, index) => {
    if (index > 0) bytes.push(SLASH);
    bytes.push(...segment);
  });
  return Uint8Array.from(bytes);
}

function asText(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('utf8');
}

function splitOnce(text: string, separator: string): [string, string] {
  const index = text.indexOf(separator);
  return index < 0 ? [text, ''] : [text.slice(0, index), text.slice(index + 1)];
}
