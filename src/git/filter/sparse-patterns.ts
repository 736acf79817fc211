/**
 * Patterns of a sparse checkout, as `--filter=sparse:oid=` takes them from a blob: gitignore(5), "PATTERN FORMAT", where a match means that
 * the path is included. They are never in cone mode here, as in git's `list-objects-filter.c`.
 */
import { limits } from '#limits.ts';
import { LimitExceededError } from '../errors.ts';
import { literalLength, wildmatch } from '../path/wildmatch.ts';

/** The path of the root. */
export const NO_DIRECTORY = '';

interface Pattern {
  /** Without the marks around it; bytes as latin1. */
  readonly glob: string;
  readonly excludes: boolean;
  readonly ofDirectories: boolean;
  /** Compared with the name alone. */
  readonly ofNames: boolean;
  /** How much of it comes before the first wildcard. */
  readonly literalBytes: number;
}

export class SparsePatterns {
  /** The last one first: it decides. */
  readonly #patterns: readonly Pattern[];

  /** @throws {LimitExceededError} */
  constructor(text: Uint8Array) {
    this.#patterns = linesOf(text).map(parsePattern).reverse();
    if (this.#patterns.length > limits.sparsePatternsMax) {
      throw new LimitExceededError(`sparse filter has ${this.#patterns.length} patterns`);
    }
  }

  /**
   * @param name of the entry; empty for the root
   * @param directory where it stands, ending with a slash unless it is the root
   * @returns undefined when no pattern is about it: then what holds for its directory holds for it
   */
  match(name: string, directory: string, isDirectory: boolean): boolean | undefined {
    for (const pattern of this.#patterns) {
      if (pattern.ofDirectories && !isDirectory) continue;
      if (isMatch(pattern, pattern.ofNames ? name : directory + name)) return !pattern.excludes;
    }
    return undefined;
  }
}

/** `match_basename` and `match_pathname` of git's `dir.c`: of a path, what comes before the first wildcard is cut off before it is matched. */
function isMatch({ glob, literalBytes, ofNames }: Pattern, text: string): boolean {
  if (literalBytes === glob.length) return glob === text;
  if (ofNames) return wildmatch(glob, text);
  return (
    text.startsWith(glob.slice(0, literalBytes)) &&
    wildmatch(glob.slice(literalBytes), text.slice(literalBytes), { pathname: true })
  );
}

/** `parse_path_pattern` of git's `dir.c`. */
function parsePattern(line: string): Pattern {
  const excludes = line.startsWith('!');
  const marked = excludes ? line.slice(1) : line;
  const ofDirectories = marked.endsWith('/');
  const path = ofDirectories ? marked.slice(0, -1) : marked;
  const ofNames = !path.includes('/');
  const glob = path.startsWith('/') ? path.slice(1) : path;
  // Each star multiplies what one path can cost.
  if (glob.split(/\*+/).length - 1 > limits.sparsePatternStarsMax) {
    throw new LimitExceededError(`sparse pattern "${line.slice(0, 80)}" has too many stars`);
  }
  return { glob, excludes, ofDirectories, ofNames, literalBytes: literalLength(glob) };
}

function linesOf(text: Uint8Array): string[] {
  const lines = Buffer.from(text.buffer, text.byteOffset, text.length)
    .toString('latin1')
    .replace(/^\xef\xbb\xbf/, '')
    .split('\n');
  return lines
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => withoutTrailingSpaces(line.replace(/\r$/, '').replace(/\0.*/s, '')));
}

/** A space that a backslash stands before stays. */
function withoutTrailingSpaces(line: string): string {
  let end = line.length;
  for (let at = 0; at < line.length; at++) {
    if (line[at] === ' ') {
      end = Math.min(end, at);
      continue;
    }
    if (line[at] === '\\') at++;
    end = line.length;
  }
  return line.slice(0, end);
}
