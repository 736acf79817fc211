/** Which paths of a tree are meant — gitglossary(7), "pathspec". Paths and patterns are byte strings. */
import { ProtocolError } from '../errors.ts';
import { literalLength, wildmatch } from './wildmatch.ts';

interface PathspecItem {
  /** As it was written, for errors. */
  readonly original: string;
  /** Without slashes at its end; empty for everything. */
  readonly pattern: string;
  readonly mustBeFolder: boolean;
  readonly literalLength: number;
  readonly excludes: boolean;
  readonly ignoreCase: boolean;
  /** `:(glob)`: stars stop at slashes. */
  readonly pathname: boolean;
}

export class Pathspec {
  readonly #items: readonly PathspecItem[];

  /** @throws {ProtocolError} magic that there is not */
  constructor(paths: readonly string[]) {
    this.#items = paths.map(parseItem);
  }

  get isEverything(): boolean {
    return this.#items.length === 0;
  }

  /** @param path of a file, or of a submodule (`isFolder`) */
  matches(path: string, isFolder: boolean): boolean {
    const included = this.#items.filter(({ excludes }) => !excludes);
    if (included.length > 0 && !included.some((item) => matchesItem(item, path, isFolder))) return false;
    return !this.#items.some((item) => item.excludes && matchesItem(item, path, isFolder));
  }

  /** Whether something below a folder may match; true says nothing more than that. */
  mayMatchBelow(folder: string): boolean {
    const included = this.#items.filter(({ excludes }) => !excludes);
    return included.length === 0 || included.some((item) => mayContain(item, folder));
  }

  /** Each path by itself, as `git archive` asks whether it exists. */
  *eachAlone(): Generator<{ original: string; alone: Pathspec }> {
    for (const item of this.#items) yield { original: item.original, alone: new Pathspec([item.original]) };
  }
}

function matchesItem(item: PathspecItem, path: string, isFolder: boolean): boolean {
  const { pattern } = item;
  if (pattern === '') return true;
  const folded = (text: string) => (item.ignoreCase ? foldAscii(text) : text);
  const [wanted, given] = [folded(pattern), folded(path)];
  if (given.startsWith(`${wanted}/`)) return true;
  if (given === wanted) return !item.mustBeFolder || isFolder;
  if (item.literalLength === pattern.length) return false;
  return wildmatch(item.mustBeFolder ? `${pattern}/` : pattern, path, item);
}

function mayContain(item: PathspecItem, folder: string): boolean {
  if (item.pattern === '') return true;
  const literal = item.pattern.slice(0, item.literalLength);
  const [wanted, given] = item.ignoreCase ? [foldAscii(literal), foldAscii(folder)] : [literal, folder];
  const inside = `${given}/`;
  // The pattern leads into the folder, or the folder lies in (or begins like) what it names.
  if (wanted.startsWith(inside) || inside.startsWith(`${wanted}/`)) return true;
  return item.literalLength < item.pattern.length && inside.startsWith(wanted);
}

const LONG_MAGIC = new Set(['top', 'exclude', 'icase', 'glob', 'literal', '']);

function parseItem(original: string): PathspecItem {
  const { magic, rest } = splitMagic(original);
  const normal = normalize(rest, original);
  const pattern = normal.replace(/\/+$/, '');
  const isLiteral = magic.has('literal');
  return {
    original,
    pattern,
    mustBeFolder: pattern !== normal && pattern !== '',
    literalLength: isLiteral ? pattern.length : literalLength(pattern),
    excludes: magic.has('exclude'),
    ignoreCase: magic.has('icase'),
    pathname: magic.has('glob'),
  };
}

/** `:(top,exclude)path`, `:/path`, `:!path`, `:^path`. */
function splitMagic(original: string): { magic: ReadonlySet<string>; rest: string } {
  if (!original.startsWith(':')) return { magic: new Set(), rest: original };
  if (original.startsWith(':(')) {
    const close = original.indexOf(')');
    if (close < 0) throw new ProtocolError(`Missing ')' at the end of pathspec magic in '${original}'`);
    const words = original
      .slice(2, close)
      .split(',')
      .map((word) => word.trim());
    const unknown = words.find((word) => !LONG_MAGIC.has(word));
    if (unknown !== undefined) throw new ProtocolError(`Invalid pathspec magic '${unknown}' in '${original}'`);
    return { magic: new Set(words), rest: original.slice(close + 1) };
  }
  const magic = new Set<string>();
  let at = 1;
  for (; at < original.length && original[at] !== ':'; at++) {
    const character = original[at] as string;
    if (character === '/') magic.add('top');
    else if (character === '!' || character === '^') magic.add('exclude');
    else if (/[A-Za-z0-9*?[\\._-]/.test(character) || character > '\x7e') break;
    else throw new ProtocolError(`Unimplemented pathspec magic '${character}' in '${original}'`);
  }
  return { magic, rest: original.slice(original[at] === ':' ? at + 1 : at) };
}

/** Takes out `.` and empty parts. @throws {ProtocolError} a path that leads out of the tree */
function normalize(path: string, original: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part !== '..') parts.push(part);
    else if (parts.pop() === undefined) throw new ProtocolError(`${original}: '${original}' is outside repository`);
  }
  if (path.startsWith('/')) throw new ProtocolError(`${original}: '${original}' is outside repository`);
  return parts.join('/') + (path.endsWith('/') ? '/' : '');
}

function foldAscii(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
