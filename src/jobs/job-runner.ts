/**
 * Runs jobs from the job table. Any number of processes may: each row is claimed by one (`for update skip locked`) for the
 * time of a lease, which its owner renews. A process that dies leaves a lease that runs out, and the job runs again.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Database } from '#db/client.ts';
import type { Log } from '#log.ts';
import type { JobHandler } from './job-handler.ts';
import { WakeSignal } from './wake-signal.ts';

const LEASE_MS = 60_000;
/** Bounds how late a job is that was put off, or whose notification was lost. */
const POLL_INTERVAL_MS = 5_000;
const RETRY_FIRST_MS = 15_000;
const RETRY_MAX_MS = 3_600_000;
const ERROR_MAX_CHARACTERS = 2_000;
/** Any number that nothing else in this database locks. */
const SCHEDULE_LOCK = 7_155_172;

interface ClaimedJob {
  readonly id: number;
  readonly kind: string;
  readonly payload: unknown;
  /** Of this run too. Fences off a process that lost its lease. */
  readonly attempts: number;
  readonly attemptsMax: number;
}

export interface JobRunnerOptions {
  readonly database: Database;
  readonly log: Log;
  readonly handlers: readonly JobHandler[];
  /** Jobs that run at the same time in this process. Default: 2. */
  readonly concurrency?: number;
}

export class JobRunner {
  readonly #database: Database;
  readonly #log: Log;
  readonly #handlers: ReadonlyMap<string, JobHandler>;
  readonly #concurrency: number;
  readonly #stopping = new AbortController();
  readonly #wake = new WakeSignal();
  #loops: Promise<void>[] = [];

  constructor(options: JobRunnerOptions) {
    this.#database = options.database;
    this.#log = options.log;
    this.#handlers = new Map(options.handlers.map((handler) => [handler.kind, handler]));
    this.#concurrency = options.concurrency ?? 2;
  }

  /** Enters the recurring jobs and begins to take jobs. */
  async start(): Promise<void> {
    await this.#enterRecurring();
    this.#loops = Array.from({ length: this.#concurrency }, () => this.#loop());
  }

  /** Work was added: look now rather than at the next poll. */
  wake(): void {
    this.#wake.send();
  }

  /** Tells running jobs to end, and resolves when they have. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#wake.close();
    await Promise.all(this.#loops);
  }

  /** A recurring job is one row that is put off after each run, however many processes start. */
  async #enterRecurring(): Promise<void> {
    const kinds = [...this.#handlers.values()]
      .filter((handler) => handler.everyMs !== undefined)
      .map(({ kind }) => kind);
    await this.#database.transaction(async (tx) => {
      await tx`select pg_advisory_xact_lock(${SCHEDULE_LOCK})`;
      await tx`
        insert into job (kind, payload)
        select kind, '{}' from unnest(${kinds}::text[]) as kind
        where not exists (select from job where job.kind = kind.kind and failed_at is null)`;
    });
  }

  async #loop(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      const ran = await this.#runOne().catch((error: unknown) => {
        this.#log.error({ err: error }, 'cannot take jobs');
        return false;
      });
      if (!ran) await this.#wake.wait(POLL_INTERVAL_MS);
    }
  }

  /** @returns false when nothing is due */
  async #runOne(): Promise<boolean> {
    const job = await this.#claim();
    if (job === undefined) return false;
    const renewal = new AbortController();
    const renewing = this.#renewLease(job, renewal.signal);
    try {
      await this.#handlers.get(job.kind)?.run(job.payload, this.#stopping.signal);
      await this.#finish(job);
    } catch (error) {
      await this.#putOff(job, error);
    } finally {
      renewal.abort();
      await renewing;
    }
    return true;
  }

  async #claim(): Promise<ClaimedJob | undefined> {
    const [job] = await this.#database.sql<ClaimedJob[]>`
      update job set attempts = attempts + 1, locked_until = now() + ${LEASE_MS} * interval '1 ms'
      where id = (
        select id from job
        where failed_at is null and run_at <= now() and (locked_until is null or locked_until < now())
          and kind = any(${[...this.#handlers.keys()]})
        order by run_at for update skip locked limit 1
      )
      returning id, kind, payload, attempts, attempts_max as "attemptsMax"`;
    return job;
  }

  async #renewLease(job: ClaimedJob, ended: AbortSignal): Promise<void> {
    while (!ended.aborted) {
      await sleep(LEASE_MS / 3, undefined, { signal: ended }).catch(() => undefined);
      if (ended.aborted) return;
      await this.#database.sql`
        update job set locked_until = now() + ${LEASE_MS} * interval '1 ms'
        where id = ${job.id} and attempts = ${job.attempts}`.catch((error: unknown) => {
        this.#log.warn({ err: error, job: job.kind }, 'cannot renew the lease of a job');
      });
    }
  }

  async #finish(job: ClaimedJob): Promise<void> {
    const everyMs = this.#handlers.get(job.kind)?.everyMs;
    const { sql } = this.#database;
    await (everyMs === undefined
      ? sql`delete from job where id = ${job.id} and attempts = ${job.attempts}`
      : sql`
        update job set attempts = 0, locked_until = null, last_error = null, run_at = now() + ${everyMs} * interval '1 ms'
        where id = ${job.id} and attempts = ${job.attempts}`);
  }

  async #putOff(job: ClaimedJob, error: unknown): Promise<void> {
    const { sql } = this.#database;
    if (this.#stopping.signal.aborted) {
      // Not the job's fault: the try does not count.
      await sql`
        update job set attempts = attempts - 1, locked_until = null where id = ${job.id} and attempts = ${job.attempts}`;
      return;
    }
    const everyMs = this.#handlers.get(job.kind)?.everyMs;
    const givenUp = everyMs === undefined && job.attempts >= job.attemptsMax;
    this.#log.error({ err: error, job: job.kind, jobId: job.id, attempts: job.attempts, givenUp }, 'a job failed');
    await sql`
      update job set
        locked_until = null,
        last_error = ${String(error).slice(0, ERROR_MAX_CHARACTERS)},
        failed_at = case when ${givenUp} then now() end,
        run_at = now() + ${everyMs ?? retryDelayMs(job.attempts)} * interval '1 ms'
      where id = ${job.id} and attempts = ${job.attempts}`;
  }
}

/** Doubles from a quarter of a minute to an hour. */
export function retryDelayMs(attempts: number): number {
  return Math.min(RETRY_FIRST_MS * 2 ** (attempts - 1), RETRY_MAX_MS);
}
