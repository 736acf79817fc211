/** Passwords: which ones are taken, and how they are kept. argon2id, in PHC form, with the parameters of the OWASP cheat sheet. */
import { hash, verify } from '@node-rs/argon2';
import { limits } from '#limits.ts';
import { looksLikeAccessToken } from './access-token.ts';

/** 19 MiB in KiB, two passes, one lane: some 15 ms. Algorithm (argon2id) and version (0x13) are the library's defaults. */
const PARAMETERS = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;
const CURRENT_PREFIX = `$argon2id$v=19$m=${PARAMETERS.memoryCost},t=${PARAMETERS.timeCost},p=${PARAMETERS.parallelism}$`;

export type PasswordFault = 'too-short' | 'too-long' | 'looks-like-token';

/** @returns why a password cannot be chosen, or undefined when it can */
export function findPasswordFault(password: string): PasswordFault | undefined {
  if ([...password].length < limits.passwordMinCharacters) return 'too-short';
  if (Buffer.byteLength(password) > limits.passwordMaxBytes) return 'too-long';
  // Sign-in would look for it among the tokens.
  if (looksLikeAccessToken(password)) return 'looks-like-token';
  return undefined;
}

/** @returns the PHC string to store */
export function hashPassword(password: string): Promise<string> {
  return hash(toBytes(password), PARAMETERS);
}

export type PasswordVerdict = 'right' | 'right-but-rehash' | 'wrong';

/**
 * Compares with a stored hash. Takes as long for a user who does not exist or has no password (`storedHash` undefined) as for
 * any other, so that time tells nobody which names there are.
 */
export async function verifyPassword(storedHash: string | undefined, password: string): Promise<PasswordVerdict> {
  if (Buffer.byteLength(password) > limits.passwordMaxBytes) return 'wrong';
  const matches = await verify(storedHash ?? (await decoyHash()), toBytes(password));
  if (!matches || storedHash === undefined) return 'wrong';
  return storedHash.startsWith(CURRENT_PREFIX) ? 'right' : 'right-but-rehash';
}

let decoy: Promise<string> | undefined;

/** A hash with today's parameters that no password is known to match. */
function decoyHash(): Promise<string> {
  decoy ??= hashPassword(crypto.randomUUID());
  return decoy;
}

/** The same password typed on two systems may be composed differently — RFC 8265, section 4.2.2 (OpaqueString). */
function toBytes(password: string): Uint8Array {
  return Buffer.from(password.normalize('NFC'));
}
