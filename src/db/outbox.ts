/**
 * Events that leave with the transaction that caused them: written to a table inside it, published by
 * `jobs/outbox-relay.ts` once it has committed. Nothing is published for a transaction that rolled back.
 */
import type { Database, SqlRunner } from './client.ts';

/** Whoever listens here looks for work. */
export const WORK_CHANNEL = 'opencodehub_work';

/** What the column's type asks for: JSON that was checked to be one. */
type Payload = Readonly<Record<string, unknown>>;

/** @param sql the transaction; anything else would announce what may not happen */
export async function appendToOutbox(sql: SqlRunner, topic: string, payload: Payload): Promise<void> {
  await sql`insert into outbox (topic, payload) values (${topic}, ${JSON.stringify(payload)}::text::jsonb)`;
}

/**
 * Wakes the processes that publish messages and run jobs. Called after the commit, never inside the transaction: a transaction that notifies
 * takes a lock of the whole database until it is on disk, so pushes to different repositories would wait for each other. Without
 * it, or when it is lost, work begins at the next poll.
 */
export async function announceWork(database: Pick<Database, 'sql'>): Promise<void> {
  await database.sql`select pg_notify(${WORK_CHANNEL}, '')`;
}
