/**
 * Which entries of a tree are meant — gitglossary(7), "pathspec"; `tree-walk.c`, "tree_entry_interesting". Paths and patterns are byte
 * strings.
 */
import type { AttributeValue } from '../attributes/attribute-file.ts';
import { ProtocolError } from '../errors.ts';
import { type PathspecItem, parsePathspecItem } from './pathspec-item.ts';
import { wildmatch } from './wildmatch.ts';

/** Whether an entry is meant. `never` and `all` are true of those behind it in its folder as well; of a folder `yes` says no more than that something in it may be. */
export type Interest = 'never' | 'no' | 'yes' | 'all';

/** An entry of a tree on the walk. */
export interface PathspecEntry {
  /** The folder, with a slash at its end; empty for the root. */
  readonly folder: string;
  readonly name: string;
  readonly kind: 'folder' | 'submodule' | 'file';
}

/** Tells the attributes of a path, for those names that `attributeNames` lists. */
export type AttributesOf = (path: string) => ReadonlyMap<string, AttributeValue>;

/** What an item says of an entry, before its attributes are asked. */
type Match = 'no' | 'yes' | 'all';

/** Whether something that sorts behind the entry may still be meant, by all items together. */
interface Outlook {
  isOpen: boolean;
}

export class Pathspec {
  readonly #items: readonly PathspecItem[];
  readonly #hasWildcard: boolean;
  readonly #hasExclusion: boolean;

  /** @throws {ProtocolError} in git's words */
  constructor(paths: readonly string[]) {
    if (paths.includes('')) {
      throw new ProtocolError(
        'empty string is not a valid pathspec. please use . instead if you meant to match all paths',
      );
    }
    const items = paths.map(parsePathspecItem);
    this.#hasWildcard = items.some(({ literalLength, pattern }) => literalLength < pattern.length);
    this.#hasExclusion = items.some(({ excludes }) => excludes);
    // What is left out is left out of everything.
    const isOnlyExclusion = items.length > 0 && items.every(({ excludes }) => excludes);
    this.#items = isOnlyExclusion ? [...items, parsePathspecItem('.')] : items;
  }

  get attributeNames(): string[] {
    return this.#items.flatMap(({ attributes }) => attributes.map(({ name }) => name));
  }

  interestIn(entry: PathspecEntry, attributesOf: AttributesOf): Interest {
    if (this.#items.length === 0) return 'all';
    const positive = this.#match(entry, false, attributesOf);
    if (!this.#hasExclusion || positive === 'never' || positive === 'no') return positive;
    const negative = this.#match(entry, true, attributesOf);
    if (negative === 'never') return positive;
    if (negative === 'no') return 'yes';
    if (negative === 'all') return positive === 'all' ? 'never' : 'no';
    // What is left out of a folder is seen in it.
    return entry.kind === 'folder' ? 'yes' : 'no';
  }

  /** Whether a folder itself is what is meant: `dir.c`, "match_pathspec". @param path without a slash at its end */
  matchesFolder(path: string, attributesOf: AttributesOf): boolean {
    if (this.#items.length === 0) return true;
    const matches = (item: PathspecItem) => hasAttributes(item, path, attributesOf) && isFolderMeant(item, path);
    return (
      this.#items.some((item) => !item.excludes && matches(item)) &&
      !this.#items.some((item) => item.excludes && matches(item))
    );
  }

  #match(entry: PathspecEntry, excludes: boolean, attributesOf: AttributesOf): Interest {
    const outlook = { isOpen: this.#hasWildcard };
    for (let index = this.#items.length - 1; index >= 0; index--) {
      const item = this.#items[index] as PathspecItem;
      if (item.excludes !== excludes) continue;
      const match = matchItem(item, entry, outlook);
      if (match === 'no') continue;
      if (item.attributes.length === 0) return match;
      outlook.isOpen = true;
      // What is in a folder has attributes of its own.
      if (entry.kind === 'folder' || hasAttributes(item, entry.folder + entry.name, attributesOf)) return 'yes';
    }
    return outlook.isOpen ? 'no' : 'never';
  }
}

/** `tree-walk.c`, "do_match". */
function matchItem(item: PathspecItem, entry: PathspecEntry, outlook: Outlook): Match {
  const { folder } = entry;
  const { pattern } = item;
  if (folder.length >= pattern.length) {
    return isBelowPattern(item, folder) ? 'all' : matchWildcards(item, entry);
  }
  if (folder === '' || equalsStart(item, folder, folder.length)) return matchInFolder(item, entry, outlook);
  return matchWildcards(item, entry);
}

/** The folder is, or lies in, what the pattern names. */
function isBelowPattern(item: PathspecItem, folder: string): boolean {
  const { length } = item.pattern;
  return equalsStart(item, folder, length) && (length === 0 || folder[length] === '/' || item.pattern.endsWith('/'));
}

/** The pattern begins with the folder. */
function matchInFolder(item: PathspecItem, entry: PathspecEntry, outlook: Outlook): Match {
  const { folder, name, kind } = entry;
  const rest = item.pattern.slice(folder.length);
  if (leadsTo(item, rest, entry, outlook)) return 'yes';
  if (item.literalLength === item.pattern.length) return 'no';
  return matchesGlob(item, rest, name, item.literalLength - folder.length) || kind === 'folder' ? 'yes' : 'no';
}

/** The pattern is the entry, or leads through it: `tree-walk.c`, "match_entry". */
function leadsTo(item: PathspecItem, rest: string, { name, kind }: PathspecEntry, outlook: Outlook): boolean {
  if (item.ignoreCase) outlook.isOpen = true;
  else if (!outlook.isOpen) {
    const common = Math.min(rest.length, name.length);
    if (rest.slice(0, common) < name.slice(0, common)) return false;
    outlook.isOpen = true;
  }
  if (name.length > rest.length) return false;
  if (rest.length > name.length) {
    if (rest[name.length] !== '/') return false;
    // A submodule may have a slash behind its name, and nothing else.
    if (kind === 'file' || (kind === 'submodule' && rest.length > name.length + 1)) return false;
  }
  return equals(item, rest.slice(0, name.length), name);
}

/** The folder does not begin as the pattern does, or is deeper; stars may match it nevertheless. */
function matchWildcards(item: PathspecItem, { folder, name, kind }: PathspecEntry): Match {
  const { literalLength, pattern } = item;
  if (literalLength === pattern.length) return 'no';
  if (!equalsStart(item, folder, Math.min(folder.length, literalLength))) return 'no';
  return matchesGlob(item, pattern, folder + name, literalLength) || kind === 'folder' ? 'yes' : 'no';
}

/** `dir.c`, "match_pathspec_item", for a folder. */
function isFolderMeant(item: PathspecItem, path: string): boolean {
  const { pattern, literalLength, prefixLength, ignoreCase } = item;
  if (ignoreCase && pattern.slice(0, prefixLength) !== path.slice(0, prefixLength)) return false;
  if (pattern === '') return true;
  const { length } = pattern;
  if (length <= path.length && equals(item, pattern, path.slice(0, length))) {
    if (length === path.length || pattern.endsWith('/') || path[length] === '/') return true;
  } else if (pattern.endsWith('/') && path.length === length - 1 && equals(item, pattern.slice(0, -1), path)) {
    return true;
  }
  return literalLength < length && matchesGlob(item, pattern, path, literalLength);
}

/** What stands for itself is compared as such, so that stars behind it count as the pattern's first: `dir.c`, "git_fnmatch". */
function matchesGlob(item: PathspecItem, pattern: string, text: string, literalLength: number): boolean {
  const start = Math.max(0, literalLength);
  if (!equals(item, pattern.slice(0, start), text.slice(0, start))) return false;
  const [glob, rest] = [pattern.slice(start), text.slice(start)];
  if (!item.isOneStar) return wildmatch(glob, rest, item);
  const end = glob.slice(1);
  return rest.length >= end.length && equals(item, end, rest.slice(rest.length - end.length));
}

function hasAttributes({ attributes }: PathspecItem, path: string, attributesOf: AttributesOf): boolean {
  if (attributes.length === 0) return true;
  const found = attributesOf(path);
  return attributes.every(({ name, state }) => {
    const value = found.get(name) ?? 'unspecified';
    if (typeof value === 'object') return typeof state === 'object' && value.text === state.text;
    return value === state;
  });
}

/** Whether a path begins as the pattern does. */
function equalsStart(item: PathspecItem, path: string, length: number): boolean {
  const { pattern, prefixLength } = item;
  const exact = item.ignoreCase ? Math.min(length, prefixLength) : 0;
  if (pattern.slice(0, exact) !== path.slice(0, exact)) return false;
  return equals(item, pattern.slice(exact, length), path.slice(exact, length));
}

function equals({ ignoreCase }: PathspecItem, one: string, other: string): boolean {
  return one === other || (ignoreCase && foldAscii(one) === foldAscii(other));
}

function foldAscii(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
