/** Browser sessions and access tokens. Neither secret is stored: a row holds the SHA-256 of it. */
import { sql } from 'drizzle-orm';
import { bigint, index, pgTable, text, uniqueIndex } from 'drizzle-orm/pg-core';
import { account } from './account.ts';
import { bytea, instant } from './column.ts';

export const session = pgTable(
  'session',
  {
    /** SHA-256 of the session id in the cookie, in hex. */
    idHash: text('id_hash').primaryKey(),
    userId: bigint('user_id', { mode: 'number' })
      .notNull()
      .references(() => account.id, { onDelete: 'cascade' }),
    expiresAt: instant('expires_at').notNull(),
    createdAt: instant('created_at').notNull().defaultNow(),
    clientAddress: text('client_address'),
    userAgent: text('user_agent'),
  },
  (t) => [index('session_user').on(t.userId), index('session_expires').on(t.expiresAt)],
);

export const accessToken = pgTable(
  'access_token',
  {
    id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    userId: bigint('user_id', { mode: 'number' })
      .notNull()
      .references(() => account.id, { onDelete: 'cascade' }),
    tokenHash: bytea('token_hash').notNull(),
    /** The last eight characters, to recognise a token in a list. */
    lastEight: text('last_eight').notNull(),
    note: text().notNull().default(''),
    scopes: text().array().notNull().default(sql`'{}'`),
    expiresAt: instant('expires_at'),
    createdAt: instant('created_at').notNull().defaultNow(),
    lastUsedAt: instant('last_used_at'),
  },
  (t) => [uniqueIndex('access_token_hash').on(t.tokenHash), index('access_token_user').on(t.userId)],
);
