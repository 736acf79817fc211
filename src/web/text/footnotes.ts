/**
 * Footnotes as GitHub has them: `[^name]` in the text, `[^name]: what it says` anywhere, further paragraphs of it indented by
 * four. They are numbered in the order in which the text names them, and stand at its end; what is never named is left out.
 */
import type { MarkdownIt, StateBlock, StateCore, StateInline } from 'markdown-it';
import { escapeHtml } from './escape.ts';

interface Footnotes {
  /** Source of each, by name. */
  readonly sources: Map<string, string>;
  /** By name, in the order of the numbers. */
  readonly numbers: Map<string, number>;
  /** How often each was named. */
  readonly timesNamed: Map<string, number>;
}

const DEFINITION = /^\[\^([^\s\]]+)\]:[ \t]*(.*)$/;
const REFERENCE = /\[\^([^\s\]]+)\]/y;
const INDENT_COLUMNS = 4;

export function useFootnotes(parser: MarkdownIt): void {
  parser.block.ruler.before('reference', 'footnote-definition', takeDefinition, { alt: ['paragraph'] });
  parser.inline.ruler.before('link', 'footnote-reference', takeReference);
  parser.core.ruler.push('footnotes', appendFootnotes);
}

function footnotesOf(state: { env: Record<string, unknown> }): Footnotes {
  state.env['footnotes'] ??= { sources: new Map(), numbers: new Map(), timesNamed: new Map() } satisfies Footnotes;
  return state.env['footnotes'] as Footnotes;
}

/** Up to the next blank line, and on as long as what follows is indented. */
function takeDefinition(state: StateBlock, startLine: number, endLine: number, isProbe: boolean): boolean {
  const match = DEFINITION.exec(lineOf(state, startLine));
  if (match === null || (state.sCount[startLine] ?? 0) - state.blkIndent >= INDENT_COLUMNS) return false;
  if (isProbe) return true;
  const [, name = '', first = ''] = match;
  const lines = [first];
  let line = startLine + 1;
  for (; line < endLine; line++) {
    if (state.isEmpty(line)) lines.push('');
    else if ((state.sCount[line] ?? 0) - state.blkIndent >= INDENT_COLUMNS)
      lines.push(state.getLines(line, line + 1, state.blkIndent + INDENT_COLUMNS, false));
    else if (lines.at(-1) !== '' && !DEFINITION.test(lineOf(state, line))) lines.push(lineOf(state, line));
    else break;
  }
  const { sources } = footnotesOf(state);
  if (!sources.has(name)) sources.set(name, lines.join('\n'));
  state.line = line;
  return true;
}

function lineOf(state: StateBlock, line: number): string {
  return state.src.slice((state.bMarks[line] ?? 0) + (state.tShift[line] ?? 0), state.eMarks[line]);
}

function takeReference(state: StateInline, isSilent: boolean): boolean {
  REFERENCE.lastIndex = state.pos;
  const match = REFERENCE.exec(state.src);
  const name = match?.[1] ?? '';
  const { sources, numbers, timesNamed } = footnotesOf(state);
  if (match === null || !sources.has(name)) return false;
  if (!isSilent) {
    const number = numbers.get(name) ?? numbers.size + 1;
    numbers.set(name, number);
    const times = (timesNamed.get(name) ?? 0) + 1;
    timesNamed.set(name, times);
    const anchor = escapeHtml(name);
    const token = state.push('html_inline', '', 0);
    token.content = `<sup><a href="#fn-${anchor}" id="${times === 1 ? `fnref-${anchor}` : `fnref-${anchor}-${times}`}">${number}</a></sup>`;
  }
  state.pos += match[0].length;
  return true;
}

/** A footnote may name others, so the list grows while it is written. */
function appendFootnotes(state: StateCore): void {
  const footnotes = footnotesOf(state);
  if (state.env['isFootnote'] === true || footnotes.numbers.size === 0) return;
  const env = { ...state.env, isFootnote: true };
  let items = '';
  for (const name of footnotes.numbers.keys()) {
    const body = state.md.render(footnotes.sources.get(name) ?? '', env).trimEnd();
    const back = ` <a href="#fnref-${escapeHtml(name)}" title="Back to the text">↩</a>`;
    const content = body.endsWith('</p>') ? `${body.slice(0, -'</p>'.length)}${back}</p>` : `${body}${back}`;
    items += `<li id="fn-${escapeHtml(name)}">${content}</li>\n`;
  }
  const token = new state.Token('html_block', '', 0);
  token.content = `<section class="footnotes">\n<ol>\n${items}</ol>\n</section>\n`;
  state.tokens.push(token);
}
