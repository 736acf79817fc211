/**
 * Events that leave with the transaction that caused them: written to a table inside it, published by
 * `jobs/outbox-relay.ts` once it has committed. Nothing is published for a transaction that rolled back.
 */
import type { SqlRunner } from './client.ts';

/** Postgres wakes whoever listens here when a transaction that added work commits. */
export const WORK_CHANNEL = 'opencodehub_work';

/** What the column's type asks for: JSON that was checked to be one. */
type Payload = Readonly<Record<string, unknown>>;

/** @param sql the transaction; anything else would announce what may not happen */
export async function appendToOutbox(sql: SqlRunner, topic: string, payload: Payload): Promise<void> {
  await sql`insert into outbox (topic, payload) values (${topic}, ${JSON.stringify(payload)}::text::jsonb)`;
  await sql`select pg_notify(${WORK_CHANNEL}, '')`;
}
