/** A position in the header of a commit or tag, for rules that name the exact byte which breaks them. */
import { isLowerHex } from '#bytes/hex.ts';
import type { FsckReport } from './finding.ts';

const LF = 0x0a;
const GREATER_THAN = 0x3e;
const LESS_THAN = 0x3c;
const SPACE = 0x20;
const TAB = 0x09;
const DIGIT_ZERO = 0x30;

/** The largest date that time_t of 64 bits holds, which is what git accepts. */
const DATE_MAX_SECONDS = 2n ** 63n - 1n;
const ZONE_DIGITS = 4;

export class HeaderScanner {
  readonly body: Uint8Array;
  offset = 0;

  constructor(body: Uint8Array) {
    this.body = body;
  }

  get atEnd(): boolean {
    return this.offset >= this.body.length;
  }

  startsWith(prefix: string): boolean {
    if (this.offset + prefix.length > this.body.length) return false;
    for (let i = 0; i < prefix.length; i++) {
      if (this.body[this.offset + i] !== prefix.charCodeAt(i)) return false;
    }
    return true;
  }

  /** Steps over `prefix` if it stands here. */
  skip(prefix: string): boolean {
    if (!this.startsWith(prefix)) return false;
    this.offset += prefix.length;
    return true;
  }

  /**
   * Steps over an id and LF if they stand here. Upper-case digits are none: git would take them, and write the same id in
   * lower case.
   */
  skipIdLine(hexDigits: number): boolean {
    const end = this.offset + hexDigits;
    if (!isLowerHex(this.body, this.offset, end) || this.body[end] !== LF) return false;
    this.offset = end + 1;
    return true;
  }

  /** The rest of this line, behind which the offset then stands; undefined when no LF ends it. */
  takeLine(): Uint8Array | undefined {
    const end = this.body.indexOf(LF, this.offset);
    if (end < 0) return undefined;
    const line = this.body.subarray(this.offset, end);
    this.offset = end + 1;
    return line;
  }
}

/**
 * A header must not hold NUL, and must end in an empty line or at least a whole one.
 *
 * @returns false when it does not: no other rule may look at it then
 */
export function checkHeaderEnd(body: Uint8Array, report: FsckReport): boolean {
  for (let i = 0; i < body.length; i++) {
    if (body[i] === 0) {
      report.add('nulInHeader', `unterminated header: NUL at offset ${i}`);
      return false;
    }
    if (body[i] === LF && body[i + 1] === LF) return true;
  }
  if (body.at(-1) === LF) return true;
  report.add('unterminatedHeader', 'unterminated header');
  return false;
}

/**
 * Checks `Name <email> date zone` and steps over its line.
 *
 * @returns whether a rule was broken that refuses the object
 */
export function checkIdentity(scanner: HeaderScanner, report: FsckReport): boolean {
  const line = scanner.takeLine() ?? new Uint8Array(0);
  return checkName(line, report);
}

const COMPLAINT = 'invalid author/committer line - ';

function checkName(line: Uint8Array, report: FsckReport): boolean {
  if (line[0] === LESS_THAN) {
    return report.add('missingNameBeforeEmail', `${COMPLAINT}missing space before email`);
  }
  const end = line.findIndex((byte) => byte === LESS_THAN || byte === GREATER_THAN);
  if (end < 0) return report.add('missingEmail', `${COMPLAINT}missing email`);
  if (line[end] === GREATER_THAN) return report.add('badName', `${COMPLAINT}bad name`);
  if (line[end - 1] !== SPACE) return report.add('missingSpaceBeforeEmail', `${COMPLAINT}missing space before email`);
  return checkEmail(line, end + 1, report);
}

function checkEmail(line: Uint8Array, start: number, report: FsckReport): boolean {
  let end = start;
  while (end < line.length && line[end] !== LESS_THAN && line[end] !== GREATER_THAN) end++;
  if (line[end] !== GREATER_THAN) return report.add('badEmail', `${COMPLAINT}bad email`);
  if (line[end + 1] !== SPACE) return report.add('missingSpaceBeforeDate', `${COMPLAINT}missing space before date`);
  return checkDate(line, end + 2, report);
}

function checkDate(line: Uint8Array, start: number, report: FsckReport): boolean {
  let first = start;
  while (line[first] === SPACE || line[first] === TAB) first++;
  if (!isDigit(line[first])) return report.add('badDate', `${COMPLAINT}bad date`);
  if (line[first] === DIGIT_ZERO && line[first + 1] !== SPACE) {
    return report.add('zeroPaddedDate', `${COMPLAINT}zero-padded date`);
  }
  let end = first;
  while (isDigit(line[end])) end++;
  if (overflows(line.subarray(first, end))) {
    return report.add('badDateOverflow', `${COMPLAINT}date causes integer overflow`);
  }
  if (line[end] !== SPACE) return report.add('badDate', `${COMPLAINT}bad date`);
  return checkTimezone(line, end + 1, report);
}

function overflows(digits: Uint8Array): boolean {
  if (digits.length < 19) return false;
  return digits.length > 19 || BigInt(Buffer.from(digits).toString('latin1')) > DATE_MAX_SECONDS;
}

function checkTimezone(line: Uint8Array, start: number, report: FsckReport): boolean {
  const sign = line[start];
  let end = start + 1;
  while (isDigit(line[end])) end++;
  const isZone = (sign === 0x2b || sign === 0x2d) && end - start === 1 + ZONE_DIGITS && end === line.length;
  return isZone ? false : report.add('badTimezone', `${COMPLAINT}bad time zone`);
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= DIGIT_ZERO && byte <= DIGIT_ZERO + 9;
}
