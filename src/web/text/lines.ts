/** Source text as lines. */
import { escapeCode, type SafeHtml } from './escape.ts';

/** Splits at LF and CRLF, as the grammars do; a line end at the end of the text starts no further line. */
export function splitLines(text: string): string[] {
  const lines = text.split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

/** One escaped piece for each line: what highlighting gives, without the colours. */
export function plainLines(text: string): SafeHtml[] {
  return splitLines(text).map(escapeCode);
}
