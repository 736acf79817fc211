/**
 * `npm run bench [-- --s3] [-- --rounds=5]`: our server beside `git http-backend`, on the same machine, in the same run, in alternation.
 * `README.md` says what is measured and how to repeat it.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import type { BenchServer } from './bench-server.ts';
import { type BenchForge, startForge } from './forge-server.ts';
import { run } from './git-client.ts';
import { type InputRepository, openInput } from './input-repository.ts';
import { probePage } from './page-latency.ts';
import { startPeer } from './peer-server.ts';
import { type MemoryUse, watchMemory } from './process-memory.ts';
import { describeMachine, formatSeconds, formatTable, median, quantile } from './report.ts';
import { makeCommit, openWorkRepository, Scenario } from './scenario.ts';

const OPERATIONS = ['push everything', 'clone', 'bytes of a clone', 'push one commit', 'fetch one commit'] as const;
type Operation = (typeof OPERATIONS)[number];

/** How often the small operations are timed in a round: they take tenths of a second, of which one says little. */
const SMALL_REPEATS = 7;

interface Measurements {
  readonly seconds: Record<Operation, number[]>;
  readonly memory: Partial<Record<Operation, MemoryUse[]>>;
}

await main();

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { s3: { type: 'boolean', default: false }, rounds: { type: 'string', default: '3' } },
  });
  const rounds = Number(values.rounds);
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new Error(`--rounds is "${values.rounds}", which is no number of rounds`);
  const folder = await mkdtemp(path.join(process.env['BENCH_FOLDER'] ?? os.tmpdir(), 'opencodehub-bench-'));
  try {
    const input = await openInput(folder, process.env['BENCH_REPOSITORY']);
    await using peer = await startPeer(path.join(folder, 'peer'));
    const storage = values.s3 ? 's3' : 'embedded';
    await using forge = await startForge(path.join(folder, 'forge'), storage);
    await using fast = await startForge(path.join(folder, 'fast'), storage, 'fast');
    await compare(folder, input, forge, fast, peer, rounds);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function compare(
  folder: string,
  input: InputRepository,
  forge: BenchForge,
  fast: BenchForge,
  peer: BenchServer,
  rounds: number,
): Promise<void> {
  await printSetting(input, rounds);
  const [ours, theirs] = [forge, peer].map((server, index) => ({
    scenario: new Scenario(server, path.join(folder, index === 0 ? 'forge' : 'peer'), input.folder),
    measured: emptyMeasurements(),
  })) as [Contestant, Contestant];
  const work = await openWorkRepository(folder, input.folder);
  for (const { scenario } of [ours, theirs]) await scenario.prepare();
  const fastPushes = new Scenario(fast, path.join(folder, 'fast'), input.folder);
  const fastSeconds: number[] = [];
  for (let round = 0; round < rounds; round++) {
    // Who goes first takes turns, for the second finds the input in the page cache.
    const order = round % 2 === 0 ? [ours, theirs] : [theirs, ours];
    const compareAt = async (operation: Operation, perform: (scenario: Scenario) => Promise<number>) => {
      for (const { scenario, measured } of order) {
        const watched = scenario === ours.scenario ? forge.processId : undefined;
        await measure(measured, operation, watched, () => perform(scenario));
      }
    };
    await compareAt('push everything', (scenario) => scenario.push());
    await compareAt('clone', (scenario) => scenario.clone());
    await compareAt('bytes of a clone', (scenario) => scenario.fetchBytes());
    for (let repeat = 0; repeat < SMALL_REPEATS; repeat++) {
      const commitId = await makeCommit(work, round * SMALL_REPEATS + repeat);
      await compareAt('push one commit', (scenario) => scenario.pushCommit(work, commitId));
      await compareAt('fetch one commit', (scenario) => scenario.fetchCommit());
    }
    fastSeconds.push(await fastPushes.push());
    console.error(`round ${round + 1} of ${rounds} done`);
  }
  printComparison(ours, theirs, fastSeconds);
  printMemory(ours.measured);
  await printLatency(forge, ours.scenario);
}

interface Contestant {
  readonly scenario: Scenario;
  readonly measured: Measurements;
}

function emptyMeasurements(): Measurements {
  const seconds = Object.fromEntries(OPERATIONS.map((operation) => [operation, []])) as never;
  return { seconds, memory: {} };
}

/** @param processId of the server whose memory is watched */
async function measure(
  measured: Measurements,
  operation: Operation,
  processId: number | undefined,
  perform: () => Promise<number>,
): Promise<void> {
  const work = async () => measured.seconds[operation].push(await perform());
  if (processId === undefined) {
    await work();
    return;
  }
  const use = await watchMemory(processId, work);
  if (use) measured.memory[operation] = [...(measured.memory[operation] ?? []), use];
}

async function printSetting(input: InputRepository, rounds: number): Promise<void> {
  console.log(`Input     ${input.description}`);
  console.log(`Machine   ${describeMachine()}`);
  console.log(`Load      ${os.loadavg()[0]?.toFixed(2)} before the start`);
  console.log(`Versions  Node ${process.version}, ${await run('git', ['--version'])}`);
  console.log(`Rounds    ${rounds}; medians, with the least and the most\n`);
}

/** @param fastSeconds of pushes to our server with GIT_SHA1=fast */
function printComparison(ours: Contestant, theirs: Contestant, fastSeconds: readonly number[]): void {
  const header = ['', ours.scenario.server.name, theirs.scenario.server.name, 'ratio'];
  const rows = OPERATIONS.map((operation) => {
    const [own, other] = [ours.measured.seconds[operation], theirs.measured.seconds[operation]];
    return [operation, formatSeconds(own), formatSeconds(other), (median(own) / median(other)).toFixed(2)];
  });
  const pushes = theirs.measured.seconds['push everything'];
  const fastRatio = (median(fastSeconds) / median(pushes)).toFixed(2);
  rows.splice(1, 0, ['the same, GIT_SHA1=fast', formatSeconds(fastSeconds), formatSeconds(pushes), fastRatio]);
  console.log(`${formatTable([header, ...rows])}\n`);
}

function printMemory({ memory }: Measurements): void {
  const rows = OPERATIONS.flatMap((operation) => {
    const uses = memory[operation];
    if (!uses) return [];
    const peak = Math.max(...uses.map((use) => use.peakMib));
    const growth = Math.max(...uses.map((use) => use.peakMib - use.beforeMib));
    return [[operation, `${peak.toFixed(0)} MiB`, `${growth.toFixed(0)} MiB`]];
  });
  if (rows.length > 0) console.log(`${formatTable([['our process (RSS)', 'peak', 'growth'], ...rows])}\n`);
}

async function printLatency(forge: BenchForge, scenario: Scenario): Promise<void> {
  const page = `${forge.url}/ada/main`;
  await fetch(page);
  const latencies = await probePage(page, () => scenario.push());
  const cells = [0.5, 0.95, 1].map((share) => `${quantile(latencies, share).toFixed(0)} ms`);
  const header = [`repository page during a push (${latencies.length} requests)`, 'p50', 'p95', 'max'];
  console.log(formatTable([header, ['', ...cells]]));
}
