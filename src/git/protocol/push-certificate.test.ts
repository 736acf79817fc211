import { describe, expect, it } from 'vitest';
import { SHA1, SHA256 } from '#git/object/object-id.ts';
import { certificateHeader, judgeNonce, makePushNonce, signedCommandLines } from './push-certificate.ts';

const KEY = Buffer.from('key');
const at = (seconds: number, repository = '7') => makePushNonce(KEY, repository, seconds, SHA1);

describe('a certificate', () => {
  const header = 'certificate version 0.1\npusher A <a@b> 1 +0000\npush-option a\npush-option b c\nnonce 1-x\n\n';
  const read = (text: string) =>
    Array.from(signedCommandLines(Buffer.from(text)), (line) => Buffer.from(line).toString());

  it.each([
    ['PGP', '-----BEGIN PGP SIGNATURE-----\n\nnonce 2\n-----END PGP SIGNATURE-----\n'],
    ['SSH', '-----BEGIN SSH SIGNATURE-----\nabc\n'],
    ['X.509', '-----BEGIN SIGNED MESSAGE-----\nabc\n'],
    ['none', ''],
  ])('has its commands between header and signature: %s', (_, signature) => {
    expect(read(`${header}one\ntwo\n${signature}`)).toEqual(['one', 'two']);
  });

  it('ends its commands at the last signature alone', () => {
    const start = '-----BEGIN SSH SIGNATURE-----\n';
    expect(read(`${header}one\n${start}two\n${start}abc\n`)).toEqual(['one', start.trimEnd(), 'two']);
    expect(read(`${header}one`)).toEqual(['one']);
    expect(read(header)).toEqual([]);
  });

  it('without an end of its header is none', () => {
    expect(() => read('certificate version 0.1\nnonce 1\n')).toThrow('malformed push certificate certificate version');
  });

  it('has the values of its header in order, and none of what follows', () => {
    const certificate = Buffer.from(`${header}nonce 3\n`);
    expect(certificateHeader(certificate, 'push-option', 9)).toEqual(['a', 'b c']);
    expect(certificateHeader(certificate, 'push-option', 1)).toEqual(['a']);
    expect(certificateHeader(certificate, 'nonce', 1)).toEqual(['1-x']);
    expect(certificateHeader(certificate, 'pushee', 1)).toEqual([]);
  });
});

describe('a nonce', () => {
  const judge = (nonce: string | undefined, slopSeconds = 0, stateless = true) =>
    judgeNonce({ nonce, issued: at(1_000), issueAt: stateless ? at : undefined, slopSeconds });

  it.each([
    ['that was just said', judge(at(1_000)), 'OK'],
    ['that is none', judge(undefined), 'MISSING'],
    ['that was said before', judge(at(990)), 'SLOP'],
    ['that was said not long before', judge(at(990), 10), 'OK'],
    ['that was said too long before', judge(at(989), 10), 'SLOP'],
    ['of a clock that is ahead', judge(at(1_010), 10), 'OK'],
    ['of another run, where this one told its own', judge(at(990), 10, false), 'BAD'],
    ['of another repository', judge(at(1_000, '8'), 10), 'BAD'],
    ['with another time', judge(at(990).replace('990', '991'), 100), 'BAD'],
    ['of another format', judge(makePushNonce(KEY, '7', 990, SHA256), 100), 'BAD'],
    ['without a time', judge('abc', 100), 'BAD'],
    ['before time began', judge(at(0), 10_000), 'BAD'],
  ])('%s', (_, status, expected) => {
    expect(status).toBe(expected);
  });

  it('where none was asked for is unsolicited', () => {
    expect(judgeNonce({ nonce: 'x', issued: undefined, issueAt: at, slopSeconds: 0 })).toBe('UNSOLICITED');
  });
});
