/**
 * Who connects: whoever proves to have the private half of a key that somebody has added. An offered key proves nothing, so
 * nothing is kept of it; the key whose signature was right is the one that counts.
 */
import type { AuthContext, Connection, PublicKeyAuthContext } from 'ssh2';
import { readSshKeyBlob, type SshPublicKey } from '#auth/ssh-key.ts';
import { provesPossession } from '#auth/ssh-signature.ts';
import { limits } from '#limits.ts';
import { type CertificateContext, decideCertificate, isCertificate } from './certificate-login.ts';
import type { ProvenKey } from './proven-key.ts';

/** The one name under which git connects, as everywhere. */
const SSH_USER = 'git';

/** Answers the attempts of one connection. @returns resolves when one of them succeeds */
export function acceptLogin(connection: Connection, context: CertificateContext): Promise<ProvenKey> {
  const { log } = context;
  let attempts = 0;
  return new Promise((resolve) => {
    connection.on('authentication', (attempt) => {
      if (++attempts > limits.sshLoginAttemptsMax) {
        log.info({ attempts }, 'ssh login: too many keys');
        connection.end();
        return;
      }
      decide(attempt, context).then(
        (proven) => {
          if (proven !== undefined) resolve(proven);
        },
        (error: unknown) => {
          log.error({ err: error }, 'ssh login failed');
          attempt.reject(['publickey']);
        },
      );
    });
  });
}

/** @returns the key, when this attempt proves one */
async function decide(attempt: AuthContext, context: CertificateContext): Promise<ProvenKey | undefined> {
  const { sshKeys } = context;
  if (attempt.method === 'publickey' && attempt.username === SSH_USER && isCertificate(attempt)) {
    return answerCertificate(attempt, context);
  }
  const key = attempt.method === 'publickey' && attempt.username === SSH_USER ? readKey(attempt) : undefined;
  if (key === undefined || attempt.method !== 'publickey') {
    attempt.reject(['publickey']);
    return undefined;
  }
  const { signature, blob } = attempt;
  const rsaHash = readRsaHash(attempt);
  if (signature === undefined || blob === undefined) {
    // The client asks whether it is worth to sign, which on some keys takes a person's touch.
    const isWorthIt = isStrong(key, rsaHash) && (await sshKeys.findOwner(key.fingerprint)) !== undefined;
    if (isWorthIt) invite(attempt, rsaHash);
    else attempt.reject(['publickey']);
    return undefined;
  }
  const isProven = provesPossession(key, { rsaHash, value: signature, signed: blob });
  if (!isProven || (await sshKeys.use(key.fingerprint)) === undefined) {
    attempt.reject(['publickey']);
    return undefined;
  }
  attempt.accept();
  return { kind: 'key', fingerprint: key.fingerprint };
}

async function answerCertificate(
  attempt: PublicKeyAuthContext,
  context: CertificateContext,
): Promise<ProvenKey | undefined> {
  const decision = await decideCertificate(attempt, context);
  if (decision === undefined) attempt.reject(['publickey']);
  else attempt.accept();
  return decision === 'acceptable' ? undefined : decision;
}

type RsaHash = 'sha256' | 'sha512' | undefined;

/** By the algorithm that the client named; undefined for SHA-1, and for other keys. */
function readRsaHash({ hashAlgo }: PublicKeyAuthContext): RsaHash {
  return hashAlgo === 'sha256' || hashAlgo === 'sha512' ? hashAlgo : undefined;
}

/** A signature by SHA-1 would be refused. */
function isStrong(key: SshPublicKey, rsaHash: RsaHash): boolean {
  return key.type !== 'ssh-rsa' || rsaHash !== undefined;
}

/**
 * Answers by the algorithm that the client named — RFC 4252, section 7. ssh2 says `ssh-rsa` for all of RSA, and Dropbear's client
 * then signs by SHA-1.
 */
function invite(attempt: PublicKeyAuthContext, rsaHash: RsaHash): void {
  if (rsaHash !== undefined) attempt.key.algo = rsaHash === 'sha256' ? 'rsa-sha2-256' : 'rsa-sha2-512';
  attempt.accept();
}

/** @returns undefined for keys that nobody can have added */
function readKey(attempt: PublicKeyAuthContext): SshPublicKey | undefined {
  const key = readSshKeyBlob(attempt.key.data);
  return typeof key === 'string' || key.type !== attempt.key.algo ? undefined : key;
}
