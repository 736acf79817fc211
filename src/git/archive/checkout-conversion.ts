/**
 * What becomes of a file's bytes when they leave the repository: `ident`, line ends and encoding by attributes —
 * gitattributes(5); `convert.c`, "convert_to_working_tree". The server has no settings of its own (`core.eol`,
 * `core.autocrlf`) and no filters.
 */
import type { Attributes } from '../attributes/attribute-stack.ts';
import type { ObjectId } from '../object/object-id.ts';

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
  return encoding === undefined ? bytes : encode(bytes, encoding);
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

type Encoding = 'utf-16' | 'utf-16le' | 'utf-16be' | 'utf-16le-bom' | 'utf-16be-bom' | 'iso-8859-1';

/** The encodings that can be written; a file of another one stays UTF-8. */
function encodingOf(attributes: Attributes): Encoding | undefined {
  const value = attributes.get('working-tree-encoding');
  if (typeof value !== 'object') return undefined;
  const name = value.text.toLowerCase().replace(/^utf(?=16)/, 'utf-');
  switch (name) {
    case 'utf-16':
    case 'utf-16le':
    case 'utf-16be':
    case 'utf-16le-bom':
    case 'utf-16be-bom':
    case 'iso-8859-1':
      return name;
    default:
      return undefined;
  }
}

/** What is not UTF-8, or has no place in the encoding, stays as it is: `convert.c`, "encode_to_worktree". */
function encode(body: Uint8Array, encoding: Encoding): Uint8Array {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    return body;
  }
  if (encoding === 'iso-8859-1') return /[^\0-\xff]/.test(text) ? body : Buffer.from(text, 'latin1');
  const hasMark = encoding === 'utf-16' || encoding.endsWith('-bom');
  const bytes = Buffer.from(hasMark ? `\ufeff${text}` : text, 'utf16le');
  // Plain UTF-16 is what glibc makes of it where git runs: little-endian, with a mark.
  return encoding.startsWith('utf-16be') ? bytes.swap16() : bytes;
}
