/**
 * Push certificates: the commands of a push in a text that its author signed — gitprotocol-pack(5), "Push Certificate";
 * `queue_commands_from_cert` and `check_nonce` of git's `builtin/receive-pack.c`. What to make of a signature that is not good, or of
 * a nonce that is not, is for whoever reads the certificate later.
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import { ProtocolError } from '#git/errors.ts';
import type { ObjectFormat } from '#git/object/object-id.ts';
import { lineText } from '#git/pkt-line/pkt-line-reader.ts';

/** git's `GIT_PUSH_CERT_NONCE_STATUS` — githooks(5), git-receive-pack(1). */
export type NonceStatus = 'OK' | 'SLOP' | 'BAD' | 'MISSING' | 'UNSOLICITED';

/** What a signature begins with, by `gpg.format`: openpgp (two), x509, ssh. */
const SIGNATURE_STARTS = [
  '-----BEGIN PGP SIGNATURE-----',
  '-----BEGIN PGP MESSAGE-----',
  '-----BEGIN SIGNED MESSAGE-----',
  '-----BEGIN SSH SIGNATURE-----',
].map((text) => [...Buffer.from(text)]);

const DASH = 0x2d;
const NEWLINE = 0x0a;

/**
 * The lines between the header and the signature, each a command as a pkt would hold it; views of the certificate, one at a time, for a
 * hostile one may have millions.
 *
 * @throws {ProtocolError} the header does not end
 */
export function* signedCommandLines(certificate: Uint8Array): Generator<Uint8Array> {
  const bytes = Buffer.from(certificate.buffer, certificate.byteOffset, certificate.byteLength);
  const headerEnd = bytes.indexOf('\n\n');
  if (headerEnd < 0) throw new ProtocolError(`malformed push certificate ${bytes.toString('utf8', 0, 100)}`);
  const end = signatureStart(bytes);
  for (let at = headerEnd + 2; at < end; ) {
    const lineEnd = endOfLine(bytes, at, end);
    yield bytes.subarray(at, lineEnd);
    at = lineEnd + 1;
  }
}

/** What was signed, and the signature, which is empty where there is none; views of the certificate. */
export function splitCertificate(certificate: Uint8Array): { payload: Uint8Array; signature: Uint8Array } {
  const start = signatureStart(certificate);
  return { payload: certificate.subarray(0, start), signature: certificate.subarray(start) };
}

/**
 * The last line that begins a signature, and all after it, is one; without such a line nothing is: git's `parse_signed_buffer`. Byte by
 * byte, for searches of whole texts take long where nearly all of them is there again and again.
 */
function signatureStart(bytes: Uint8Array): number {
  for (let at = bytes.length - 2; at >= 0; at--) {
    if (bytes[at] === NEWLINE && bytes[at + 1] === DASH && beginsSignature(bytes, at + 1)) return at + 1;
  }
  return bytes.length;
}

function beginsSignature(bytes: Uint8Array, at: number): boolean {
  return SIGNATURE_STARTS.some((text) => text.every((byte, index) => bytes[at + index] === byte));
}

function endOfLine(bytes: Buffer, at: number, end: number): number {
  const newline = bytes.indexOf(NEWLINE, at);
  return newline < 0 || newline > end ? end : newline;
}

/** The values of a header's lines of this name, as far as `countMax`. The first line, which says what it is, has none. */
export function certificateHeader(certificate: Uint8Array, name: string, countMax: number): string[] {
  const bytes = Buffer.from(certificate.buffer, certificate.byteOffset, certificate.byteLength);
  const blank = bytes.indexOf('\n\n');
  const header = bytes.subarray(0, blank < 0 ? bytes.length : blank);
  const prefix = `\n${name} `;
  const values: string[] = [];
  for (let at = header.indexOf(prefix); at >= 0 && values.length < countMax; at = header.indexOf(prefix, at + 1)) {
    values.push(lineText(header.subarray(at + prefix.length, endOfLine(header, at + 1, header.length))));
  }
  return values;
}

/** Time (seconds since 1970) and a proof that we said it: git's `prepare_push_cert_nonce`. */
export function makePushNonce(key: Uint8Array, repository: string, seconds: number, format: ObjectFormat): string {
  return `${seconds}-${createHmac(format.name, key).update(`${repository}:${seconds}`).digest('hex')}`;
}

export interface NonceQuestion {
  /** What the certificate says. */
  readonly nonce: string | undefined;
  /** What this run of the service said, or would say now; undefined where nothing is signed. */
  readonly issued: string | undefined;
  /** Makes the nonce of another time; undefined where only what was issued counts. */
  readonly issueAt: ((seconds: number) => string) | undefined;
  /** How old a nonce may be to pass for one that was just issued; 0 for none. */
  readonly slopSeconds: number;
}

/** git's `check_nonce`. */
export function judgeNonce({ nonce, issued, issueAt, slopSeconds }: NonceQuestion): NonceStatus {
  if (nonce === undefined) return 'MISSING';
  if (issued === undefined) return 'UNSOLICITED';
  if (nonce === issued) return 'OK';
  const seconds = Number(/^([1-9][0-9]{0,15})-/.exec(nonce)?.[1]);
  if (!issueAt || Number.isNaN(seconds)) return 'BAD';
  const [expected, given] = [Buffer.from(issueAt(seconds)), Buffer.from(nonce)];
  if (expected.length !== given.length || !timingSafeEqual(expected, given)) return 'BAD';
  const slop = Math.abs(Number.parseInt(issued, 10) - seconds);
  return slop <= slopSeconds ? 'OK' : 'SLOP';
}
