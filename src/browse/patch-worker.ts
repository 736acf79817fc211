/** Worker thread of `patch-threads.ts`: compares one pair of texts at a time, and is ended from outside when it takes too long. */
import { parentPort } from 'node:worker_threads';
import type { PatchJob } from './patch-job.ts';
import { patchWithin } from './patch-within.ts';

parentPort?.on('message', (job: PatchJob) => parentPort?.postMessage(patchWithin(job)));
