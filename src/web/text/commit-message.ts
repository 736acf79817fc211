/** Messages of commits and tags: plain text, with its web addresses made links. */
import { escapeHtml, type SafeHtml, trustHtml } from './escape.ts';

const URL_IN_TEXT = /\bhttps?:\/\/[^\s<>"'`]+[^\s<>"'`.,:;!?)\]}]/g;

/** Plain text with its web addresses made links. Line ends stay; the style sheet keeps them. */
export function linkifyText(text: string): SafeHtml {
  let html = '';
  let position = 0;
  for (const match of text.matchAll(URL_IN_TEXT)) {
    const url = escapeHtml(match[0]);
    html += `${escapeHtml(text.slice(position, match.index))}<a href="${url}" rel="nofollow noopener">${url}</a>`;
    position = match.index + match[0].length;
  }
  return trustHtml(html + escapeHtml(text.slice(position)));
}
