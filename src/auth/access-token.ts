/**
 * The form of access tokens: `och_`, 30 random base62 digits, and 6 digits of checksum, as GitHub's have it ("Behind GitHub's
 * new authentication token formats", 2021). Secret scanners know one by its prefix, and the checksum refuses typing errors
 * and guesses without asking the database. `access-token-store.ts` keeps them.
 */
import { createHash, randomInt } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { limits } from '#limits.ts';

const PREFIX = 'och_';
/** 62^30: 178 bits. */
const RANDOM_DIGITS = 30;
const CHECKSUM_DIGITS = 6;
const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const FORM = new RegExp(`^${PREFIX}[0-9A-Za-z]{${RANDOM_DIGITS + CHECKSUM_DIGITS}}$`);

/** Makes a token's secret; it is shown once and stored as a hash. */
export function generateAccessToken(): string {
  const random = Array.from({ length: RANDOM_DIGITS }, () => BASE62[randomInt(BASE62.length)]).join('');
  return PREFIX + random + checksumOf(random);
}

/** Whether the text has the form of a token that we generate, whether or not it is one. */
export function looksLikeAccessToken(text: string): boolean {
  return FORM.test(text);
}

/**
 * Whether a token with this text may exist: a generated one whose checksum fits, or one that an administrator chose
 * (ADMIN_TOKEN), which is any text that is long enough.
 */
export function isPossibleAccessToken(text: string): boolean {
  if (!looksLikeAccessToken(text)) return isChoosableAccessToken(text);
  const checksumOffset = text.length - CHECKSUM_DIGITS;
  return checksumOf(text.slice(PREFIX.length, checksumOffset)) === text.slice(checksumOffset);
}

/** Whether an administrator may choose this text as a token. */
export function isChoosableAccessToken(text: string): boolean {
  return text.length >= limits.chosenTokenMinCharacters && Buffer.byteLength(text) <= limits.chosenTokenMaxBytes;
}

/** What is stored. Tokens are random, so a fast hash will do; looked up by an index, so nothing compares them bit by bit. */
export function hashAccessToken(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

function checksumOf(text: string): string {
  let rest = crc32(text);
  let digits = '';
  for (let index = 0; index < CHECKSUM_DIGITS; index++) {
    digits = BASE62.charAt(rest % BASE62.length) + digits;
    rest = Math.floor(rest / BASE62.length);
  }
  return digits;
}
