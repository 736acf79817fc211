/**
 * Glob patterns as git matches them — `wildmatch.c`; gitignore(5), "PATTERN FORMAT". Patterns and texts are byte strings: one
 * UTF-16 unit a byte (latin1), since names in git are bytes.
 */

export interface WildmatchOptions {
  /** `*`, `?` and `[]` stop at slashes, and `**` does not: WM_PATHNAME. */
  readonly pathname?: boolean;
  /** Of ASCII letters alone, as in git. */
  readonly ignoreCase?: boolean;
}

/** Steps after which a pattern counts as one that does not match: stars upon stars take exponential time. */
const STEPS_MAX = 100_000;

export function wildmatch(pattern: string, text: string, options: WildmatchOptions = {}): boolean {
  const fold = options.ignoreCase === true;
  const matcher = new Matcher(fold ? lower(pattern) : pattern, fold ? lower(text) : text, options.pathname === true);
  return matcher.match(0, 0) === 'match';
}

/** Whether a byte makes what it stands in a pattern. */
export function isGlobSpecial(character: string | undefined): boolean {
  return character === '*' || character === '?' || character === '[' || character === '\\';
}

/** How many characters of a pattern stand for themselves, before the first that does not. */
export function literalLength(pattern: string): number {
  const found = pattern.search(/[*?[\\]/);
  return found < 0 ? pattern.length : found;
}

/** `abort`: no other choice for an outer star helps; `abort-to-star-star`: only one that may pass a slash does. */
type Outcome = 'match' | 'no-match' | 'abort' | 'abort-to-star-star';

class Matcher {
  readonly #pattern: string;
  readonly #text: string;
  readonly #pathname: boolean;
  #stepsLeft = STEPS_MAX;

  constructor(pattern: string, text: string, pathname: boolean) {
    this.#pattern = pattern;
    this.#text = text;
    this.#pathname = pathname;
  }

  match(patternStart: number, textStart: number): Outcome {
    const pattern = this.#pattern;
    let t = textStart;
    for (let p = patternStart; p < pattern.length; p++, t++) {
      if (--this.#stepsLeft < 0) return 'abort';
      const character = pattern[p] as string;
      if (t >= this.#text.length && character !== '*') return 'abort';
      if (character === '*') {
        const oneFolder = this.#folderStar(p, patternStart, t);
        if (typeof oneFolder === 'string') return oneFolder;
        // The loop steps over the slash.
        p++;
        t = oneFolder;
        continue;
      }
      if (character === '[') {
        const set = matchSet(pattern, p, this.#text[t] as string);
        if (set === undefined) return 'abort';
        if (!set.matched || (this.#pathname && this.#text[t] === '/')) return 'no-match';
        p = set.end;
        continue;
      }
      if (character === '?') {
        if (this.#pathname && this.#text[t] === '/') return 'no-match';
        continue;
      }
      const literal = character === '\\' ? pattern[++p] : character;
      if (literal !== this.#text[t]) return 'no-match';
    }
    return t < this.#text.length ? 'no-match' : 'match';
  }

  /** @returns where the text goes on behind the folder that a lone star before a slash stands for, or the whole outcome */
  #folderStar(star: number, patternStart: number, t: number): Outcome | number {
    const pattern = this.#pattern;
    let rest = star + 1;
    while (pattern[rest] === '*') rest++;
    const isDouble = rest > star + 1;
    const crossesSlash = !this.#pathname || (isDouble && this.#isWholeFolder(star, rest, patternStart));
    if (this.#pathname && isDouble && crossesSlash && pattern[rest] === '/') {
      // `**/` may stand for nothing at all.
      if (this.match(rest + 1, t) === 'match') return 'match';
    }
    if (rest === pattern.length) {
      return !crossesSlash && this.#text.includes('/', t) ? 'abort-to-star-star' : 'match';
    }
    if (!crossesSlash && pattern[rest] === '/' && rest === star + 1) {
      const slash = this.#text.indexOf('/', t);
      return slash < 0 ? 'abort' : slash;
    }
    return this.#tryEach(rest, t, crossesSlash);
  }

  #isWholeFolder(star: number, rest: number, patternStart: number): boolean {
    const pattern = this.#pattern;
    const begins = star === patternStart || pattern[star - 1] === '/';
    const next = pattern[rest];
    return begins && (next === undefined || next === '/' || (next === '\\' && pattern[rest + 1] === '/'));
  }

  #tryEach(rest: number, start: number, crossesSlash: boolean): Outcome {
    const next = this.#pattern[rest] as string;
    for (let t = start; t < this.#text.length; t++) {
      if (!isGlobSpecial(next)) {
        const found = this.#findLiteral(next, t, crossesSlash);
        if (found < 0) return crossesSlash ? 'abort' : 'abort-to-star-star';
        t = found;
      }
      const outcome = this.match(rest, t);
      if (outcome !== 'no-match') {
        if (!crossesSlash || outcome !== 'abort-to-star-star') return outcome;
      } else if (!crossesSlash && this.#text[t] === '/') return 'abort-to-star-star';
      if (this.#stepsLeft < 0) return 'abort';
    }
    return 'abort';
  }

  #findLiteral(literal: string, start: number, crossesSlash: boolean): number {
    const found = this.#text.indexOf(literal, start);
    if (found < 0 || crossesSlash) return found;
    const slash = this.#text.indexOf('/', start);
    return slash >= 0 && slash < found ? -1 : found;
  }
}

const CLASSES: Readonly<Record<string, RegExp>> = {
  alnum: /[A-Za-z0-9]/,
  alpha: /[A-Za-z]/,
  blank: /[ \t]/,
  cntrl: /[^\x20-\x7e\x80-\xff]/,
  digit: /[0-9]/,
  graph: /[\x21-\x7e]/,
  lower: /[a-z]/,
  print: /[\x20-\x7e]/,
  punct: /[!-/:-@[-`{-~]/,
  space: /[ \t\n\v\f\r]/,
  upper: /[A-Z]/,
  xdigit: /[0-9A-Fa-f]/,
};

/** Reads a set such as `[!a-z[:digit:]]`. @returns undefined when it is malformed; `end` is its closing bracket */
function matchSet(pattern: string, start: number, character: string): { matched: boolean; end: number } | undefined {
  let p = start + 1;
  const negated = pattern[p] === '!' || pattern[p] === '^';
  if (negated) p++;
  let matched = false;
  let previous = '';
  do {
    let current = pattern[p];
    if (current === undefined) return undefined;
    const range = pattern[p + 1];
    if (current === '\\') {
      current = pattern[++p];
      if (current === undefined) return undefined;
      if (character === current) matched = true;
    } else if (current === '-' && previous !== '' && range !== undefined && range !== ']') {
      p += range === '\\' ? 2 : 1;
      const high = pattern[p];
      if (high === undefined) return undefined;
      if (character >= previous && character <= high) matched = true;
      current = '';
    } else if (current === '[' && range === ':') {
      const close = pattern.indexOf(']', p + 2);
      if (close < 0) return undefined;
      if (close - 1 > p + 1 && pattern[close - 1] === ':') {
        const named = CLASSES[pattern.slice(p + 2, close - 1)];
        if (named === undefined) return undefined;
        if (named.test(character)) matched = true;
        p = close;
        current = '';
      } else if (character === '[') matched = true;
    } else if (character === current) matched = true;
    previous = current;
    p++;
  } while (pattern[p] !== ']');
  return { matched: matched !== negated, end: p };
}

function lower(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
