/**
 * The one place where text becomes HTML. A `SafeHtml` was escaped or sanitised by this folder; pages put no other string
 * into a document unescaped (`components/SafeMarkup.astro` takes nothing else).
 */
declare const safeBrand: unique symbol;

export type SafeHtml = string & { readonly [safeBrand]: true };

const ENTITY: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

/**
 * Characters that change the order in which neighbours are shown, or show nothing: source text that uses them can read
 * differently from what a compiler sees (CVE-2021-42574).
 */
const DECEPTIVE = /[\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]/gu;

/** Escapes for element content and for attribute values in either kind of quotes. */
export function escapeHtml(text: string): SafeHtml {
  return trustHtml(/[&<>"']/.test(text) ? text.replace(/[&<>"']/g, (character) => ENTITY[character] ?? '') : text);
}

/** Escapes source text; characters that would deceive the reader become visible marks with their code point. */
export function escapeCode(text: string): SafeHtml {
  const escaped = escapeHtml(text);
  return trustHtml(escaped.search(DECEPTIVE) < 0 ? escaped : escaped.replace(DECEPTIVE, visibleMark));
}

/** Declares that `html` consists of escaped or sanitised pieces alone. For this folder's use. */
export function trustHtml(html: string): SafeHtml {
  return html as SafeHtml;
}

function visibleMark(character: string): string {
  const codePoint = `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`;
  return `<span class="hidden-character" title="Hidden character ${codePoint}">${codePoint}</span>`;
}
