/**
 * Markdown as people write it in repositories: CommonMark with tables, strikethrough, task lists, alerts, footnotes, heading anchors and
 * raw HTML, passed through an allow-list. The sanitiser sees the final HTML, so nothing that a rule here emits is trusted.
 *
 * Runs in a worker thread (`text-worker.ts`), which bounds its time.
 */
import markdownIt, { type StateCore, type Token } from 'markdown-it';
import { escapeHtml, type SafeHtml } from './escape.ts';
import { useFootnotes } from './footnotes.ts';
import type { MarkdownBase } from './markdown-links.ts';
import { sanitizeMarkup } from './sanitize.ts';

/** @returns lines of a fenced block, highlighted; undefined leaves it plain */
export type FenceHighlighter = (code: string, info: string) => readonly SafeHtml[] | undefined;

const ALERT_TITLE: Record<string, string> = {
  NOTE: 'Note',
  TIP: 'Tip',
  IMPORTANT: 'Important',
  WARNING: 'Warning',
  CAUTION: 'Caution',
};

const parser = markdownIt({ html: true, linkify: true });
parser.linkify.set({ fuzzyLink: false, fuzzyEmail: false });
parser.core.ruler.before('inline', 'alert', markAlerts);
parser.core.ruler.before('inline', 'task-list', markTasks);
parser.core.ruler.push('heading-anchor', addHeadingAnchors);
parser.core.ruler.push('cell-alignment', replaceCellStyles);
useFootnotes(parser);
parser.renderer.rules['fence'] = (tokens, index, _options, env) => {
  const token = tokens[index];
  const highlight = env?.['highlightFence'] as FenceHighlighter | undefined;
  const lines = token === undefined ? undefined : highlight?.(token.content, token.info.trim());
  return `<pre><code>${lines?.join('\n') ?? escapeHtml(token?.content ?? '')}</code></pre>\n`;
};

/** @param base where relative links lead; without it they are dropped */
export function renderMarkdown(source: string, base?: MarkdownBase, highlightFence?: FenceHighlighter): SafeHtml {
  return sanitizeMarkup(parser.render(source, { highlightFence }), base);
}

/** The info strings of the document's fenced blocks, so that their grammars can be loaded before it is rendered. */
export function fenceInfos(source: string): string[] {
  return [...source.matchAll(/^[ >\t]*(?:`{3,}|~{3,})[ \t]*([^\s`~]+)/gm)].map((match) => match[1] ?? '');
}

/** A quote whose first line is `[!NOTE]` or one of its kin gets a class and a title in place of that line. */
function markAlerts(state: StateCore): void {
  state.tokens.forEach((token, index) => {
    const inline = state.tokens[index + 2];
    if (token.type !== 'blockquote_open' || inline?.type !== 'inline') return;
    const match = /^\[!([A-Za-z]+)\][ \t]*(?:\n|$)/.exec(inline.content);
    const kind = match?.[1]?.toUpperCase() ?? '';
    const title = ALERT_TITLE[kind];
    if (match === null || title === undefined) return;
    token.attrSet('class', `alert alert-${kind.toLowerCase()}`);
    inline.content = `**${title}**${inline.content.length > match[0].length ? '\n' : ''}${inline.content.slice(match[0].length)}`;
    state.tokens[index + 1]?.attrSet('class', 'alert-body');
  });
}

/** A list item that begins with `[ ]` or `[x]` gets a class; the sanitiser turns `data-task` into a check box. */
function markTasks(state: StateCore): void {
  state.tokens.forEach((token, index) => {
    const inline = state.tokens[index + 2];
    if (token.type !== 'list_item_open' || inline?.type !== 'inline') return;
    const match = /^\[([ xX])\][ \t]+(?=\S)/.exec(inline.content);
    if (match === null) return;
    token.attrSet('class', 'task');
    const checked = match[1] === ' ' ? '' : ' checked';
    inline.content = `<input type="checkbox"${checked}> ${inline.content.slice(match[0].length)}`;
  });
}

/** Ids as GitHub makes them: lower case, punctuation dropped, spaces to hyphens, `-1` and so on after the first. */
function addHeadingAnchors(state: StateCore): void {
  const used = new Map<string, number>();
  state.tokens.forEach((token, index) => {
    if (token.type !== 'heading_open') return;
    const slug = slugOf(state.tokens[index + 1]);
    if (slug === '') return;
    const count = used.get(slug) ?? 0;
    used.set(slug, count + 1);
    token.attrSet('id', count === 0 ? slug : `${slug}-${count}`);
  });
}

function slugOf(heading: Token | undefined): string {
  const text = (heading?.children ?? []).map((child) => (child.type === 'html_inline' ? '' : child.content)).join('');
  return text
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
    .replaceAll(' ', '-');
}

/** The parser aligns cells by inline styles, which our pages forbid. */
function replaceCellStyles(state: StateCore): void {
  for (const token of state.tokens) {
    const alignment = /^text-align:(left|center|right)$/.exec(String(token.attrGet('style') ?? ''))?.[1];
    if (alignment === undefined) continue;
    token.attrs = null;
    token.attrSet('align', alignment);
  }
}
