/**
 * What becomes of a file's bytes when they leave the repository: `ident`, line ends and encoding by attributes —
 * gitattributes(5); `convert.c`, "convert_to_working_tree". The server has no settings of its own (`core.eol`,
 * `core.autocrlf`) and no filters.
 */
import type { Attributes } from '../attributes/attribute-stack.ts';
import type { ObjectId } from '../object/object-id.ts';
import { canEncode, encodeText } from '../object/text-encoding.ts';

/** Whether `convertToWorkingTree` would look at the bytes at all. */
export function isConverted(attributes: Attributes): boolean {
  return attributes.get('ident') === true || crlfRule(attributes) !== 'none' || encodingOf(attributes) !== undefined;
}

export function convertToWorkingTree(body: Uint8Array, attributes: Attributes, id: ObjectId): Uint8Array {
  let bytes = body;
  if (attributes.get('ident') === true) bytes = expandIdent(bytes, id);
  const rule = crlfRule(attributes);
  if (rule !== 'none') bytes = toCrlf(bytes, rule);
  const encoding = encodingOf(attributes);
  // What is not UTF-8, or has no place in the encoding, stays as it is: `convert.c`, "encode_to_worktree".
  return (encoding === undefined ? undefined : encodeText(bytes, encoding)) ?? bytes;
}

/** `auto`: of what looks like a text without any CR. */
type CrlfRule = 'none' | 'always' | 'auto';

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

function toCrlf(body: Uint8Array, rule: 'always' | 'auto'): Uint8Array {
  const stats = gatherStats(body);
  if (stats.loneLf === 0) return body;
  if (rule === 'auto' && (stats.loneCr > 0 || stats.crlf > 0 || looksBinary(stats))) return body;
  const bytes = Buffer.allocUnsafe(body.length + stats.loneLf);
  let end = 0;
  for (let index = 0; index < body.length; index++) {
    const byte = body[index] as number;
    if (byte === LF && body[index - 1] !== CR) bytes[end++] = CR;
    bytes[end++] = byte;
  }
  return bytes;
}

interface TextStats {
  loneCr: number;
  loneLf: number;
  crlf: number;
  nul: number;
  printable: number;
  nonPrintable: number;
}

/** `convert.c`, "gather_stats". */
function gatherStats(body: Uint8Array): TextStats {
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
  if (body.at(-1) === 0x1a) stats.nonPrintable--;
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
function expandIdent(body: Uint8Array, id: ObjectId): Uint8Array {
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

/** An encoding that can be written; a file of another one stays UTF-8. */
function encodingOf(attributes: Attributes): string | undefined {
  const value = attributes.get('working-tree-encoding');
  return typeof value === 'object' && canEncode(value.text) ? value.text : undefined;
}
