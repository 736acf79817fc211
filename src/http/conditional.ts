/** Conditional requests — RFC 9110, section 13: entity tags and dates of what is read, and whether the caller has it already. */
import { hash } from 'node:crypto';

export interface Validators {
  readonly etag: string | undefined;
  readonly lastModified?: Date | undefined;
}

export interface ConditionalHeaders {
  readonly 'if-none-match'?: string | undefined;
  readonly 'if-modified-since'?: string | undefined;
}

/** A weak tag: equal bodies are equivalent, whatever encoding they travel in. */
export function weakEtag(body: string | Uint8Array): string {
  return `W/"${hash('sha256', body, 'hex')}"`;
}

/**
 * Whether the answer is 304. If-None-Match decides where it is sent; the date counts only without it — RFC 9110, 13.2.2.
 */
export function isNotModified(headers: ConditionalHeaders, validators: Validators): boolean {
  const tags = headers['if-none-match'];
  if (tags !== undefined) return validators.etag !== undefined && matchesTag(tags, validators.etag);
  const since = Date.parse(headers['if-modified-since'] ?? '');
  if (Number.isNaN(since) || !validators.lastModified) return false;
  return Math.floor(validators.lastModified.getTime() / 1000) * 1000 <= since;
}

function matchesTag(list: string, etag: string): boolean {
  if (list.trim() === '*') return true;
  const opaque = opaqueTag(etag);
  return (list.match(/(?:W\/)?"[^"]*"/g) ?? []).some((tag) => opaqueTag(tag) === opaque);
}

/** Weak comparison ignores the mark — RFC 9110, 8.8.3.2. */
function opaqueTag(tag: string): string {
  return tag.startsWith('W/') ? tag.slice(2) : tag;
}
