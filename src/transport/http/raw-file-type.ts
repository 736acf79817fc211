/**
 * As what a file of a repository is sent. Anybody can put anything into a repository, and raw files come from the forge's own
 * origin: nothing is sent as a type that a browser would run.
 */
import { lookup } from 'mrmime';
import { isBinary } from '#git/diff/text-lines.ts';

export interface RawFileType {
  readonly contentType: string;
  /** `attachment`: a browser saves the file instead of opening it. */
  readonly disposition: 'inline' | 'attachment';
}

const SVG = 'image/svg+xml';

/**
 * @param name the file's own, without folders
 * @param head its first bytes, as many as git looks at to tell text from binary
 */
export function rawFileType(name: string, head: Uint8Array): RawFileType {
  const byName = lookup(name) ?? 'application/octet-stream';
  // An SVG is an image inside a page, and a page with scripts by itself.
  if (byName === SVG) return { contentType: SVG, disposition: 'attachment' };
  if (!isBinary(head))
    return { contentType: `text/plain${isUtf8Beginning(head) ? '; charset=utf-8' : ''}`, disposition: 'inline' };
  if (/^(?:image|audio|video)\//.test(byName)) return { contentType: byName, disposition: 'inline' };
  return { contentType: 'application/octet-stream', disposition: 'attachment' };
}

/** Whether it can be UTF-8; it may end in the middle of a character. */
function isUtf8Beginning(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}

/** A Content-Disposition header; names beyond ASCII as RFC 6266, section 4.1 writes them. */
export function contentDisposition(disposition: RawFileType['disposition'], name: string): string {
  if (disposition === 'inline') return disposition;
  const ascii = name.replace(/[^\x20-\x7e]|["\\%]/g, '_');
  const extended = encodeURIComponent(name.toWellFormed()).replace(/['()*]/g, percentEncode);
  return `${disposition}; filename="${ascii}"; filename*=UTF-8''${extended}`;
}

function percentEncode(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}
