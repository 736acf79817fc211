import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseSshKeyLine, readSshKeyBlob } from './ssh-key.ts';

const hasKeygen = spawnSync('ssh-keygen', ['-?']).error === undefined;
const folder = mkdtempSync(path.join(tmpdir(), 'ssh-key-'));
afterAll(() => rmSync(folder, { recursive: true }));

const ED25519 = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJe6LERnvu42cuH1kPvGw2RUpJS4Gi5UVKcPLc50RFJ5';
/** PROTOCOL.u2f's shapes, around keys that `ssh-keygen` made without a token. */
const SK_ED25519 = tokenKey('sk-ssh-ed25519@openssh.com', [Buffer.from(blobOf(ED25519).subarray(19))]);

describe.skipIf(!hasKeygen)('keys that ssh-keygen makes', () => {
  test.each([
    ['ed25519', '256'],
    ['ecdsa', '256'],
    ['ecdsa', '384'],
    ['ecdsa', '521'],
    ['rsa', '2048'],
    ['rsa', '3072'],
  ])('%s with %s bits is taken, with the fingerprint that ssh-keygen prints', (type, bits) => {
    const file = path.join(folder, `${type}-${bits}`);
    keygen('-q', '-t', type, '-b', bits, '-N', '', '-C', 'ada at her desk', '-f', file);
    const line = readFileSync(`${file}.pub`, 'utf8');
    const parsed = parseSshKeyLine(line);
    if (parsed.kind === 'invalid') throw new Error(parsed.reason);
    expect(parsed.key.fingerprint).toBe(keygen('-lf', `${file}.pub`).split(' ')[1]);
    expect(`${parsed.key.publicKey} ${parsed.comment}\n`).toBe(line);
    expect(parsed.comment).toBe('ada at her desk');
  });

  test('keys of security tokens are taken', () => {
    expect(parseSshKeyLine(SK_ED25519)).toMatchObject({ kind: 'key', key: { type: 'sk-ssh-ed25519@openssh.com' } });
  });

  test('blanks around and between, and what is no comment, do not matter', () => {
    const parsed = parseSshKeyLine(`\n  ${ED25519.replace(' ', '\t ')}  \r\n`);
    expect(parsed).toMatchObject({ kind: 'key', comment: '', key: { publicKey: ED25519 } });
  });
});

describe('what is refused, and what is said about it', () => {
  let weakRsa = '';
  let privateKey = '';
  beforeAll(() => {
    if (!hasKeygen) return;
    const [weak, own] = [path.join(folder, 'weak'), path.join(folder, 'own')];
    keygen('-q', '-t', 'rsa', '-b', '1024', '-N', '', '-f', weak);
    keygen('-q', '-t', 'ed25519', '-N', '', '-f', own);
    weakRsa = readFileSync(`${weak}.pub`, 'utf8');
    privateKey = readFileSync(own, 'utf8');
  });

  test.skipIf(!hasKeygen)('a weak RSA key', () =>
    expect(reasonFor(weakRsa)).toMatch(/2048 bits or more.*this one has 1024/),
  );
  test.skipIf(!hasKeygen)('a private key', () =>
    expect(reasonFor(privateKey)).toMatch(/private key, which nobody but you may have/),
  );

  const blob = blobOf(ED25519);
  test.each([
    ['nothing', ' \n ', /^Paste a line that starts with ssh-ed25519/],
    ['a private key of PuTTY', 'PuTTY-User-Key-File-3: ssh-ed25519', /private key/],
    ['another format', '---- BEGIN SSH2 PUBLIC KEY ----\nAAAA', /another format/],
    ['PEM', '-----BEGIN PUBLIC KEY-----\nAAAA', /another format/],
    ['DSA', 'ssh-dss AAAAB3NzaC1kc3MAAACB', /DSA keys are not secure/],
    ['two keys', `${ED25519}\n${ED25519}`, /more than one line/],
    ['a key broken by an editor', ED25519.replace('IJe6', 'IJ\ne6'), /more than one line/],
    ['options', `command="sh" ${ED25519}`, /Options in front/],
    ['options without blanks', `no-pty,from="*" ${ED25519}`, /Options in front/],
    ['a certificate', 'ssh-ed25519-cert-v01@openssh.com AAAA', /certificate/],
    ['junk', 'hello', /no public key that we know/],
    ['a type alone', 'ssh-ed25519', /the key itself is missing/],
    ['what is not base64', 'ssh-ed25519 AAAA*', /the key itself is missing/],
    ['base64 with other bits in its padding', `${ED25519.slice(0, -1)}A= x`, /missing/],
    [
      'another type than it says',
      `ssh-rsa ${blob.toString('base64')}`,
      /says ssh-rsa, but the key in it is ssh-ed25519/,
    ],
    ['a key cut short', line('ssh-ed25519', blob.subarray(0, -1)), /broken/],
    ['a key with something behind it', line('ssh-ed25519', Buffer.concat([blob, Buffer.of(0)])), /broken/],
    ['control characters', `${ED25519} a\x00b`, /control characters/],
    ['too long', `${ED25519} ${'x'.repeat(10_000)}`, /too long/],
    ['a length beyond everything', line('ssh-ed25519', Buffer.from('ffffffff00', 'hex')), /no public key/],
    ['an RSA exponent of 1', rsaLine(Buffer.of(1)), /broken/],
    ['an even RSA exponent', rsaLine(Buffer.of(2)), /broken/],
    ['an RSA exponent without end', rsaLine(Buffer.alloc(64, 0x7f)), /broken/],
    ['a negative RSA modulus', rsaLine(Buffer.of(1, 0, 1), Buffer.alloc(256, 0xff)), /broken/],
    ['an RSA key of 17,000 bits', rsaLine(Buffer.of(1, 0, 1), Buffer.alloc(2_200, 0x7f)), /16384 bits at most/],
    ['a point that lies on no curve', ecdsaLine(Buffer.concat([Buffer.of(4), Buffer.alloc(64, 7)])), /broken/],
    ['a compressed point', ecdsaLine(Buffer.concat([Buffer.of(2), Buffer.alloc(32, 7)])), /broken/],
  ])('%s', (_, text, reason) => expect(reasonFor(text)).toMatch(reason));

  test('any text ends in an answer', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(['key', 'invalid']).toContain(parseSshKeyLine(text).kind);
      }),
    );
  });

  test('a key with any byte changed is another key or none, never an exception', () => {
    fc.assert(
      fc.property(fc.nat(blob.length - 1), fc.integer({ min: 1, max: 255 }), (offset, change) => {
        const changed = Buffer.from(blob);
        changed[offset] = (changed[offset] ?? 0) ^ change;
        const key = readSshKeyBlob(changed);
        if (typeof key !== 'string') expect(key.publicKey).not.toBe(ED25519);
      }),
    );
  });
});

function reasonFor(text: string): string {
  const parsed = parseSshKeyLine(text);
  return parsed.kind === 'invalid' ? parsed.reason : 'taken';
}

function keygen(...args: string[]): string {
  return execFileSync('ssh-keygen', args, { encoding: 'utf8' });
}

function blobOf(publicKey: string): Buffer {
  return Buffer.from(publicKey.split(' ')[1] ?? '', 'base64');
}

function line(type: string, blob: Buffer): string {
  return `${type} ${blob.toString('base64')}`;
}

function strings(...parts: (Buffer | string)[]): Buffer {
  const lengths = parts.map((part) => {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(Buffer.byteLength(part));
    return bytes;
  });
  return Buffer.concat(parts.flatMap((part, index) => [lengths[index] ?? Buffer.of(), Buffer.from(part)]));
}

function rsaLine(exponent: Buffer, modulus: Buffer = Buffer.concat([Buffer.of(0), Buffer.alloc(256, 0xff)])): string {
  return line('ssh-rsa', strings('ssh-rsa', exponent, modulus));
}

function ecdsaLine(point: Buffer): string {
  return line('ecdsa-sha2-nistp256', strings('ecdsa-sha2-nistp256', 'nistp256', point));
}

function tokenKey(type: string, parts: Buffer[]): string {
  return line(type, strings(type, ...parts, 'ssh:'));
}
