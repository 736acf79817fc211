import { describe, expect, it } from 'vitest';
import { isNotModified, weakEtag } from './conditional.ts';

const etag = weakEtag('body');
const lastModified = new Date('2026-11-24T10:00:00.750Z');

describe('isNotModified', () => {
  it.each([etag, etag.slice(2), `"x", ${etag}`, '*'])('holds for If-None-Match %s', (tags) => {
    expect(isNotModified({ 'if-none-match': tags }, { etag, lastModified })).toBe(true);
  });

  it.each(['"x"', '', 'W/"x", garbage'])('does not hold for If-None-Match %j', (tags) => {
    expect(isNotModified({ 'if-none-match': tags }, { etag, lastModified })).toBe(false);
  });

  it('lets the tag decide where a date is sent as well', () => {
    const headers = { 'if-none-match': '"x"', 'if-modified-since': lastModified.toUTCString() };
    expect(isNotModified(headers, { etag, lastModified })).toBe(false);
  });

  it('compares dates by whole seconds', () => {
    const since = (date: string) => isNotModified({ 'if-modified-since': date }, { etag, lastModified });
    expect(since('Tue, 24 Nov 2026 10:00:00 GMT')).toBe(true);
    expect(since('Tue, 24 Nov 2026 09:59:59 GMT')).toBe(false);
    expect(since('yesterday')).toBe(false);
  });

  it('does not hold without validators or conditions', () => {
    expect(isNotModified({}, { etag, lastModified })).toBe(false);
    expect(isNotModified({ 'if-none-match': etag }, { etag: undefined, lastModified: undefined })).toBe(false);
  });
});
