/**
 * Whether a client has proven that it holds a key's private half — RFC 4252, section 7. A key that is only offered proves
 * nothing. The check is our own, by node's crypto, for ssh2 knows no keys of security tokens and would take SHA-1.
 */
import { createHash, verify } from 'node:crypto';
import type { SshPublicKey } from '#auth/ssh-key.ts';
import { SshWireReader } from '#auth/ssh-wire.ts';

/** A signature in the form in which ssh2 hands it over. */
export interface SshSignature {
  /** Of RSA, by the algorithm that the client named: rsa-sha2-256 or rsa-sha2-512. Undefined for ssh-rsa, which is SHA-1. */
  readonly rsaHash: 'sha256' | 'sha512' | undefined;
  /** Without the name of its algorithm; that of an ECDSA key as a sequence of ASN.1. */
  readonly value: Buffer;
  /** What was signed: the session's id and the request itself. */
  readonly signed: Buffer;
}

const ED25519_SIGNATURE_BYTES = 64;
const P256_INTEGER_BYTES = 32;
/** In the flags of a token's signature: somebody touched it. */
const USER_PRESENT = 0x01;

export function provesPossession(key: SshPublicKey, signature: SshSignature): boolean {
  try {
    return check(key, signature);
  } catch {
    // What OpenSSL cannot even read as a signature.
    return false;
  }
}

function check(key: SshPublicKey, { rsaHash, value, signed }: SshSignature): boolean {
  const publicKey = key.material.key;
  switch (key.type) {
    case 'ssh-rsa':
      return rsaHash !== undefined && verify(rsaHash, signed, publicKey, value);
    case 'ssh-ed25519':
      return verify(null, signed, publicKey, value);
    case 'ecdsa-sha2-nistp256':
      return verify('sha256', signed, publicKey, value);
    case 'ecdsa-sha2-nistp384':
      return verify('sha384', signed, publicKey, value);
    case 'ecdsa-sha2-nistp521':
      return verify('sha512', signed, publicKey, value);
    case 'sk-ssh-ed25519@openssh.com':
    case 'sk-ecdsa-sha2-nistp256@openssh.com':
      return checkOnToken(key, value, signed);
  }
}

/**
 * A security token signs the hash of the application, its flags and its counter, and the hash of the message; flags and counter
 * follow the signature — OpenSSH's PROTOCOL.u2f, "SSH U2F signatures".
 */
function checkOnToken(key: SshPublicKey, value: Buffer, signed: Buffer): boolean {
  const isEd25519 = key.type === 'sk-ssh-ed25519@openssh.com';
  const reader = new SshWireReader(value);
  const plain = isEd25519 ? reader.bytes(ED25519_SIGNATURE_BYTES) : readIntegers(reader);
  const flagsAndCounter = reader.bytes(5);
  if (plain === undefined || flagsAndCounter === undefined || !reader.isAtEnd) return false;
  if (((flagsAndCounter[0] ?? 0) & USER_PRESENT) === 0) return false;
  const message = Buffer.concat([sha256(key.material.application ?? ''), flagsAndCounter, sha256(signed)]);
  const publicKey = { key: key.material.key, dsaEncoding: 'ieee-p1363' } as const;
  return verify(isEd25519 ? null : 'sha256', message, publicKey, plain);
}

/** The two numbers of a signature — RFC 5656, section 3.1.2 — at full length one behind the other, as node takes them. */
function readIntegers(reader: SshWireReader): Buffer | undefined {
  const fixed = Buffer.alloc(2 * P256_INTEGER_BYTES);
  for (const end of [P256_INTEGER_BYTES, 2 * P256_INTEGER_BYTES]) {
    const integer = reader.positiveInteger();
    if (integer === undefined || integer.length > P256_INTEGER_BYTES) return undefined;
    integer.copy(fixed, end - integer.length);
  }
  return fixed;
}

function sha256(data: Buffer | string): Buffer {
  return createHash('sha256').update(data).digest();
}
