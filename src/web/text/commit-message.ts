/** Commit messages: the subject for lists, and the whole with its links for the commit's page. */
import { escapeHtml, type SafeHtml, trustHtml } from './escape.ts';

export interface CommitMessageParts {
  /** The first paragraph on one line, as `git log --oneline` shows it. */
  readonly subject: string;
  /** What follows the first paragraph; empty when nothing does. */
  readonly body: string;
}

const URL_IN_TEXT = /\bhttps?:\/\/[^\s<>"'`]+[^\s<>"'`.,:;!?)\]}]/g;

export function splitCommitMessage(message: string): CommitMessageParts {
  const text = message.replaceAll('\r\n', '\n').replace(/^\s*\n/, '');
  const end = text.search(/\n[ \t]*\n/);
  const first = end < 0 ? text : text.slice(0, end);
  return {
    subject: first.trim().replace(/\s*\n\s*/g, ' '),
    body:
      end < 0
        ? ''
        : text
            .slice(end)
            .replace(/^\s*\n/, '')
            .trimEnd(),
  };
}

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
