/**
 * Signatures of texts by SSH keys, as `ssh-keygen -Y sign` and git's `gpg.format=ssh` make them — OpenSSH's PROTOCOL.sshsig. What the
 * key may sign for, and whose it is, is for the caller.
 */
import { createHash } from 'node:crypto';
import { readSshKeyBlob } from './ssh-key.ts';
import { isSignedBy } from './ssh-signature.ts';
import { SshWireReader } from './ssh-wire.ts';

export type ArmoredSignatureCheck =
  | { readonly kind: 'good'; readonly fingerprint: string }
  /** By a key that we accept, and not of this text or not for this purpose. */
  | { readonly kind: 'bad'; readonly fingerprint: string }
  /** No signature, or one by a key that we do not accept. */
  | { readonly kind: 'unreadable' };

const ARMOR = /^-----BEGIN SSH SIGNATURE-----\r?\n([A-Za-z0-9+/=\r\n]+)\r?\n-----END SSH SIGNATURE-----\s*$/;
const MAGIC = Buffer.from('SSHSIG');
const VERSION = 1;
const HASHES = new Set(['sha256', 'sha512']);

/** @param namespace what the signature must have been made for, so that one made for something else does not count */
export function checkArmoredSignature(text: string, message: Uint8Array, namespace: string): ArmoredSignatureCheck {
  const encoded = ARMOR.exec(text)?.[1];
  const signature = encoded === undefined ? undefined : readSignature(Buffer.from(encoded, 'base64'));
  if (signature === undefined) return { kind: 'unreadable' };
  const key = readSshKeyBlob(signature.publicKey);
  if (typeof key === 'string') return { kind: 'unreadable' };
  const { fingerprint } = key;
  const isMeant = signature.namespace.toString('latin1') === namespace;
  const isGood = isMeant && isSignedBy(key, signature.value, signedBytes(signature, message));
  return { kind: isGood ? 'good' : 'bad', fingerprint };
}

interface Signature {
  readonly publicKey: Buffer;
  readonly namespace: Buffer;
  readonly reserved: Buffer;
  readonly hash: string;
  readonly value: Buffer;
}

/** magic(6) version(4) string(key) string(namespace) string(reserved) string(hash) string(signature) */
function readSignature(bytes: Buffer): Signature | undefined {
  const reader = new SshWireReader(bytes);
  if (!reader.bytes(MAGIC.length)?.equals(MAGIC) || reader.uint32() !== VERSION) return undefined;
  const [publicKey, namespace, reserved] = [reader.string(), reader.string(), reader.string()];
  const hash = reader.name();
  const value = reader.string();
  if (!publicKey || !namespace || !reserved || !value || !reader.isAtEnd) return undefined;
  return hash !== undefined && HASHES.has(hash) ? { publicKey, namespace, reserved, hash, value } : undefined;
}

/** magic(6) string(namespace) string(reserved) string(hash) string(H(message)) */
function signedBytes({ namespace, reserved, hash }: Signature, message: Uint8Array): Buffer {
  const digest = createHash(hash).update(message).digest();
  return Buffer.concat([MAGIC, ...[namespace, reserved, Buffer.from(hash), digest].flatMap(withLength)]);
}

function withLength(bytes: Buffer): Buffer[] {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return [length, bytes];
}
