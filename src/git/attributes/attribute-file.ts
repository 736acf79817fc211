/** `.gitattributes`, read line by line — gitattributes(5); `attr.c`, "parse_attr_line". Names and patterns are byte strings. */
import { limits } from '#limits.ts';
import { unquoteCStyle } from '../path/quoting.ts';
import { literalLength, wildmatch } from '../path/wildmatch.ts';

/** What a line says of one attribute: `name`, `-name`, `!name` (back to unspecified), `name=value`. */
export type AttributeValue = true | false | 'unspecified' | { readonly text: string };

export interface AttributeState {
  readonly name: string;
  readonly value: AttributeValue;
}

export interface AttributeRule {
  readonly pattern: PathPattern;
  /** In the order of the line; a later one wins. */
  readonly states: readonly AttributeState[];
}

export interface AttributeFile {
  readonly rules: readonly AttributeRule[];
  /** `[attr]name states…`: attributes that stand for several. */
  readonly macros: ReadonlyMap<string, readonly AttributeState[]>;
}

const BLANK = /[ \t\r\n]+/;
const MACRO_PREFIX = '[attr]';
const UTF8_BOM = '\xef\xbb\xbf';

/** @param body what is larger than `limits.attributesMaxBytes` counts as empty, as in git (whose bound is 100 MiB) */
export function parseAttributeFile(body: Uint8Array, isRoot: boolean): AttributeFile {
  const rules: AttributeRule[] = [];
  const macros = new Map<string, readonly AttributeState[]>();
  if (body.length < limits.attributesMaxBytes) {
    const text = Buffer.from(body.buffer, body.byteOffset, body.length).toString('latin1');
    const end = text.indexOf('\0');
    const lines = (end < 0 ? text : text.slice(0, end)).split('\n');
    for (const [index, line] of lines.entries()) {
      parseLine(index === 0 && line.startsWith(UTF8_BOM) ? line.slice(3) : line, isRoot, rules, macros);
    }
  }
  return { rules, macros };
}

function parseLine(
  line: string,
  isRoot: boolean,
  rules: AttributeRule[],
  macros: Map<string, readonly AttributeState[]>,
): void {
  const trimmed = line.replace(/^[ \t\r\n]+/, '');
  if (trimmed === '' || trimmed.startsWith('#') || line.length >= limits.attributeLineMaxBytes) return;
  const quoted = trimmed.startsWith('"') ? unquoteCStyle(trimmed) : undefined;
  const [name, rest] = quoted ? [quoted.text, trimmed.slice(quoted.end)] : splitWord(trimmed);
  if (name.startsWith(MACRO_PREFIX) && name.length > MACRO_PREFIX.length) {
    const states = isRoot ? parseStates(rest) : undefined;
    const macro = name.slice(MACRO_PREFIX.length);
    if (states && isValidName(macro)) macros.set(macro, states);
    return;
  }
  const states = parseStates(rest);
  if (states && !name.startsWith('!')) rules.push({ pattern: parsePathPattern(name), states });
}

function splitWord(text: string): [word: string, rest: string] {
  const end = text.search(BLANK);
  return end < 0 ? [text, ''] : [text.slice(0, end), text.slice(end)];
}

/** @returns undefined when one of them is no attribute: git then ignores the line */
function parseStates(text: string): AttributeState[] | undefined {
  const states: AttributeState[] = [];
  for (const word of text.split(BLANK)) {
    if (word === '') continue;
    const state = parseState(word);
    if (!isValidName(state.name)) return undefined;
    states.push(state);
  }
  return states;
}

function parseState(word: string): AttributeState {
  const equals = word.indexOf('=');
  const name = equals < 0 ? word : word.slice(0, equals);
  if (word.startsWith('-')) return { name: name.slice(1), value: false };
  if (word.startsWith('!')) return { name: name.slice(1), value: 'unspecified' };
  return { name, value: equals < 0 ? true : { text: word.slice(equals + 1) } };
}

function isValidName(name: string): boolean {
  return /^[A-Za-z0-9_.][-A-Za-z0-9_.]*$/.test(name) && !name.startsWith('builtin_');
}

/** A pattern of `.gitattributes`, whose grammar is that of gitignore(5). */
export interface PathPattern {
  readonly text: string;
  /** Length of what stands for itself at the beginning. */
  readonly literalLength: number;
  /** Ended in a slash: folders alone. */
  readonly mustBeFolder: boolean;
  /** Has no slash: matches the last part of a path, in any folder below. */
  readonly isBasename: boolean;
}

function parsePathPattern(text: string): PathPattern {
  const mustBeFolder = text.endsWith('/');
  const pattern = mustBeFolder ? text.slice(0, -1) : text;
  return {
    text: pattern,
    literalLength: literalLength(pattern),
    mustBeFolder,
    isBasename: !pattern.includes('/'),
  };
}

/**
 * @param path from the root; ends in a slash for a folder
 * @param folder that the pattern's file lies in; empty for the root
 */
export function matchesPathPattern(pattern: PathPattern, path: string, folder: string): boolean {
  const isFolder = path.endsWith('/');
  if (pattern.mustBeFolder && !isFolder) return false;
  const bare = isFolder ? path.slice(0, -1) : path;
  if (pattern.isBasename) return matchesBasename(pattern, bare.slice(bare.lastIndexOf('/') + 1));
  if (folder !== '' && !bare.startsWith(`${folder}/`)) return false;
  const name = folder === '' ? bare : bare.slice(folder.length + 1);
  const anchored = pattern.text.startsWith('/');
  const text = anchored ? pattern.text.slice(1) : pattern.text;
  const literal = anchored ? Math.max(0, pattern.literalLength - 1) : pattern.literalLength;
  if (!name.startsWith(text.slice(0, literal))) return false;
  return literal === text.length && literal === name.length ? true : wildmatch(text, name, { pathname: true });
}

function matchesBasename(pattern: PathPattern, name: string): boolean {
  if (pattern.literalLength === pattern.text.length) return name === pattern.text;
  return wildmatch(pattern.text, name);
}
