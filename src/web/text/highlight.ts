/**
 * Syntax highlighting: source text in, one piece of HTML a line out. Grammars are TextMate's by way of Shiki; its themes are
 * replaced by a single one of ours whose "colours" are the numbers of classes, so that colour stays in the style sheet and
 * the pages need no inline styles.
 *
 * Runs in a worker thread (`text-worker.ts`): grammars are regular expressions on hostile input.
 */
import { createHighlighterCore, type HighlighterCore, type LanguageInput } from 'shiki/core';
import { createOnigurumaEngine } from 'shiki/engine/oniguruma';
import { bundledLanguages } from 'shiki/langs';
import { limits } from '#limits.ts';
import { escapeCode, type SafeHtml, trustHtml } from './escape.ts';
import { TOKEN_CLASSES } from './token-class.ts';

const PLAIN_COLOR = '#000000';
const THEME = {
  name: 'classes',
  type: 'light' as const,
  settings: [
    { settings: { foreground: PLAIN_COLOR, background: '#ffffff' } },
    ...TOKEN_CLASSES.map(([, scopes], index) => ({ scope: [...scopes], settings: { foreground: colorOf(index) } })),
  ],
};
const CLASS_OF_COLOR = new Map(TOKEN_CLASSES.map(([className], index) => [colorOf(index), className]));

export class Highlighter {
  readonly #core: HighlighterCore;

  private constructor(core: HighlighterCore) {
    this.#core = core;
  }

  static async create(): Promise<Highlighter> {
    const engine = createOnigurumaEngine(import('shiki/wasm'));
    return new Highlighter(await createHighlighterCore({ themes: [THEME], langs: [], engine }));
  }

  /** Loads a grammar and those it embeds. @returns false when there is none of that id */
  async load(languageId: string): Promise<boolean> {
    if (this.#core.getLoadedLanguages().includes(languageId)) return true;
    if (!Object.hasOwn(bundledLanguages, languageId)) return false;
    await this.#core.loadLanguage(bundledLanguages[languageId as keyof typeof bundledLanguages] as LanguageInput);
    return true;
  }

  /** @param languageId loaded before @returns one piece for each line of `text`, line ends left out */
  highlightLines(text: string, languageId: string): SafeHtml[] {
    const lines = this.#core.codeToTokensBase(text.replace(/\r?\n$/, ''), {
      lang: languageId,
      theme: THEME.name,
      tokenizeMaxLineLength: limits.highlightLineMaxLength,
      tokenizeTimeLimit: limits.highlightLineMaxMs,
    });
    return lines.map(lineHtml);
  }
}

function lineHtml(tokens: readonly { content: string; color?: string }[]): SafeHtml {
  let html = '';
  let openClass: string | undefined;
  for (const token of tokens) {
    const className = token.content.trim() === '' ? openClass : CLASS_OF_COLOR.get(token.color?.toLowerCase() ?? '');
    if (className !== openClass) {
      if (openClass !== undefined) html += '</i>';
      if (className !== undefined) html += `<i class="${className}">`;
      openClass = className;
    }
    html += escapeCode(token.content);
  }
  return trustHtml(openClass === undefined ? html : `${html}</i>`);
}

function colorOf(classIndex: number): string {
  return `#0000${(classIndex + 1).toString(16).padStart(2, '0')}`;
}
