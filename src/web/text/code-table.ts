/**
 * A file's lines as HTML. Strings, not components: a file may have 20,000 lines, and a component for each would cost the
 * page a second.
 */
import { type SafeHtml, trustHtml } from './escape.ts';

/** Lines of one block that the browser may skip while it is out of view. */
const BLOCK_LINES = 200;

/**
 * Lines with an anchor `L<number>` each. The number is an attribute that the style sheet shows, so selecting the code does
 * not select it. The links are for the pointer alone: thousands of stops would bar the way of whoever uses the keyboard.
 *
 * @param lines one piece of HTML for each line, from `TextRenderer.highlight`
 * @param isFinal false has the script of the page ask for the coloured lines
 */
export function codeTable(lines: readonly SafeHtml[], isFinal = true): SafeHtml {
  let html = '';
  for (let start = 0; start < lines.length; start += BLOCK_LINES) html += codeBlock(lines, start);
  return trustHtml(`<div class="code-table"${isFinal ? '' : ' data-incomplete'}>${html}</div>`);
}

function codeBlock(lines: readonly SafeHtml[], start: number): string {
  let html = '<div class="code-block">';
  const end = Math.min(start + BLOCK_LINES, lines.length);
  for (let index = start; index < end; index++) {
    const number = index + 1;
    html += `<div class="line" id="L${number}"><a class="line-number" href="#L${number}" data-n="${number}" tabindex="-1" aria-label="Line ${number}"></a><code>${lines[index] || '\n'}</code></div>`;
  }
  return `${html}</div>`;
}
