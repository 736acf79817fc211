/**
 * Certificates of SSH: an authority's word that a key is somebody's for a while — OpenSSH's PROTOCOL.certkeys; ssh-keygen(1),
 * "CERTIFICATES". Read from the blob that goes over the wire; whether the client has the key is `ssh-signature.ts`.
 *
 *     string type, string nonce, the key's own fields, uint64 serial, uint32 kind, string key id, string principals,
 *     uint64 valid after, uint64 valid before, string critical options, string extensions, string reserved,
 *     string signature key, string signature (over everything before it)
 */
import { NetworkList } from './network-list.ts';
import { isSshKeyType, readSshKeyBlob, readSshKeyMaterial, type SshPublicKey } from './ssh-key.ts';
import { isSignedBy, type SigningKey } from './ssh-signature.ts';
import { SshWireReader } from './ssh-wire.ts';

export interface SshCertificate {
  /** The key that it is for. */
  readonly key: SigningKey;
  readonly authority: SshPublicKey;
  readonly signature: Buffer;
  /** What the authority signed. */
  readonly signed: Buffer;
  readonly kind: number;
  readonly serial: bigint;
  /** What the authority calls it, for logs. */
  readonly keyId: string;
  readonly principals: readonly string[];
  /** Seconds since 1970; from the first on, and before the second. */
  readonly validAfter: bigint;
  readonly validBefore: bigint;
  readonly criticalOptions: ReadonlyMap<string, Buffer>;
}

export interface CertificateUse {
  /** The base64 of the keys whose word is believed. */
  readonly authorities: ReadonlySet<string>;
  readonly clientAddress: string;
  readonly nowSeconds: number;
}

const USER_CERTIFICATE = 1;
const TYPE = /^(.*)-cert-v01@openssh\.com$/;
const PRINCIPALS_MAX = 256;
const OPTIONS_MAX = 32;

/** @returns undefined for a type that is none of a certificate */
export function certifiedType(type: string): string | undefined {
  const plain = TYPE.exec(type)?.[1];
  return plain?.startsWith('sk-') ? `${plain}@openssh.com` : plain;
}

/** @returns undefined for what is no certificate that we can read */
export function readSshCertificate(blob: Buffer): SshCertificate | undefined {
  const reader = new SshWireReader(blob);
  const type = certifiedType(reader.name() ?? '') ?? '';
  if (!isSshKeyType(type)) return undefined;
  const nonce = reader.string();
  const material = readSshKeyMaterial(type, reader);
  if (nonce === undefined || typeof material === 'string') return undefined;
  const serial = reader.uint64();
  const kind = reader.uint32();
  const keyId = reader.string()?.toString('utf8');
  const principals = readStrings(reader.string(), PRINCIPALS_MAX);
  const validAfter = reader.uint64();
  const validBefore = reader.uint64();
  const criticalOptions = readOptions(reader.string());
  const extensions = readOptions(reader.string());
  const reserved = reader.string();
  const authority = readSshKeyBlob(reader.string() ?? Buffer.alloc(0));
  const signed = blob.subarray(0, reader.offset);
  const signature = reader.string();
  const isWhole = reader.isAtEnd && reserved !== undefined && extensions !== undefined && signature !== undefined;
  if (!isWhole || typeof authority === 'string' || serial === undefined || kind === undefined) return undefined;
  if (keyId === undefined || validAfter === undefined || validBefore === undefined) return undefined;
  if (principals === undefined || criticalOptions === undefined) return undefined;
  const fields = { serial, kind, keyId, principals, validAfter, validBefore, criticalOptions };
  return { key: { type, material }, authority, signature, signed, ...fields };
}

function readStrings(packed: Buffer | undefined, countMax: number): string[] | undefined {
  if (packed === undefined) return undefined;
  const reader = new SshWireReader(packed);
  const strings: string[] = [];
  while (!reader.isAtEnd) {
    const text = reader.string();
    if (text === undefined || strings.length >= countMax) return undefined;
    strings.push(text.toString('utf8'));
  }
  return strings;
}

/** Names and values, of which none may come twice. */
function readOptions(packed: Buffer | undefined): Map<string, Buffer> | undefined {
  if (packed === undefined) return undefined;
  const reader = new SshWireReader(packed);
  const options = new Map<string, Buffer>();
  while (!reader.isAtEnd) {
    const name = reader.name();
    const value = reader.string();
    if (name === undefined || value === undefined || options.has(name) || options.size >= OPTIONS_MAX) return undefined;
    options.set(name, value);
  }
  return options;
}

/** @returns why the certificate opens nothing, for the log; undefined when it does open */
export function findCertificateFault(certificate: SshCertificate, use: CertificateUse): string | undefined {
  const { authority, signature, signed, kind, principals, validAfter, validBefore } = certificate;
  if (kind !== USER_CERTIFICATE) return 'it is not for a user';
  const [, encoded = ''] = authority.publicKey.split(' ');
  if (!use.authorities.has(encoded)) return `its authority ${authority.fingerprint} is not trusted`;
  if (!isSignedBy(authority, signature, signed)) return 'its signature is wrong';
  const now = BigInt(use.nowSeconds);
  if (now < validAfter) return 'it is not valid yet';
  if (now >= validBefore) return 'it has expired';
  if (principals.length === 0) return 'it names nobody';
  return findOptionFault(certificate.criticalOptions, use.clientAddress);
}

/** What is critical and not known is refused, as the format demands. */
function findOptionFault(options: ReadonlyMap<string, Buffer>, clientAddress: string): string | undefined {
  for (const [name, value] of options) {
    if (name !== 'source-address') return `its critical option ${name} is not supported`;
    const networks = readNetworks(value);
    if (networks === undefined) return 'its source-address is no list of networks';
    if (!networks.has(clientAddress)) return `its source-address does not have ${clientAddress}`;
  }
  return undefined;
}

function readNetworks(value: Buffer): NetworkList | undefined {
  const reader = new SshWireReader(value);
  const list = reader.name();
  if (list === undefined || !reader.isAtEnd) return undefined;
  try {
    return new NetworkList(list.split(','));
  } catch {
    return undefined;
  }
}

/** Names a certificate in the log. */
export function describeCertificate({ keyId, serial, authority }: SshCertificate): object {
  return { certificate: keyId, serial: String(serial), authority: authority.fingerprint };
}
