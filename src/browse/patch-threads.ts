/**
 * Comparing two large texts that have little in common takes seconds. Pairs that are not small are compared in worker
 * threads, which all pages and the API share, and given up when it takes too long.
 */
import { limits } from '#limits.ts';
import { WorkerPool } from '#worker-pool.ts';
import { workerUrl } from '#worker-url.ts';
import type { PatchJob, PatchResult } from './patch-job.ts';
import { patchWithin } from './patch-within.ts';

const threads = new WorkerPool<PatchJob, PatchResult>({
  entry: workerUrl('browse/patch-worker'),
  workersMax: limits.patchWorkersMax,
  queueMax: limits.patchQueueMax,
  jobTimeoutMs: limits.patchTimeoutMs,
  heapMaxMib: limits.patchWorkerMaxMib,
});

/** @returns `too-costly` when the comparison was given up */
export async function comparePatch(job: PatchJob): Promise<PatchResult | { readonly kind: 'too-costly' }> {
  if (job.oldBytes.length + job.newBytes.length <= limits.patchInlineMaxBytes) return patchWithin(job);
  // Copies: what a view lies in would travel whole.
  const copy = { ...job, oldBytes: job.oldBytes.slice(), newBytes: job.newBytes.slice() };
  const outcome = await threads.run(copy);
  return outcome.kind === 'done' ? outcome.result : { kind: 'too-costly' };
}
