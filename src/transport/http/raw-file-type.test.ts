import { describe, expect, it } from 'vitest';
import { contentDisposition, rawFileType } from './raw-file-type.ts';

const TEXT = Buffer.from('<script>alert(1)</script>');
const BINARY = Buffer.from([0x89, 0x50, 0, 1]);

describe('rawFileType', () => {
  it.each([
    ['index.html', TEXT, 'text/plain; charset=utf-8', 'inline'],
    ['page.xhtml', TEXT, 'text/plain; charset=utf-8', 'inline'],
    ['script.js', TEXT, 'text/plain; charset=utf-8', 'inline'],
    ['latin1.txt', Buffer.from('caf\xe9 noir', 'latin1'), 'text/plain', 'inline'],
    ['cut.txt', Buffer.from('café').subarray(0, 4), 'text/plain; charset=utf-8', 'inline'],
    ['README', TEXT, 'text/plain; charset=utf-8', 'inline'],
    ['not-really.png', TEXT, 'text/plain; charset=utf-8', 'inline'],
    ['logo.svg', TEXT, 'image/svg+xml', 'attachment'],
    ['logo.SVG', TEXT, 'image/svg+xml', 'attachment'],
    ['logo.png', BINARY, 'image/png', 'inline'],
    ['film.mp4', BINARY, 'video/mp4', 'inline'],
    ['index.html', BINARY, 'application/octet-stream', 'attachment'],
    ['paper.pdf', BINARY, 'application/octet-stream', 'attachment'],
    ['program', BINARY, 'application/octet-stream', 'attachment'],
  ])('sends %s as %3$s', (name, head, contentType, disposition) => {
    expect(rawFileType(name, head)).toEqual({ contentType, disposition });
  });
});

describe('contentDisposition', () => {
  it('names a file in every script, and never ends its header', () => {
    expect(contentDisposition('inline', 'a')).toBe('inline');
    expect(contentDisposition('attachment', 'a "b"\r\nX: y.bin')).toBe(
      'attachment; filename="a _b___X: y.bin"; filename*=UTF-8\'\'a%20%22b%22%0D%0AX%3A%20y.bin',
    );
    expect(contentDisposition('attachment', "ünï'.bin")).toBe(
      "attachment; filename=\"_n_'.bin\"; filename*=UTF-8''%C3%BCn%C3%AF%27.bin",
    );
  });
});
