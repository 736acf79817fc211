/**
 * How many columns text takes, and breaking it into lines, as git does for its placeholders — `utf8.c`. Texts are byte strings
 * of UTF-8.
 */

/** What one character is: its bytes and its columns, which are -1 for a control character. */
export interface Glyph {
  readonly lengthBytes: number;
  readonly columns: number;
}

/** Spaces to git: no form feed and no vertical tab. */
export const SPACE = /[ \t\n\r]/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
const ESCAPE_SEQUENCE = /\x1b\[[0-9;]*m/y;
const LETTER_OR_DIGIT = /[0-9A-Za-z]/;
const WELL_FORMED =
  /[\0-\x7f]|[\xc2-\xdf][\x80-\xbf]|(?:\xe0[\xa0-\xbf]|[\xe1-\xec\xee\xef][\x80-\xbf]|\xed[\x80-\x9f])[\x80-\xbf]|(?:\xf0[\x90-\xbf]|[\xf1-\xf3][\x80-\xbf]|\xf4[\x80-\x8f])[\x80-\xbf]{2}/y;
/** U+FFFE and U+FFFF, which git takes for no characters. */
const NO_CHARACTERS = /^\xef\xbf[\xbe\xbf]$/;
const ZERO_WIDTH = /[\p{Mn}\p{Me}\p{Cf}\u1160-\u11ff\u200b]/u;
const SOFT_HYPHEN = 0xad;

/** First and last of each range of characters that are wide or full-width: Unicode's EastAsianWidth.txt. */
// biome-ignore format: two numbers a range, and many of them
const WIDE = [
  0x1100, 0x115f, 0x231a, 0x231b, 0x2329, 0x232a, 0x23e9, 0x23ec, 0x23f0, 0x23f0, 0x23f3, 0x23f3, 0x25fd, 0x25fe,
  0x2614, 0x2615, 0x2648, 0x2653, 0x267f, 0x267f, 0x2693, 0x2693, 0x26a1, 0x26a1, 0x26aa, 0x26ab, 0x26bd, 0x26be,
  0x26c4, 0x26c5, 0x26ce, 0x26ce, 0x26d4, 0x26d4, 0x26ea, 0x26ea, 0x26f2, 0x26f3, 0x26f5, 0x26f5, 0x26fa, 0x26fa,
  0x26fd, 0x26fd, 0x2705, 0x2705, 0x270a, 0x270b, 0x2728, 0x2728, 0x274c, 0x274c, 0x274e, 0x274e, 0x2753, 0x2755,
  0x2757, 0x2757, 0x2795, 0x2797, 0x27b0, 0x27b0, 0x27bf, 0x27bf, 0x2b1b, 0x2b1c, 0x2b50, 0x2b50, 0x2b55, 0x2b55,
  0x2e80, 0x2e99, 0x2e9b, 0x2ef3, 0x2f00, 0x2fd5, 0x2ff0, 0x2ffb, 0x3000, 0x303e, 0x3041, 0x3096, 0x3099, 0x30ff,
  0x3105, 0x312f, 0x3131, 0x318e, 0x3190, 0x31e3, 0x31f0, 0x321e, 0x3220, 0x3247, 0x3250, 0x4dbf, 0x4e00, 0xa48c,
  0xa490, 0xa4c6, 0xa960, 0xa97c, 0xac00, 0xd7a3, 0xf900, 0xfaff, 0xfe10, 0xfe19, 0xfe30, 0xfe52, 0xfe54, 0xfe66,
  0xfe68, 0xfe6b, 0xff01, 0xff60, 0xffe0, 0xffe6, 0x16fe0, 0x16fe4, 0x16ff0, 0x16ff1, 0x17000, 0x187f7,
  0x18800, 0x18cd5, 0x18d00, 0x18d08, 0x1aff0, 0x1aff3, 0x1aff5, 0x1affb, 0x1affd, 0x1affe, 0x1b000, 0x1b122,
  0x1b150, 0x1b152, 0x1b164, 0x1b167, 0x1b170, 0x1b2fb, 0x1f004, 0x1f004, 0x1f0cf, 0x1f0cf, 0x1f18e, 0x1f18e,
  0x1f191, 0x1f19a, 0x1f200, 0x1f202, 0x1f210, 0x1f23b, 0x1f240, 0x1f248, 0x1f250, 0x1f251, 0x1f260, 0x1f265,
  0x1f300, 0x1f320, 0x1f32d, 0x1f335, 0x1f337, 0x1f37c, 0x1f37e, 0x1f393, 0x1f3a0, 0x1f3ca, 0x1f3cf, 0x1f3d3,
  0x1f3e0, 0x1f3f0, 0x1f3f4, 0x1f3f4, 0x1f3f8, 0x1f43e, 0x1f440, 0x1f440, 0x1f442, 0x1f4fc, 0x1f4ff, 0x1f53d,
  0x1f54b, 0x1f54e, 0x1f550, 0x1f567, 0x1f57a, 0x1f57a, 0x1f595, 0x1f596, 0x1f5a4, 0x1f5a4, 0x1f5fb, 0x1f64f,
  0x1f680, 0x1f6c5, 0x1f6cc, 0x1f6cc, 0x1f6d0, 0x1f6d2, 0x1f6d5, 0x1f6d7, 0x1f6dd, 0x1f6df, 0x1f6eb, 0x1f6ec,
  0x1f6f4, 0x1f6fc, 0x1f7e0, 0x1f7eb, 0x1f7f0, 0x1f7f0, 0x1f90c, 0x1f93a, 0x1f93c, 0x1f945, 0x1f947, 0x1f9ff,
  0x1fa70, 0x1fa74, 0x1fa78, 0x1fa7c, 0x1fa80, 0x1fa86, 0x1fa90, 0x1faac, 0x1fab0, 0x1faba, 0x1fac0, 0x1fac5,
  0x1fad0, 0x1fad9, 0x1fae0, 0x1fae7, 0x1faf0, 0x1faf6, 0x20000, 0x2fffd, 0x30000, 0x3fffd,
];

/** @returns undefined when the bytes at `offset` are no character */
export function glyphAt(text: string, offset: number): Glyph | undefined {
  WELL_FORMED.lastIndex = offset;
  const bytes = WELL_FORMED.exec(text)?.[0];
  if (bytes === undefined || NO_CHARACTERS.test(bytes)) return undefined;
  const code = bytes.length === 1 ? bytes.charCodeAt(0) : codePointOf(bytes);
  return { lengthBytes: bytes.length, columns: columnsOf(code) };
}

function codePointOf(bytes: string): number {
  return Buffer.from(bytes, 'latin1').toString('utf8').codePointAt(0) as number;
}

function columnsOf(code: number): number {
  if (code === 0) return 0;
  if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return -1;
  if (code < 0x300) return 1;
  if (code !== SOFT_HYPHEN && ZERO_WIDTH.test(String.fromCodePoint(code))) return 0;
  return isWide(code) ? 2 : 1;
}

function isWide(code: number): boolean {
  let low = 0;
  let high = WIDE.length / 2 - 1;
  while (low <= high) {
    const middle = (low + high) >>> 1;
    if (code < (WIDE[2 * middle] as number)) high = middle - 1;
    else if (code > (WIDE[2 * middle + 1] as number)) low = middle + 1;
    else return true;
  }
  return false;
}

/** Whether each byte takes a column. */
export function isPlain(text: string): boolean {
  return /^[ -~]*$/.test(text);
}

/** Colours take no columns. */
function escapeLength(text: string, offset: number): number {
  ESCAPE_SEQUENCE.lastIndex = offset;
  return ESCAPE_SEQUENCE.exec(text)?.[0].length ?? 0;
}

/** @returns the number of bytes for what is no UTF-8 */
export function columnsOfText(text: string): number {
  if (isPlain(text)) return text.length;
  let columns = 0;
  let offset = 0;
  while (offset < text.length) {
    const skipped = escapeLength(text, offset);
    if (skipped > 0) {
      offset += skipped;
      continue;
    }
    const glyph = glyphAt(text, offset);
    if (glyph === undefined) return text.length;
    columns += Math.max(0, glyph.columns);
    offset += glyph.lengthBytes;
  }
  return columns;
}

/** Puts something else in the place of so many columns; what is no UTF-8 stays as it is. */
export function replaceColumns(text: string, from: number, count: number, substitute: string): string {
  let result = '';
  let column = 0;
  let isDone = false;
  let offset = 0;
  while (offset < text.length) {
    const skipped = escapeLength(text, offset);
    if (skipped > 0) {
      result += text.slice(offset, offset + skipped);
      offset += skipped;
      continue;
    }
    const glyph = glyphAt(text, offset);
    if (glyph === undefined) return text;
    const columns = Math.max(0, glyph.columns);
    if (columns > 0 && column >= from && column < from + count) {
      if (!isDone) result += substitute;
      isDone = true;
    } else {
      result += text.slice(offset, offset + glyph.lengthBytes);
    }
    column += columns;
    offset += glyph.lengthBytes;
  }
  return result;
}

export interface Wrapping {
  /** 0 keeps the lines as they are. */
  readonly width: number;
  /** Of the first line, and of those after it. */
  readonly indent1: number;
  readonly indent2: number;
}

/** `strbuf_add_wrapped_text`. */
export function wrapText(text: string, wrapping: Wrapping): string {
  // As in C, the text ends at the first NUL.
  const end = text.indexOf('\0');
  const whole = end < 0 ? text : text.slice(0, end);
  if (wrapping.width <= 0) return indentLines(whole, wrapping);
  return new Wrapper(whole, wrapping, 'utf-8').wrap() ?? new Wrapper(whole, wrapping, 'bytes').wrap() ?? '';
}

function indentLines(text: string, { indent1, indent2 }: Wrapping): string {
  return text
    .split(/(?<=\n)/)
    .map((line, index) => (line === '' ? '' : ' '.repeat(index === 0 ? indent1 : indent2) + line))
    .join('');
}

class Wrapper {
  readonly #text: string;
  readonly #wrapping: Wrapping;
  readonly #unit: 'utf-8' | 'bytes';
  readonly #pieces: string[] = [];
  #offset = 0;
  #lineStart = 0;
  /** Where the line could be broken; -1 while there is no such place. */
  #space = -1;
  #column: number;
  #indent: number;

  constructor(text: string, wrapping: Wrapping, unit: 'utf-8' | 'bytes') {
    this.#text = text;
    this.#wrapping = wrapping;
    this.#unit = unit;
    this.#column = wrapping.indent1;
    this.#indent = wrapping.indent1;
  }

  /** @returns undefined when the text is no UTF-8 */
  wrap(): string | undefined {
    for (;;) {
      for (let skipped = 1; skipped > 0; this.#offset += skipped) skipped = escapeLength(this.#text, this.#offset);
      const character = this.#text.charAt(this.#offset);
      if (character === '' || SPACE.test(character)) {
        if (this.#atSpace(character) === 'end') return this.#pieces.join('');
      } else if (!this.#advance()) return undefined;
    }
  }

  #advance(): boolean {
    const glyph = this.#unit === 'bytes' ? { lengthBytes: 1, columns: 1 } : glyphAt(this.#text, this.#offset);
    if (glyph === undefined) return false;
    this.#offset += glyph.lengthBytes;
    this.#column += glyph.columns;
    return true;
  }

  #atSpace(character: string): 'end' | 'on' {
    if (this.#column > this.#wrapping.width && this.#space >= 0) {
      this.#breakLine();
      return 'on';
    }
    if (character === '' && this.#offset === this.#lineStart) return 'end';
    this.#takeWord();
    if (character === '') return 'end';
    this.#space = this.#offset;
    if (character === '\n') {
      this.#space++;
      const next = this.#text.charAt(this.#space);
      if (next === '\n') this.#pieces.push('\n');
      if (!LETTER_OR_DIGIT.test(next)) {
        this.#breakLine();
        return 'on';
      }
      this.#pieces.push(' ');
    } else if (character === '\t') this.#column |= 7;
    this.#column++;
    this.#offset++;
    return 'on';
  }

  #takeWord(): void {
    if (this.#space < 0) this.#pieces.push(' '.repeat(this.#indent));
    this.#pieces.push(this.#text.slice(this.#space < 0 ? this.#lineStart : this.#space, this.#offset));
  }

  #breakLine(): void {
    this.#pieces.push('\n');
    this.#offset = this.#space + (SPACE.test(this.#text.charAt(this.#space)) ? 1 : 0);
    this.#lineStart = this.#offset;
    this.#space = -1;
    this.#indent = this.#wrapping.indent2;
    this.#column = this.#indent;
  }
}
