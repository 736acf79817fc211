/** Worker thread of `text-renderer.ts`: renders one text at a time, and is ended from outside when it takes too long. */
import { parentPort } from 'node:worker_threads';
import { Highlighter } from './highlight.ts';
import { languageOfFence } from './language.ts';
import { type FenceHighlighter, fenceInfos, renderMarkdown } from './markdown.ts';
import type { TextJob, TextJobResult } from './text-job.ts';

/** Made when first needed: a document without code does without. */
let highlighter: Promise<Highlighter> | undefined;

parentPort?.on('message', async (job: TextJob) => {
  parentPort?.postMessage(
    await run(job).catch((error: unknown): TextJobResult => ({ kind: 'failed', reason: String(error) })),
  );
});

function run(job: TextJob): Promise<TextJobResult> {
  return job.kind === 'highlight' ? highlight(job) : markdown(job);
}

async function highlight(job: TextJob & { kind: 'highlight' }): Promise<TextJobResult> {
  const loaded = await loadHighlighter();
  if (!(await loaded.load(job.languageId))) return { kind: 'failed', reason: `no grammar ${job.languageId}` };
  return { kind: 'lines', lines: loaded.highlightLines(job.text, job.languageId) };
}

async function markdown(job: TextJob & { kind: 'markdown' }): Promise<TextJobResult> {
  const languageIds = new Set(fenceInfos(job.text).flatMap((info) => languageOfFence(info)?.id ?? []));
  const highlightFence = languageIds.size === 0 ? undefined : await fenceHighlighter(languageIds);
  return { kind: 'html', html: renderMarkdown(job.text, job.base, highlightFence) };
}

async function fenceHighlighter(languageIds: ReadonlySet<string>): Promise<FenceHighlighter> {
  const loaded = await loadHighlighter();
  for (const languageId of languageIds) await loaded.load(languageId);
  return (code, info) => {
    const language = languageOfFence(info);
    return language !== undefined && languageIds.has(language.id)
      ? loaded.highlightLines(code, language.id)
      : undefined;
  };
}

function loadHighlighter(): Promise<Highlighter> {
  highlighter ??= Highlighter.create();
  return highlighter;
}
