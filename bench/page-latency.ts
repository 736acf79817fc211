/** How long a page takes while something else goes on: one request at a fixed pace, whether or not earlier ones are answered. */
import { setTimeout as sleep } from 'node:timers/promises';

const INTERVAL_MS = 100;

/** @returns milliseconds of every request made while `work` ran, ascending */
export async function probePage(url: string, work: () => Promise<unknown>): Promise<number[]> {
  const latencies: number[] = [];
  const requests: Promise<unknown>[] = [];
  let failure: unknown;
  let isDone = false;
  const working = work().finally(() => {
    isDone = true;
  });
  while (!isDone) {
    const request = measure(url).then(
      (latency) => latencies.push(latency),
      (error: unknown) => {
        failure ??= error;
      },
    );
    requests.push(request);
    await sleep(INTERVAL_MS);
  }
  await Promise.all([working, ...requests]);
  if (failure !== undefined) throw failure;
  return latencies.sort((a, b) => a - b);
}

async function measure(url: string): Promise<number> {
  const start = performance.now();
  const answer = await fetch(url);
  await answer.arrayBuffer();
  if (!answer.ok) throw new Error(`GET ${url}: ${answer.status}`);
  return performance.now() - start;
}
