/**
 * Whether a client has proven that it holds a key's private half — RFC 4252, section 7. A key that is only offered proves
 * nothing. The check is our own, by node's crypto, for ssh2 knows no keys of security tokens and would take SHA-1.
 */
import { createHash, verify } from 'node:crypto';
import type { SshKeyMaterial, SshKeyType } from './ssh-key.ts';
import { SshWireReader } from './ssh-wire.ts';

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
/** In the flags of a token's signature: somebody touched it. */
const USER_PRESENT = 0x01;
/** RFC 8332; `ssh-rsa`, which is SHA-1, is none of them. */
const RSA_HASHES: Readonly<Record<string, 'sha256' | 'sha512'>> = {
  'rsa-sha2-256': 'sha256',
  'rsa-sha2-512': 'sha512',
};
const ECDSA = {
  'ecdsa-sha2-nistp256': { hash: 'sha256', integerBytes: 32 },
  'ecdsa-sha2-nistp384': { hash: 'sha384', integerBytes: 48 },
  'ecdsa-sha2-nistp521': { hash: 'sha512', integerBytes: 66 },
} as const;

export interface SigningKey {
  readonly type: SshKeyType;
  readonly material: SshKeyMaterial;
}

export function provesPossession(key: SigningKey, signature: SshSignature): boolean {
  try {
    return check(key, signature);
  } catch {
    // What OpenSSL cannot even read as a signature.
    return false;
  }
}

function check(key: SigningKey, { rsaHash, value, signed }: SshSignature): boolean {
  const publicKey = key.material.key;
  switch (key.type) {
    case 'ssh-rsa':
      return rsaHash !== undefined && verify(rsaHash, signed, publicKey, value);
    case 'ssh-ed25519':
      return verify(null, signed, publicKey, value);
    case 'ecdsa-sha2-nistp256':
    case 'ecdsa-sha2-nistp384':
    case 'ecdsa-sha2-nistp521':
      return verify(ECDSA[key.type].hash, signed, publicKey, value);
    case 'sk-ssh-ed25519@openssh.com':
    case 'sk-ecdsa-sha2-nistp256@openssh.com':
      return checkOnToken(key, value, signed);
  }
}

/**
 * The same for a signature as it goes over the wire, with the name of its algorithm — RFC 4253, section 6.6.
 *
 * @param algorithm the one that it must be by, where more than one would do; undefined leaves it to the signature
 */
export function isSignedBy(key: SigningKey, signature: Buffer, signed: Buffer, algorithm?: string): boolean {
  const reader = new SshWireReader(signature);
  const named = reader.name();
  const value = reader.string();
  if (named === undefined || value === undefined || (algorithm !== undefined && named !== algorithm)) return false;
  const rsaHash = RSA_HASHES[named];
  if (key.type === 'ssh-rsa' ? rsaHash === undefined : named !== key.type) return false;
  if (key.type.startsWith('sk-')) {
    return provesPossession(key, { rsaHash, value: Buffer.concat([value, reader.rest()]), signed });
  }
  if (!reader.isAtEnd) return false;
  if (key.type in ECDSA) return isSignedByEcdsa(key, value, signed);
  return provesPossession(key, { rsaHash, value, signed });
}

function isSignedByEcdsa(key: SigningKey, value: Buffer, signed: Buffer): boolean {
  const { hash, integerBytes } = ECDSA[key.type as keyof typeof ECDSA];
  const reader = new SshWireReader(value);
  const plain = readIntegers(reader, integerBytes);
  if (plain === undefined || !reader.isAtEnd) return false;
  try {
    return verify(hash, signed, { key: key.material.key, dsaEncoding: 'ieee-p1363' }, plain);
  } catch {
    return false;
  }
}

/**
 * A security token signs the hash of the application, its flags and its counter, and the hash of the message; flags and counter
 * follow the signature — OpenSSH's PROTOCOL.u2f, "SSH U2F signatures".
 */
function checkOnToken(key: SigningKey, value: Buffer, signed: Buffer): boolean {
  const isEd25519 = key.type === 'sk-ssh-ed25519@openssh.com';
  const reader = new SshWireReader(value);
  const plain = isEd25519
    ? reader.bytes(ED25519_SIGNATURE_BYTES)
    : readIntegers(reader, ECDSA['ecdsa-sha2-nistp256'].integerBytes);
  const flagsAndCounter = reader.bytes(5);
  if (plain === undefined || flagsAndCounter === undefined || !reader.isAtEnd) return false;
  if (((flagsAndCounter[0] ?? 0) & USER_PRESENT) === 0) return false;
  const message = Buffer.concat([sha256(key.material.application ?? ''), flagsAndCounter, sha256(signed)]);
  const publicKey = { key: key.material.key, dsaEncoding: 'ieee-p1363' } as const;
  return verify(isEd25519 ? null : 'sha256', message, publicKey, plain);
}

/** The two numbers of a signature — RFC 5656, section 3.1.2 — at full length one behind the other, as node takes them. */
function readIntegers(reader: SshWireReader, integerBytes: number): Buffer | undefined {
  const fixed = Buffer.alloc(2 * integerBytes);
  for (const end of [integerBytes, 2 * integerBytes]) {
    const integer = reader.positiveInteger();
    if (integer === undefined || integer.length > integerBytes) return undefined;
    integer.copy(fixed, end - integer.length);
  }
  return fixed;
}

function sha256(data: Buffer | string): Buffer {
  return createHash('sha256').update(data).digest();
}
