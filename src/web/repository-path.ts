/**
 * Paths below `/<owner>/<repository>`, read and written. Names in Git are bytes; a URL carries them percent-encoded. Astro
 * decodes its params more than once, so a `%` in a file name is lost there: pages read `locals.rawUrl` through this file.
 *
 * A name that is not UTF-8 stands in links as the text that `decodeLenient` makes of it, which `src/browse` finds again; its
 * own bytes, sent as they are, lead to the same.
 */
import { decodeLenient } from '#bytes/utf8.ts';

export interface RepositoryAddress {
  readonly owner: string;
  readonly name: string;
  /** The segment after the name, such as `tree`; undefined on the repository's home page. */
  readonly view: string | undefined;
  /** What follows the view, decoded once: a ref and a path, or an id. No slash at either end. */
  readonly rest: string;
  readonly query: URLSearchParams;
}

/** Characters that stand for themselves in the path of a URL. */
const PLAIN_PATH = /^[A-Za-z0-9\-._~/@:+,=!$&*;()]*$/;
const UTF8_ENCODER = new TextEncoder();

/** @returns undefined when the path names no repository, or has empty, `.` or `..` segments that no file can have */
export function parseRepositoryAddress(rawUrl: string): RepositoryAddress | undefined {
  const [rawPath = '', rawQuery = ''] = splitOnce(rawUrl, '?');
  const segments = rawPath.replace(/^\//, '').replace(/\/$/, '').split('/');
  const decoded = segments.map(decodeSegment);
  if (decoded.some(isUnnameable)) return undefined;
  const [owner, name, view, ...rest] = decoded;
  if (owner === undefined || name === undefined) return undefined;
  return { owner, name, view, rest: rest.join('/'), query: new URLSearchParams(rawQuery) };
}

/** Percent-encodes a ref name or a path for use in a URL; its slashes stay. */
export function encodePath(path: string): string {
  if (PLAIN_PATH.test(path)) return path;
  let encoded = '';
  for (const byte of UTF8_ENCODER.encode(path)) {
    const character = String.fromCharCode(byte);
    encoded += PLAIN_PATH.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return encoded;
}

function decodeSegment(segment: string): string {
  const bytes = UTF8_ENCODER.encode(segment);
  const decoded = Buffer.from(bytes)
    .toString('latin1')
    .replace(/%([0-9a-fA-F]{2})/g, toCharacter);
  return decodeLenient(Buffer.from(decoded, 'latin1'));
}

function toCharacter(_match: string, hex: string): string {
  return String.fromCharCode(Number.parseInt(hex, 16));
}

function isUnnameable(segment: string): boolean {
  return segment === '' || segment === '.' || segment === '..' || segment.includes('\0');
}

function splitOnce(text: string, separator: string): [string, string] {
  const index = text.indexOf(separator);
  return index < 0 ? [text, ''] : [text.slice(0, index), text.slice(index + 1)];
}
