/** The Range header — RFC 9110, section 14. One range is served; several at once are answered with the whole, as the RFC allows. */

export type RequestedRange =
  | { readonly kind: 'whole' }
  | { readonly kind: 'part'; readonly offset: number; readonly lengthBytes: number }
  /** 416, with the size in Content-Range. */
  | { readonly kind: 'unsatisfiable' };

const WHOLE: RequestedRange = { kind: 'whole' };

/** @param sizeBytes of the whole; a header that is no range of bytes counts as none */
export function parseRange(header: string | undefined, sizeBytes: number): RequestedRange {
  const [, first, last] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header?.trim() ?? '') ?? [];
  if (first === undefined || last === undefined || (first === '' && last === '')) return WHOLE;
  if (first === '') return part(Math.max(0, sizeBytes - Number(last)), sizeBytes, sizeBytes);
  if (last !== '' && Number(last) < Number(first)) return WHOLE;
  return part(Number(first), last === '' ? sizeBytes : Math.min(Number(last) + 1, sizeBytes), sizeBytes);
}

function part(offset: number, end: number, sizeBytes: number): RequestedRange {
  return offset < end && offset < sizeBytes
    ? { kind: 'part', offset, lengthBytes: end - offset }
    : { kind: 'unsatisfiable' };
}
