/** What passes between `text-renderer.ts` and its worker threads. */
import type { SafeHtml } from './escape.ts';
import type { MarkdownBase } from './markdown-links.ts';

export type TextJob =
  | { readonly kind: 'highlight'; readonly text: string; readonly languageId: string }
  | { readonly kind: 'markdown'; readonly text: string; readonly base: MarkdownBase | undefined };

export type TextJobResult =
  | { readonly kind: 'lines'; readonly lines: readonly SafeHtml[] }
  | { readonly kind: 'html'; readonly html: SafeHtml }
  | { readonly kind: 'failed'; readonly reason: string };
