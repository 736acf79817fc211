/**
 * kill -9 of the server in the middle of pushes. A push that was acknowledged is there after the restart, one that was refused is not,
 * and one whose answer was cut off is there whole or not at all; the repository is sound, and nothing is left over once leases have expired.
 *
 * CRASH_KILLS makes a long run of it, CRASH_SEED repeats one: the seed is printed. The moments of the kills depend on the machine all the same.
 */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { connectDatabase, type Database } from '#db/client.ts';
import { sweepPacks } from '#repository/pack-sweeper.ts';
import { ScratchRepository } from '../fixtures/scratch-repository.ts';
import { hasS3 } from '../support/bucket.ts';
import { hasDatabase } from '../support/database.ts';
import { ForgeProcess } from '../support/forge-process.ts';
import { embeddedSetting, type ForgeSetting, inFolder, serviceSetting } from '../support/forge-setting.ts';
import { hasRedis } from '../support/redis.ts';

const KILLS = Number(process.env['CRASH_KILLS'] ?? 3);
const SEED = Number(process.env['CRASH_SEED'] ?? randomBytes(4).readUInt32BE());
const TOKEN = 'a-token-of-the-tests-alone';
const MIB = 1024 * 1024;
/** About what the slowest push takes here, so that kills fall on every step of it. */
const KILL_DELAY_MAX_MS = 900;
const TIMEOUT_MS = 60_000 + KILLS * 15_000;

/** What the client was told about a ref: `unknown` when the answer was cut off. */
type Verdict = 'acknowledged' | 'refused' | 'unknown';

describe.skipIf(!hasDatabase)('kill -9 during pushes', () => {
  it(
    'with the embedded default',
    () => inFolder((folder) => crashRepeatedly(folder, embeddedSetting(folder), 1)),
    TIMEOUT_MS,
  );

  describe.skipIf(!(hasS3 && hasRedis))('on Postgres, Redis and S3', () => {
    it.each([1, 2])(
      'with %i processes',
      (processes) => inFolder(async (folder) => crashRepeatedly(folder, await serviceSetting(), processes)),
      TIMEOUT_MS,
    );
  });
});

async function crashRepeatedly(folder: string, setting: ForgeSetting, processes: number): Promise<void> {
  console.info(`CRASH_SEED=${SEED} CRASH_KILLS=${KILLS}`);
  const random = randomNumbers(SEED);
  const settings = { ...setting.settings, ADMIN_USERNAME: 'ada', ADMIN_TOKEN: TOKEN };
  const start = () => ForgeProcess.start({ settings });
  const forges: ForgeProcess[] = [];
  const clients = Array.from({ length: processes }, (_, number) => new PushingClient(`client${number}`, random));
  try {
    for (let number = 0; number < processes; number++) forges.push(await start());
    for (let kill = 0; kill < KILLS; kill++) {
      const working = clients.map((client, index) => client.pushUntilCutOff(forges[index] as ForgeProcess));
      await sleep(random(KILL_DELAY_MAX_MS));
      const victim = random(processes);
      await (forges[victim] as ForgeProcess).stop('SIGKILL');
      for (const client of clients) client.stop();
      await Promise.all(working);
      forges[victim] = await start();
      for (const client of clients) client.checkAgainst(forges[random(processes)] as ForgeProcess);
    }
    for (const client of clients) console.info(client.describe());
    await checkClone(path.join(folder, 'clone.git'), forges[0] as ForgeProcess);
    await checkLeftovers(setting);
  } finally {
    for (const client of clients) client[Symbol.dispose]();
    for (const forge of forges) await forge.stop('SIGKILL');
  }
}

/** A client that pushes one new branch after another, small packs and large ones, each beside a ref that is refused. */
class PushingClient implements Disposable {
  readonly #name: string;
  readonly #random: (below: number) => number;
  readonly #repository = new ScratchRepository();
  readonly #verdicts = new Map<string, { readonly commitId: string; readonly verdict: Verdict }>();
  /** What became of pushes whose answer was cut off. */
  readonly #cutOff = { kept: 0, lost: 0 };
  #isStopped = false;

  constructor(name: string, random: (below: number) => number) {
    this.#name = name;
    this.#random = random;
  }

  async pushUntilCutOff(forge: ForgeProcess): Promise<void> {
    this.#isStopped = false;
    while (!this.#isStopped) {
      const number = this.#verdicts.size / 2;
      const commitId = this.#commit(number);
      const [branch, hidden] = [`refs/heads/${this.#name}-${number}`, `refs/pull/${this.#name}${number}/head`];
      const verdicts = await this.#push(forge, commitId, [branch, hidden]);
      for (const [ref, verdict] of verdicts) this.#verdicts.set(ref, { commitId, verdict });
      if (verdicts.get(branch) === 'unknown') return;
    }
  }

  /** Ends after the push under way. */
  stop(): void {
    this.#isStopped = true;
  }

  /** Compares what the client was told with what is there; what is there becomes what the next check expects. */
  checkAgainst(forge: ForgeProcess): void {
    // A kill before the first push took effect leaves no repository.
    const listing = this.#repository
      .tryGit(['ls-remote', urlOf(forge)])
      .stdout.toString()
      .trim();
    const there = new Map(listing.split('\n').map((line) => line.split('\t').reverse() as [string, string]));
    for (const [ref, { commitId, verdict }] of this.#verdicts) {
      const target = there.get(ref);
      if (verdict === 'acknowledged') expect(target, `${ref} was acknowledged`).toBe(commitId);
      else if (verdict === 'refused') expect(target, `${ref} was refused`).toBeUndefined();
      else expect([undefined, commitId], `${ref} was cut off`).toContain(target);
      if (verdict === 'unknown') {
        if (ref.startsWith('refs/heads/')) this.#cutOff[target === undefined ? 'lost' : 'kept']++;
        this.#verdicts.set(ref, { commitId, verdict: target === undefined ? 'refused' : 'acknowledged' });
      }
    }
  }

  /** For the log: how many pushes there were, and how many of them were hit. */
  describe(): string {
    const { kept, lost } = this.#cutOff;
    return `${this.#name}: ${this.#verdicts.size / 2} pushes, of those cut off ${kept} took effect and ${lost} did not`;
  }

  [Symbol.dispose](): void {
    this.#repository[Symbol.dispose]();
  }

  #commit(number: number): string {
    // Beyond 16 MiB a pack goes to storage in parts while it arrives.
    const size = this.#random(3) === 0 ? 17 * MIB + this.#random(8 * MIB) : this.#random(200_000);
    writeFileSync(path.join(this.#repository.directory, 'noise'), randomBytes(size));
    this.#repository.git(['add', '-A']);
    this.#repository.git(['commit', '-q', '-m', `${this.#name} ${number}`]);
    return this.#repository.line(['rev-parse', 'HEAD']);
  }

  async #push(forge: ForgeProcess, commitId: string, refs: readonly string[]): Promise<Map<string, Verdict>> {
    const args = [
      '-c',
      'core.compression=0',
      'push',
      '--porcelain',
      urlOf(forge),
      ...refs.map((ref) => `${commitId}:${ref}`),
    ];
    const child = spawn('git', args, {
      cwd: this.#repository.directory,
      env: { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_TERMINAL_PROMPT: '0', LC_ALL: 'C' },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let report = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      report += text;
    });
    await new Promise((resolve) => child.once('close', resolve));
    return new Map(refs.map((ref) => [ref, verdictOf(report, ref)]));
  }
}

/** Reads the report of `git push --porcelain`: flag, tab, from:to, tab, summary — git-push(1), "OUTPUT". */
function verdictOf(report: string, ref: string): Verdict {
  const line = report.split('\n').find((text) => text.split('\t')[1]?.endsWith(`:${ref}`));
  if (line?.includes('[remote rejected]')) return 'refused';
  return line !== undefined && !line.startsWith('!') ? 'acknowledged' : 'unknown';
}

function urlOf(forge: ForgeProcess): string {
  return `http://ada:${TOKEN}@${new URL(forge.url).host}/ada/crash.git`;
}

async function checkClone(folder: string, forge: ForgeProcess): Promise<void> {
  using client = new ScratchRepository();
  if (client.tryGit(['ls-remote', '--exit-code', urlOf(forge)]).status !== 0) return;
  client.git(['clone', '-q', '--mirror', urlOf(forge), folder]);
  const { status, stdout, stderr } = client.tryGit(['-C', folder, 'fsck', '--full', '--strict', '--no-progress']);
  expect([status, `${stdout}${stderr}`]).toEqual([0, '']);
}

/** Lets time pass for leases, sweeps, and then looks for what no live pack accounts for. */
async function checkLeftovers(setting: ForgeSetting): Promise<void> {
  const database = connectDatabase(setting.databaseUrl());
  const blobs = await setting.openBlobs();
  try {
    await database.sql`update pack set lease_until = now() - interval '1 second' where state = 'pending'`;
    await sweepPacks(database, blobs);
    expect((await setting.listStored()).toSorted()).toEqual((await expectedKeys(database)).toSorted());
  } finally {
    await blobs.close();
    await database.close();
  }
}

async function expectedKeys(database: Database): Promise<string[]> {
  const rows = await database.sql<{ id: string; state: string; listed: boolean }[]>`
    select id, state, exists (select from repository_pack where pack_id = pack.id) as listed from pack`;
  for (const row of rows) expect(row).toMatchObject({ state: 'live', listed: true });
  return rows.flatMap(({ id }) => ['pack', 'idx', 'summary'].map((file) => `r/${id.slice(-2)}/${id}/${file}`));
}

/** Numbers that a seed determines: mulberry32. */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}
