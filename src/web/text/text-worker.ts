/** Worker thread of `text-renderer.ts`: renders one text at a time, and is ended from outside when it takes too long. */
import { parentPort } from 'node:worker_threads';
import type { SafeHtml } from './escape.ts';
import { Highlighter } from './highlight.ts';
import { languageOfFence } from './language.ts';
import { fenceInfos, renderMarkdown } from './markdown.ts';
import type { TextJob, TextJobResult } from './text-job.ts';

let highlighter: Promise<Highlighter> | undefined;

parentPort?.on('message', async (job: TextJob) => {
  parentPort?.postMessage(
    await run(job).catch((error: unknown): TextJobResult => ({ kind: 'failed', reason: String(error) })),
  );
});

async function run(job: TextJob): Promise<TextJobResult> {
  highlighter ??= Highlighter.create();
  const loaded = await highlighter;
  return job.kind === 'highlight' ? highlight(loaded, job) : markdown(loaded, job);
}

async function highlight(loaded: Highlighter, job: TextJob & { kind: 'highlight' }): Promise<TextJobResult> {
  if (!(await loaded.load(job.languageId))) return { kind: 'failed', reason: `no grammar ${job.languageId}` };
  return { kind: 'lines', lines: loaded.highlightLines(job.text, job.languageId) };
}

async function markdown(loaded: Highlighter, job: TextJob & { kind: 'markdown' }): Promise<TextJobResult> {
  const languageIds = new Set(fenceInfos(job.text).flatMap((info) => languageOfFence(info)?.id ?? []));
  for (const languageId of languageIds) await loaded.load(languageId);
  const highlightFence = (code: string, info: string): readonly SafeHtml[] | undefined => {
    const language = languageOfFence(info);
    return language !== undefined && languageIds.has(language.id)
      ? loaded.highlightLines(code, language.id)
      : undefined;
  };
  return { kind: 'html', html: renderMarkdown(job.text, job.base, highlightFence) };
}
