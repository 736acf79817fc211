/**
 * Public keys of SSH: the line of a `.pub` file in, a key that we accept or a sentence that says why not out. Formats:
 * RFC 4253, section 6.6 (ssh-rsa); RFC 5656, section 3.1 (ecdsa); RFC 8709, section 4 (ed25519); OpenSSH's PROTOCOL.u2f (sk-).
 * `ssh-signature.ts` checks what was signed with them, `ssh-certificate.ts` what vouches for them, `ssh-key-store.ts` keeps them.
 */
import { createHash, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { limits } from '#limits.ts';
import { SshWireReader } from './ssh-wire.ts';

/** The curves of RFC 5656, by the name that SSH gives them: the one that node knows, and the bytes of a coordinate. */
const CURVES = {
  nistp256: { name: 'P-256', coordinateBytes: 32 },
  nistp384: { name: 'P-384', coordinateBytes: 48 },
  nistp521: { name: 'P-521', coordinateBytes: 66 },
} as const;

type Curve = keyof typeof CURVES;

const KEY_TYPES = [
  'ssh-ed25519',
  'sk-ssh-ed25519@openssh.com',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'sk-ecdsa-sha2-nistp256@openssh.com',
  'ssh-rsa',
] as const;

export type SshKeyType = (typeof KEY_TYPES)[number];

export interface SshPublicKey {
  readonly type: SshKeyType;
  /** Algorithm and base64, without a comment: `ssh-ed25519 AAAA…`. */
  readonly publicKey: string;
  /** As `ssh-keygen -l` prints it: `SHA256:` and base64 without padding. */
  readonly fingerprint: string;
  /** For `ssh-signature.ts`. */
  readonly material: SshKeyMaterial;
}

export interface SshKeyMaterial {
  readonly key: KeyObject;
  /** Of keys that live on a security token: what the token signs for, usually `ssh:`. */
  readonly application: string | undefined;
}

export type SshKeyLine =
  /** `comment` may be empty. */
  | { readonly kind: 'key'; readonly key: SshPublicKey; readonly comment: string }
  /** `reason` is a sentence for people. */
  | { readonly kind: 'invalid'; readonly reason: string };

const EXPECTED =
  'a line that starts with ssh-ed25519, ecdsa-sha2-nistp256, ssh-rsa or one of their kind: the content of your .pub file';
const RSA_MIN_BITS = 2048;
/** OpenSSL's own bound; a check takes a few milliseconds then. */
const RSA_MAX_BITS = 16_384;
/** Everybody uses 65537. A long one would make every check slow. */
const RSA_EXPONENT_MAX_BYTES = 4;
const ED25519_BYTES = 32;
/** A point that is written out: both coordinates follow — SEC 1, section 2.3.3. */
const UNCOMPRESSED_POINT = 0x04;

/** Reads what somebody pasted as a public key. */
export function parseSshKeyLine(text: string): SshKeyLine {
  const line = text.trim();
  const fault = findLineFault(line);
  if (fault !== undefined) return invalid(fault);
  const [, type = '', encoded = '', comment = ''] = /^(\S+)(?:[ \t]+(\S+)(?:[ \t]+(.*))?)?$/.exec(line) ?? [];
  if (!isSshKeyType(type)) return invalid(unknownTypeReason(type, line));
  const blob = decodeBase64(encoded);
  if (blob === undefined) return invalid(`After ${type} the key itself is missing, or a part of it.`);
  const key = readSshKeyBlob(blob);
  if (typeof key === 'string') return invalid(key);
  if (key.type !== type) return invalid(`The line says ${type}, but the key in it is ${key.type}.`);
  return { kind: 'key', key, comment };
}

/** Reads a key in the form that goes over the wire. @returns what is wrong with it, as a sentence, when we do not accept it */
export function readSshKeyBlob(blob: Buffer): SshPublicKey | string {
  const reader = new SshWireReader(blob);
  const type = reader.name() ?? '';
  if (!isSshKeyType(type)) return unknownTypeReason(type, type);
  const material = readSshKeyMaterial(type, reader);
  if (typeof material === 'string') return material;
  if (!reader.isAtEnd) return broken(type);
  const digest = createHash('sha256').update(blob).digest('base64').replace(/=+$/, '');
  return { type, publicKey: `${type} ${blob.toString('base64')}`, fingerprint: `SHA256:${digest}`, material };
}

function findLineFault(line: string): string | undefined {
  if (line === '') return `Paste ${EXPECTED}.`;
  if (Buffer.byteLength(line) > limits.sshKeyMaxBytes) return 'This is too long for a public key.';
  if (/PRIVATE KEY|PuTTY-User-Key-File/.test(line)) {
    return 'This is a private key, which nobody but you may have. Paste the public one: the content of the .pub file beside it.';
  }
  if (/BEGIN (?:SSH2 |RSA |EC )?PUBLIC KEY/.test(line)) {
    return 'This key is in another format. Convert it by `ssh-keygen -i -f <file>` and paste the line that comes out.';
  }
  if (/[\r\n]/.test(line)) return 'This is more than one line. Paste one key at a time, without line breaks in it.';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\x00-\x08\x0a-\x1f\x7f]/.test(line)) return 'This has control characters, which no public key has.';
  return undefined;
}

function unknownTypeReason(type: string, line: string): string {
  if (type === 'ssh-dss') return 'DSA keys are not secure any more. Make a new key by `ssh-keygen -t ed25519`.';
  if (/-cert-v0[01]@openssh\.com$/.test(type)) return 'This is a certificate. Paste the public key that it is for.';
  const hasKeyLater = KEY_TYPES.some((known) => line.includes(` ${known} `));
  if (hasKeyLater) return 'Options in front of the key are not supported: the line starts with the type of the key.';
  return `This is no public key that we know. It should be ${EXPECTED}.`;
}

/** Reads what follows the type of a key. @returns what is wrong with it, as a sentence, when we do not accept it */
export function readSshKeyMaterial(type: SshKeyType, reader: SshWireReader): SshKeyMaterial | string {
  switch (type) {
    case 'ssh-rsa':
      return readRsa(reader);
    case 'ssh-ed25519':
      return toMaterial(type, readEd25519(reader));
    case 'sk-ssh-ed25519@openssh.com':
      return onToken(type, readEd25519(reader), reader);
    case 'sk-ecdsa-sha2-nistp256@openssh.com':
      return onToken(type, readEcdsa(reader, 'nistp256'), reader);
    case 'ecdsa-sha2-nistp256':
      return toMaterial(type, readEcdsa(reader, 'nistp256'));
    case 'ecdsa-sha2-nistp384':
      return toMaterial(type, readEcdsa(reader, 'nistp384'));
    case 'ecdsa-sha2-nistp521':
      return toMaterial(type, readEcdsa(reader, 'nistp521'));
  }
}

function readRsa(reader: SshWireReader): SshKeyMaterial | string {
  const exponent = reader.positiveInteger();
  const modulus = reader.positiveInteger();
  if (exponent === undefined || modulus === undefined) return broken('ssh-rsa');
  const bits = modulus.length * 8 - Math.clz32(modulus[0] ?? 0) + 24;
  if (bits < RSA_MIN_BITS) {
    return `An RSA key needs ${RSA_MIN_BITS} bits or more to be secure, and this one has ${bits}. Make a new key by \`ssh-keygen -t ed25519\`.`;
  }
  if (bits > RSA_MAX_BITS) return `An RSA key may have ${RSA_MAX_BITS} bits at most, and this one has ${bits}.`;
  const isOdd = ((exponent.at(-1) ?? 0) & (modulus.at(-1) ?? 0) & 1) === 1;
  const isOne = exponent.length === 1 && exponent[0] === 1;
  if (exponent.length > RSA_EXPONENT_MAX_BYTES || !isOdd || isOne) return broken('ssh-rsa');
  return toMaterial('ssh-rsa', { kty: 'RSA', e: exponent.toString('base64url'), n: modulus.toString('base64url') });
}

function readEd25519(reader: SshWireReader): JsonWebKey | undefined {
  const point = reader.string();
  return point?.length === ED25519_BYTES ? { kty: 'OKP', crv: 'Ed25519', x: point.toString('base64url') } : undefined;
}

function readEcdsa(reader: SshWireReader, curve: Curve): JsonWebKey | undefined {
  const { name, coordinateBytes } = CURVES[curve];
  if (reader.name() !== curve) return undefined;
  const point = reader.string();
  if (point?.length !== 1 + 2 * coordinateBytes || point[0] !== UNCOMPRESSED_POINT) return undefined;
  const x = point.subarray(1, 1 + coordinateBytes).toString('base64url');
  const y = point.subarray(1 + coordinateBytes).toString('base64url');
  return { kty: 'EC', crv: name, x, y };
}

function onToken(type: SshKeyType, jwk: JsonWebKey | undefined, reader: SshWireReader): SshKeyMaterial | string {
  const application = reader.name();
  return application ? toMaterial(type, jwk, application) : broken(type);
}

/** Node refuses points that do not lie on their curve. */
function toMaterial(type: SshKeyType, jwk: JsonWebKey | undefined, application?: string): SshKeyMaterial | string {
  if (jwk === undefined) return broken(type);
  try {
    return { key: createPublicKey({ key: jwk, format: 'jwk' }), application };
  } catch {
    return broken(type);
  }
}

function broken(type: SshKeyType): string {
  return `The ${type} key is broken: perhaps a part of it was not copied.`;
}

function invalid(reason: string): SshKeyLine {
  return { kind: 'invalid', reason };
}

export function isSshKeyType(name: string): name is SshKeyType {
  return (KEY_TYPES as readonly string[]).includes(name);
}

/** As `ssh-keygen` writes it, so that a key has one text. @returns undefined for anything else */
function decodeBase64(text: string): Buffer | undefined {
  const bytes = Buffer.from(text, 'base64');
  return bytes.length > 0 && bytes.toString('base64') === text ? bytes : undefined;
}
