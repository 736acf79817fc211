/**
 * Highlighted files and rendered Markdown, made in worker threads and kept in memory. Whatever the text does to a grammar or
 * a parser, the caller has an answer soon: plain text takes the place of what is too large, takes too long or breaks.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import { limits } from '#limits.ts';
import { WorkerPool } from '#worker-pool.ts';
import { workerUrl } from '#worker-url.ts';
import { escapeHtml, type SafeHtml, trustHtml } from './escape.ts';
import { plainLines } from './lines.ts';
import type { MarkdownBase } from './markdown-links.ts';
import type { TextJob, TextJobResult } from './text-job.ts';

export interface HighlightRequest {
  /** Id of the blob that holds the text: with the language, the key under which the result is kept. */
  readonly blobId: string;
  readonly text: string;
  /** From `language.ts`; undefined for files that are shown plain. */
  readonly languageId: string | undefined;
}

export interface HighlightedLines {
  /** One piece of HTML for each line of the text, line ends left out. */
  readonly lines: readonly SafeHtml[];
  /** False while the colours are still being made: the lines are plain, and a later request gets the coloured ones. */
  readonly isFinal: boolean;
}

export interface MarkdownRequest {
  readonly blobId: string;
  readonly text: string;
  readonly base: MarkdownBase | undefined;
}

const WORKER_ENTRY = workerUrl('web/text/text-worker');

export class TextRenderer {
  readonly #threads: WorkerPool<TextJob, TextJobResult>;
  readonly #pending = new Map<string, Promise<TextJobResult>>();
  readonly #results = new LRUCache<string, TextJobResult>({
    maxSize: limits.textCacheMaxBytes,
    sizeCalculation: resultSizeBytes,
  });
  #closed = false;

  constructor(options: { workersMax?: number } = {}) {
    this.#threads = new WorkerPool({
      entry: WORKER_ENTRY,
      workersMax: options.workersMax ?? limits.textWorkersMax,
      queueMax: limits.textQueueMax,
      jobTimeoutMs: limits.textJobTimeoutMs,
      heapMaxMib: limits.textWorkerMaxMib,
    });
  }

  /** @param waitMs after which the lines come plain */
  async highlight(request: HighlightRequest, waitMs: number = limits.highlightWaitMs): Promise<HighlightedLines> {
    const { blobId, text, languageId } = request;
    if (languageId === undefined || text.length > limits.highlightMaxBytes) return final(plainLines(text));
    const rendering = this.#render(`${languageId} ${blobId}`, { kind: 'highlight', text, languageId });
    const result = await Promise.race([rendering, sleep(waitMs, undefined, { ref: false })]);
    if (result === undefined) return { lines: plainLines(text), isFinal: false };
    return final(result.kind === 'lines' ? result.lines : plainLines(text));
  }

  /** Starts a worker and has it load what every text needs, so that the first reader does not wait for it. */
  async warmUp(): Promise<void> {
    const text = '```c\nint warm;\n```\n';
    await this.#render('warm-up', { kind: 'markdown', text, base: undefined });
  }

  /** @returns the document's HTML, sanitised */
  async markdown(request: MarkdownRequest): Promise<SafeHtml> {
    const { blobId, text, base } = request;
    if (text.length > limits.markdownMaxBytes) return plainDocument(text);
    const result = await this.#render(`${blobId} ${base?.blobFolder}`, { kind: 'markdown', text, base });
    return result.kind === 'html' ? result.html : plainDocument(text);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#threads.close();
  }

  async #render(key: string, job: TextJob): Promise<TextJobResult> {
    const known = this.#results.get(key) ?? this.#pending.get(key);
    if (known !== undefined) return known;
    const pending = this.#run(job).finally(() => this.#pending.delete(key));
    this.#pending.set(key, pending);
    const result = await pending;
    // A failure is kept too: the same text would fail again, at the same cost.
    if (!this.#closed) this.#results.set(key, result);
    return result;
  }

  async #run(job: TextJob): Promise<TextJobResult> {
    const outcome = await this.#threads.run(job);
    return outcome.kind === 'done' ? outcome.result : outcome;
  }
}

function final(lines: readonly SafeHtml[]): HighlightedLines {
  return { lines, isFinal: true };
}

function plainDocument(text: string): SafeHtml {
  return trustHtml(`<pre>${escapeHtml(text)}</pre>`);
}

function resultSizeBytes(result: TextJobResult): number {
  if (result.kind === 'html') return result.html.length + 1;
  return result.kind === 'lines' ? result.lines.reduce((total, line) => total + line.length + 16, 1) : 1;
}
