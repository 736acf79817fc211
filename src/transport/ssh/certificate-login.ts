/**
 * Who connects by a certificate: whoever has its key, if an authority that the forge trusts has signed it for one of our users.
 * ssh2 knows nothing of certificates; it hands over what came over the wire, so that everything is checked here.
 */
import type { PublicKeyAuthContext } from 'ssh2';
import type { UserIdentity } from '#auth/identity.ts';
import {
  describeCertificate,
  findCertificateFault,
  readSshCertificate,
  type SshCertificate,
} from '#auth/ssh-certificate.ts';
import { isSignedBy } from '#auth/ssh-signature.ts';
import type { Log } from '#log.ts';
import type { ProvenKey } from './proven-key.ts';
import type { SshServices } from './ssh-services.ts';

export interface CertificateContext {
  readonly sshKeys: SshServices['sshKeys'];
  /** The base64 of the keys whose word is believed. */
  readonly authorities: ReadonlySet<string>;
  readonly clientAddress: string;
  readonly log: Log;
}

const ALGORITHM = /^(.+)-cert-v01@openssh\.com$/;

/** Whether the client wants to log in by a certificate. */
export function isCertificate({ key }: PublicKeyAuthContext): boolean {
  return ALGORITHM.test(key.algo);
}

/**
 * @returns `acceptable` for a certificate that is worth to sign with; what is proven, once it was signed; undefined for
 *   everything that opens nothing
 */
export async function decideCertificate(
  attempt: PublicKeyAuthContext,
  context: CertificateContext,
): Promise<ProvenKey | 'acceptable' | undefined> {
  const certificate = readSshCertificate(attempt.key.data);
  const algorithm = signatureAlgorithm(attempt.key.algo);
  if (certificate === undefined || algorithm === undefined) return undefined;
  const { signature, blob } = attempt;
  const isOffer = signature === undefined;
  if (!isOffer && (blob === undefined || !isSignedBy(certificate.key, signature, blob, algorithm))) return undefined;
  const user = await findUser(certificate, context);
  if (user === undefined) return undefined;
  if (isOffer) return 'acceptable';
  const log = context.log.child(describeCertificate(certificate));
  log.info({ user: user.login }, 'ssh login by certificate');
  return { kind: 'certificate', login: user.login, expiresAtSeconds: expiryOf(certificate) };
}

/** As the client named it; for RSA that says the hash. */
function signatureAlgorithm(name: string): string | undefined {
  const plain = ALGORITHM.exec(name)?.[1];
  // SHA-1.
  if (plain === undefined || plain === 'ssh-rsa') return undefined;
  return plain.startsWith('sk-') ? `${plain}@openssh.com` : plain;
}

/** Of the names in a certificate exactly one must be a user's: of two it would not be clear whose work it is. */
async function findUser(certificate: SshCertificate, context: CertificateContext): Promise<UserIdentity | undefined> {
  const { authorities, clientAddress, sshKeys, log } = context;
  const nowSeconds = Math.floor(Date.now() / 1_000);
  const fault = findCertificateFault(certificate, { authorities, clientAddress, nowSeconds });
  const users = fault === undefined ? await sshKeys.findUsers(certificate.principals) : [];
  if (users.length === 1) return users[0];
  const reason = fault ?? (users.length === 0 ? 'it names no user' : 'it names several users');
  log.info({ ...describeCertificate(certificate), reason }, 'ssh certificate refused');
  return undefined;
}

function expiryOf({ validBefore }: SshCertificate): number {
  const max = BigInt(Number.MAX_SAFE_INTEGER);
  return Number(validBefore < max ? validBefore : max);
}
