/** The outbox, the job queue and the settings that every node of one forge shares. */
import { sql } from 'drizzle-orm';
import { bigserial, index, integer, jsonb, pgTable, text } from 'drizzle-orm/pg-core';
import { instant } from './column.ts';

/** Events that leave after the commit that caused them. */
export const outbox = pgTable('outbox', {
  id: bigserial({ mode: 'number' }).primaryKey(),
  topic: text().notNull(),
  payload: jsonb().$type<Record<string, unknown>>().notNull(),
  createdAt: instant('created_at').notNull().defaultNow(),
});

export const job = pgTable(
  'job',
  {
    id: bigserial({ mode: 'number' }).primaryKey(),
    kind: text().notNull(),
    payload: jsonb().$type<Record<string, unknown>>().notNull(),
    runAt: instant('run_at').notNull().defaultNow(),
    attempts: integer().notNull().default(0),
    attemptsMax: integer('attempts_max').notNull().default(8),
    lockedUntil: instant('locked_until'),
    lastError: text('last_error'),
    failedAt: instant('failed_at'),
    createdAt: instant('created_at').notNull().defaultNow(),
  },
  (t) => [index('job_due').on(t.runAt).where(sql`${t.failedAt} is null`)],
);

/** Secrets that the first node generates and all share, such as the one-time set-up code. */
export const setting = pgTable('setting', {
  key: text().primaryKey(),
  value: text().notNull(),
  createdAt: instant('created_at').notNull().defaultNow(),
});
