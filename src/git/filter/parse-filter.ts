/**
 * Reads filter specifications as a client of a partial clone writes them — git-rev-list(1), "--filter". What git accepts is
 * accepted, and refused in its words. Whether there is a blob where `sparse:oid=` says is found out later.
 */

import { limits } from '#limits.ts';
import { LimitExceededError, ProtocolError } from '../errors.ts';
import { isObjectType } from '../object/object-type.ts';
import type { ObjectFilter } from './object-filter.ts';

/** @throws {ProtocolError} in git's words @throws {LimitExceededError} it combines too much */
export function parseObjectFilter(spec: string): ObjectFilter {
  return parse(spec, { filterCount: 0 }, 0);
}

/** Reads the one filter that a request may name. @throws {ProtocolError} there was one before, or as `parseObjectFilter` */
export function parseOnlyFilter(earlier: ObjectFilter | undefined, spec: string): ObjectFilter {
  if (earlier !== undefined) throw new ProtocolError('multiple filter-specs cannot be combined');
  return parseObjectFilter(spec);
}

interface Parsing {
  /** Filters met so far, at whatever depth. */
  filterCount: number;
}

function parse(spec: string, parsing: Parsing, depth: number): ObjectFilter {
  if (++parsing.filterCount > limits.filtersCombinedMax || depth > limits.filterNestingMax) {
    throw new LimitExceededError('filter-spec combines too many filters');
  }
  if (spec === 'blob:none') return { kind: 'blob:none' };
  const [, kind, value] = /^(blob:limit=|tree:|sparse:oid=|sparse:path=|object:type=|combine:)(.*)$/s.exec(spec) ?? [];
  if (kind === undefined || value === undefined) throw invalid(spec);
  switch (kind) {
    case 'blob:limit=':
      return { kind: 'blob:limit', sizeBytes: parseUnsigned(value) ?? refuse(invalid(spec)) };
    case 'tree:':
      return { kind: 'tree', depth: parseUnsigned(value) ?? refuse(new ProtocolError("expected 'tree:<depth>'")) };
    case 'sparse:oid=':
      return { kind: 'sparse:oid', blobName: value };
    case 'sparse:path=':
      throw new ProtocolError('sparse:path filters support has been dropped');
    case 'object:type=':
      return parseType(value);
    default:
      return parseCombination(value, parsing, depth);
  }
}

function parseType(value: string): ObjectFilter {
  if (isObjectType(value)) return { kind: 'object:type', type: value };
  throw new ProtocolError(`'${value}' for 'object:type=<type>' is not a valid object type`);
}

function parseCombination(value: string, parsing: Parsing, depth: number): ObjectFilter {
  if (value === '') throw new ProtocolError('expected something after combine:');
  const parts = value.split('+');
  // Each "+" ends a part. git leaves the last one where it is when nothing follows it.
  if (parts.at(-1) === '') parts.splice(-2, 2, `${parts.at(-2)}+`);
  return { kind: 'combine', filters: parts.map((part) => parsePart(part, parsing, depth + 1)) };
}

/** One filter of a combination; whatever a shell or a URL could take for something else must be escaped in it. */
function parsePart(part: string, parsing: Parsing, depth: number): ObjectFilter {
  const reserved = /[\0- ~`!@#$^&*()[\]{}\\;'",<>?]/.exec(part);
  if (reserved) throw new ProtocolError(`must escape char in sub-filter-spec: '${reserved[0]}'`);
  return parse(percentDecode(part), parsing, depth);
}

/** `%` that two hexadecimal digits other than 00 do not follow stands for itself. */
function percentDecode(text: string): string {
  const bytes = Buffer.from(text);
  const decoded = bytes
    .toString('latin1')
    .replace(/%(?!00)([0-9a-f]{2})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
  return Buffer.from(decoded, 'latin1').toString();
}

const UNIT_BYTES: Readonly<Record<string, bigint>> = { '': 1n, k: 1024n, m: 1024n ** 2n, g: 1024n ** 3n };
const UNSIGNED_MAX = 2n ** 64n - 1n;

/**
 * A number as `git config` reads them: decimal, octal after 0, hexadecimal after 0x, with a unit or none.
 *
 * @returns undefined for what is no such number; at most 2^53 - 1, beyond which no object and no depth goes
 */
function parseUnsigned(text: string): number | undefined {
  const [, digits, octal, unit] = /^[ \t-\r]*\+?(?:(0x[0-9a-f]+|[1-9][0-9]*)|(0[0-7]*))([kmg]?)$/i.exec(text) ?? [];
  if (unit === undefined) return undefined;
  const number = BigInt(digits ?? `0o${octal}`) * (UNIT_BYTES[unit.toLowerCase()] as bigint);
  if (number > UNSIGNED_MAX) return undefined;
  return Math.min(Number(number), Number.MAX_SAFE_INTEGER);
}

function invalid(spec: string): ProtocolError {
  return new ProtocolError(`invalid filter-spec '${spec}'`);
}

function refuse(error: Error): never {
  throw error;
}
