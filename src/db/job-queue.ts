/** Adding to the job table; `jobs/job-runner.ts` takes from it. */
import type { SqlRunner } from './client.ts';

export interface JobRequest {
  /** Names the handler. */
  readonly kind: string;
  /** JSON. The handler parses it: a job may be older than the program that runs it. */
  readonly payload: Readonly<Record<string, unknown>>;
  /** Default: at once. */
  readonly runAt?: Date;
  /** Tries before the job is given up. Default: 8, about two hours. */
  readonly attemptsMax?: number;
}

/**
 * Adds a job. Inside the transaction that needs it done, it runs exactly when that commits: at the next poll, or at once after `announceWork`.
 *
 * @returns the id of the job
 */
export async function enqueueJob(sql: SqlRunner, job: JobRequest): Promise<number> {
  const { kind, payload, runAt = null, attemptsMax = 8 } = job;
  const [row] = await sql<[{ id: number }]>`
    insert into job (kind, payload, run_at, attempts_max)
    values (${kind}, ${JSON.stringify(payload)}::text::jsonb, coalesce(${runAt}, now()), ${attemptsMax})
    returning id`;
  return row.id;
}
