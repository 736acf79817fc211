/** One pathspec as it is written, with its magic — gitglossary(7), "pathspec"; `pathspec.c`. Pathspecs are byte strings. */
import { decodeLenient } from '#bytes/utf8.ts';
import { ProtocolError } from '../errors.ts';
import { normalizePath } from './normal-path.ts';
import { literalLength } from './wildmatch.ts';

export interface PathspecItem {
  /** As it was written, for errors. */
  readonly original: string;
  /** A slash at its end is kept; empty for everything. */
  readonly pattern: string;
  /** How much of the pattern stands for itself. */
  readonly literalLength: number;
  /** `:(prefix:<n>)`: so much of the pattern is a path, and its letters count in spite of `icase`. */
  readonly prefixLength: number;
  /** One star, and behind it what stands for itself. */
  readonly isOneStar: boolean;
  readonly excludes: boolean;
  readonly ignoreCase: boolean;
  /** `:(glob)`: stars stop at slashes. */
  readonly pathname: boolean;
  /** `:(attr:…)`: all of them must be so. */
  readonly attributes: readonly AttributeDemand[];
}

/** What a path's attribute must be: set, unset (`-name`), unspecified (`!name`), or a text. */
export interface AttributeDemand {
  readonly name: string;
  readonly state: true | false | 'unspecified' | { readonly text: string };
}

/** @throws {ProtocolError} in git's words */
export function parsePathspecItem(original: string): PathspecItem {
  const { words, attributes, prefixLength, rest } = readMagic(original);
  if (words.has('literal') && words.has('glob')) {
    throw refusal(`${original}: 'literal' and 'glob' are incompatible`);
  }
  const pattern = prefixLength !== undefined || words.has('top') ? rest : normalizePath(rest);
  if (pattern === undefined) throw refusal(`${original}: '${rest}' is outside repository`);
  const prefix = prefixLength ?? 0;
  if (prefix > pattern.length) throw refusal("invalid parameter for pathspec magic 'prefix'");
  const literal = words.has('literal') ? pattern.length : Math.max(prefix, literalLength(pattern));
  const behindStar = pattern.slice(literal + 1);
  return {
    original,
    pattern,
    literalLength: literal,
    prefixLength: prefix,
    isOneStar: !words.has('glob') && pattern[literal] === '*' && literalLength(behindStar) === behindStar.length,
    excludes: words.has('exclude'),
    ignoreCase: words.has('icase'),
    pathname: words.has('glob'),
    attributes,
  };
}

interface Magic {
  readonly words: ReadonlySet<string>;
  readonly attributes: readonly AttributeDemand[];
  readonly prefixLength: number | undefined;
  /** Behind the magic. */
  readonly rest: string;
}

function readMagic(original: string): Magic {
  if (!original.startsWith(':')) {
    return { words: new Set(), attributes: [], prefixLength: undefined, rest: original };
  }
  return original.startsWith(':(') ? readLongMagic(original) : readShortMagic(original);
}

const LONG_MAGIC = new Set(['top', 'exclude', 'icase', 'glob', 'literal']);

/** `:(top,exclude)path` — `pathspec.c`, "parse_long_magic". */
function readLongMagic(original: string): Magic {
  const words = new Set<string>();
  let attributes: readonly AttributeDemand[] | undefined;
  let prefixLength: number | undefined;
  let at = 2;
  while (at < original.length && original[at] !== ')') {
    const end = findUnescaped(original, at);
    const word = original.slice(at, end);
    at = original[end] === ',' ? end + 1 : end;
    if (word === '') continue;
    if (word.startsWith('prefix:')) prefixLength = parsePrefix(word);
    else if (word.startsWith('attr:')) {
      if (attributes !== undefined) throw refusal("Only one 'attr:' specification is allowed.");
      attributes = parseAttributes(word.slice('attr:'.length));
    } else if (LONG_MAGIC.has(word)) words.add(word);
    else throw refusal(`Invalid pathspec magic '${word}' in '${original}'`);
  }
  if (original[at] !== ')') throw refusal(`Missing ')' at the end of pathspec magic in '${original}'`);
  return { words, attributes: attributes ?? [], prefixLength, rest: original.slice(at + 1) };
}

/** @returns the offset of the comma or parenthesis that ends a word; a backslash takes from the next byte its meaning */
function findUnescaped(text: string, start: number): number {
  let at = start;
  for (; at < text.length && text[at] !== ',' && text[at] !== ')'; at++) {
    if (text[at] === '\\' && at + 1 < text.length) at++;
  }
  return at;
}

function parsePrefix(word: string): number {
  const digits = /^prefix:[ \t]*(\d{1,9})$/.exec(word)?.[1];
  if (digits === undefined) throw refusal("invalid parameter for pathspec magic 'prefix'");
  return Number(digits);
}

/** `pathspec.c`, "parse_pathspec_attr_match". */
function parseAttributes(text: string): AttributeDemand[] {
  if (text === '') throw refusal('attr spec must not be empty');
  return text
    .split(' ')
    .filter((word) => word !== '')
    .map(parseAttribute);
}

function parseAttribute(word: string): AttributeDemand {
  const isMarked = word.startsWith('!') || word.startsWith('-');
  const equals = isMarked ? -1 : word.indexOf('=');
  // The value is looked at first.
  const text = equals < 0 ? undefined : unescapeValue(word.slice(equals + 1));
  const name = word.slice(isMarked ? 1 : 0, equals < 0 ? undefined : equals);
  if (!isAttributeName(name)) throw refusal(`invalid attribute name ${name}`);
  if (text !== undefined) return { name, state: { text } };
  return { name, state: isMarked ? (word.startsWith('!') ? 'unspecified' : false) : true };
}

function unescapeValue(value: string): string {
  let unescaped = '';
  for (let at = 0; at < value.length; at++) {
    if (value[at] === '\\' && ++at === value.length) {
      throw refusal("Escape character '\\' not allowed as last character in attr value");
    }
    const character = value[at] as string;
    if (!/[A-Za-z0-9,_-]/.test(character)) throw refusal(`cannot use '${character}' for value matching`);
    unescaped += character;
  }
  return unescaped;
}

function isAttributeName(name: string): boolean {
  return /^[A-Za-z0-9_.][-A-Za-z0-9_.]*$/.test(name);
}

/** `:/path`, `:!path`, `:^path` — `pathspec.c`, "parse_short_magic". */
function readShortMagic(original: string): Magic {
  const words = new Set<string>();
  let at = 1;
  for (; at < original.length && original[at] !== ':'; at++) {
    const character = original[at] as string;
    if (character === '/') words.add('top');
    else if (character === '!' || character === '^') words.add('exclude');
    else if (SHORT_MAGIC.test(character)) {
      throw refusal(`Unimplemented pathspec magic '${character}' in '${original}'`);
    } else break;
  }
  const rest = original.slice(original[at] === ':' ? at + 1 : at);
  return { words, attributes: [], prefixLength: undefined, rest };
}

/** What may become magic one day: `ctype.c`, GIT_PATHSPEC_MAGIC. */
const SHORT_MAGIC = /["#%&',\-;<=>@_`~]/;

/** @param message a byte string */
function refusal(message: string): ProtocolError {
  return new ProtocolError(decodeLenient(Buffer.from(message, 'latin1')));
}
