/** The text behind the second `@@` of a hunk: the function or section that it is in. */
import { utf8PrefixLength } from '#bytes/utf8.ts';
import type { TextLines } from './text-lines.ts';

/** git cuts the heading there, and again before a character that is not whole. */
const HEADING_MAX_BYTES = 80;

/**
 * git's default rule for headings: the last line above the hunk that begins with a letter, `_` or `$` — gitattributes(5),
 * "Defining a custom hunk-header". A hunk without one of its own keeps the one before.
 */
export class HeadingSearch {
  readonly #text: TextLines;
  #searchedTo = 0;
  #heading: Uint8Array = new Uint8Array(0);

  constructor(text: TextLines) {
    this.#text = text;
  }

  /** @param line never before that of the previous call */
  above(line: number): Uint8Array {
    for (let candidate = line - 1; candidate >= this.#searchedTo; candidate--) {
      const start = this.#text.startOf(candidate);
      if (!isHeadingStart(this.#text.bytes[start] as number)) continue;
      this.#heading = headingText(
        this.#text.bytes,
        start,
        Math.min(this.#text.endOf(candidate), start + HEADING_MAX_BYTES),
      );
      break;
    }
    this.#searchedTo = Math.max(line, 0);
    return this.#heading;
  }
}

function isHeadingStart(byte: number): boolean {
  const folded = byte | 0x20;
  return (folded >= 0x61 && folded <= 0x7a) || byte === 0x5f || byte === 0x24;
}

function headingText(bytes: Uint8Array, start: number, end: number): Uint8Array {
  let trimmedEnd = end;
  while (trimmedEnd > start && isBlank(bytes[trimmedEnd - 1] as number)) trimmedEnd--;
  return bytes.subarray(start, start + utf8PrefixLength(bytes.subarray(start, trimmedEnd)));
}

/** What git's own isspace() knows: TAB, LF, CR and SP. */
function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0d;
}
