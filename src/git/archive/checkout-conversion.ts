/**
 * What becomes of a file's bytes when they leave the repository: `ident`, line ends and encoding by attributes —
 * gitattributes(5); `convert.c`, "convert_to_working_tree". The server has no settings of its own (`core.eol`,
 * `core.autocrlf`) and no filters.
 */
import type { Attributes } from '../attributes/attribute-stack.ts';
import { ProtocolError } from '../errors.ts';
import type { ObjectId } from '../object/object-id.ts';
import { encodeText } from '../object/text-encoding.ts';

/** What is done to a file, in this order. */
export interface Conversion {
  readonly expandsIdent: boolean;
  readonly crlf: CrlfRule;
  readonly encoding: string | undefined;
}

/** `auto`: of what looks like a text without any CR. */
export type CrlfRule = 'none' | 'always' | 'auto';

/** @returns undefined when the bytes stay as they are @throws {ProtocolError} in git's words */
export function conversionOf(attributes: Attributes): Conversion | undefined {
  const expandsIdent = attributes.get('ident') === true;
  const crlf = crlfRule(attributes);
  const encoding = encodingOf(attributes);
  if (!expandsIdent && crlf === 'none' && encoding === undefined) return undefined;
  return { expandsIdent, crlf, encoding };
}

/** @returns `isEncoded` false for what is not UTF-8 or has no place in the encoding, and stays in its own */
export function convertToWorkingTree(
  body: Uint8Array,
  { expandsIdent, crlf, encoding }: Conversion,
  id: ObjectId,
): { bytes: Uint8Array; isEncoded: boolean } {
  const expanded = expandsIdent ? expandIdent(body, id) : body;
  const isTurned = crlf !== 'none' && turnsToCrlf(gatherStats(expanded), crlf);
  const bytes = isTurned ? toCrlf(expanded) : expanded;
  if (encoding === undefined || bytes.length === 0) return { bytes, isEncoded: true };
  const encoded = encodeText(bytes, encoding);
  return { bytes: encoded ?? bytes, isEncoded: encoded !== undefined };
}

function crlfRule(attributes: Attributes): CrlfRule {
  const text = textRule(attributes, 'text') ?? textRule(attributes, 'crlf');
  const eol = attributes.get('eol');
  if (text === 'binary' || typeof eol !== 'object' || eol.text !== 'crlf') return 'none';
  return text === 'auto' ? 'auto' : 'always';
}

function textRule(attributes: Attributes, name: 'text' | 'crlf'): 'text' | 'binary' | 'auto' | undefined {
  const value = attributes.get(name);
  if (value === true) return 'text';
  if (value === false) return 'binary';
  if (typeof value !== 'object') return undefined;
  if (value.text === 'auto') return 'auto';
  return value.text === 'input' ? 'text' : undefined;
}

const LF = 0x0a;
const CR = 0x0d;
const DOLLAR = 0x24;

/** `convert.c`, "will_convert_lf_to_crlf". */
export function turnsToCrlf(stats: TextStats, rule: 'always' | 'auto'): boolean {
  if (stats.loneLf === 0) return false;
  return rule === 'always' || (stats.loneCr === 0 && stats.crlf === 0 && !looksBinary(stats));
}

export function toCrlf(body: Uint8Array): Uint8Array {
  const bytes = Buffer.allocUnsafe(body.length * 2);
  let end = 0;
  for (let index = 0; index < body.length; index++) {
    const byte = body[index] as number;
    if (byte === LF && body[index - 1] !== CR) bytes[end++] = CR;
    bytes[end++] = byte;
  }
  return bytes.subarray(0, end);
}

export interface TextStats {
  loneCr: number;
  loneLf: number;
  crlf: number;
  nul: number;
  printable: number;
  nonPrintable: number;
}

/** `convert.c`, "gather_stats". @param isEnd whether the file ends here */
export function gatherStats(body: Uint8Array, isEnd = true): TextStats {
  const stats = { loneCr: 0, loneLf: 0, crlf: 0, nul: 0, printable: 0, nonPrintable: 0 };
  for (let index = 0; index < body.length; index++) {
    const byte = body[index] as number;
    if (byte === CR && body[index + 1] === LF) {
      stats.crlf++;
      index++;
    } else if (byte === CR) stats.loneCr++;
    else if (byte === LF) stats.loneLf++;
    else if (byte === 0) {
      stats.nul++;
      stats.nonPrintable++;
    } else if (isPrintable(byte)) stats.printable++;
    else stats.nonPrintable++;
  }
  // An end-of-file character of old.
  if (isEnd && body.at(-1) === 0x1a) stats.nonPrintable--;
  return stats;
}

/** BS, TAB, ESC and FF count as such. */
function isPrintable(byte: number): boolean {
  return (byte >= 0x20 && byte !== 0x7f) || byte === 0x08 || byte === 0x09 || byte === 0x1b || byte === 0x0c;
}

function looksBinary(stats: TextStats): boolean {
  return stats.loneCr > 0 || stats.nul > 0 || stats.printable >> 7 < stats.nonPrintable;
}

/** Writes the blob's id into `$Id$` and `$Id: … $` — `convert.c`, "ident_to_worktree". */
export function expandIdent(body: Uint8Array, id: ObjectId): Uint8Array {
  if (!body.includes(DOLLAR)) return body;
  const text = Buffer.from(body.buffer, body.byteOffset, body.length).toString('latin1');
  let expanded = '';
  let at = 0;
  for (;;) {
    const dollar = text.indexOf('$', at);
    if (dollar < 0) break;
    expanded += text.slice(at, dollar + 1);
    at = dollar + 1;
    const keywordEnd = findKeywordEnd(text, at);
    if (keywordEnd === 'unfinished') break;
    if (keywordEnd === undefined) continue;
    expanded += `Id: ${id} $`;
    at = keywordEnd;
  }
  return Buffer.from(expanded + text.slice(at), 'latin1');
}

/** @returns the offset behind `Id$` or `Id: … $`; undefined when there is none; `unfinished` when no dollar follows at all */
function findKeywordEnd(text: string, start: number): number | 'unfinished' | undefined {
  if (text.length - start < 3 || !text.startsWith('Id', start)) return undefined;
  if (text[start + 2] === '$') return start + 3;
  if (text[start + 2] !== ':') return undefined;
  const dollar = text.indexOf('$', start + 3);
  if (dollar < 0) return 'unfinished';
  if (text.slice(start + 3, dollar).includes('\n')) return undefined;
  // Spaces elsewhere than at the ends: another system's keyword.
  const space = text.indexOf(' ', start + 4);
  if (space >= 0 && space < dollar - 1) return undefined;
  return dollar + 1;
}

/** `convert.c`, "git_path_check_encoding". */
function encodingOf(attributes: Attributes): string | undefined {
  const value = attributes.get('working-tree-encoding');
  if (value === true) throw new ProtocolError('true/false are no valid working-tree-encodings');
  if (typeof value !== 'object' || value.text === '' || /^utf-?8$/i.test(value.text)) return undefined;
  return value.text;
}
