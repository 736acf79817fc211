/**
 * Accounts: whatever can own a repository, which is a user or an organization. They share one table, so a name
 * belongs to one of them and a repository has one owner column.
 */
import { sql } from 'drizzle-orm';
import { bigint, boolean, check, index, pgTable, primaryKey, text, uniqueIndex } from 'drizzle-orm/pg-core';
import { instant } from './column.ts';

export const account = pgTable(
  'account',
  {
    id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    kind: text({ enum: ['user', 'organization'] }).notNull(),
    /** As its owner writes it. */
    login: text().notNull(),
    /** `login` in lower case: names are unique and found without regard to case. */
    loginKey: text('login_key').notNull(),
    /** Display name. */
    name: text(),
    description: text(),
    createdAt: instant('created_at').notNull().defaultNow(),
    updatedAt: instant('updated_at').notNull().defaultNow(),
  },
  (t) => [
    uniqueIndex('account_login_key').on(t.loginKey),
    check('account_kind', sql`${t.kind} in ('user', 'organization')`),
  ],
);

/** What only a user has. One row for each account of kind `user`. */
export const userCredential = pgTable('user_credential', {
  userId: bigint('user_id', { mode: 'number' })
    .primaryKey()
    .references(() => account.id, { onDelete: 'cascade' }),
  /** argon2id in PHC form; null when the user has no password and can sign in by token alone. */
  passwordHash: text('password_hash'),
  siteAdmin: boolean('site_admin').notNull().default(false),
  suspendedAt: instant('suspended_at'),
});

export const emailAddress = pgTable(
  'email_address',
  {
    id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    userId: bigint('user_id', { mode: 'number' })
      .notNull()
      .references(() => account.id, { onDelete: 'cascade' }),
    address: text().notNull(),
    addressKey: text('address_key').notNull(),
    isPrimary: boolean('is_primary').notNull().default(false),
    verifiedAt: instant('verified_at'),
  },
  (t) => [
    uniqueIndex('email_address_key').on(t.addressKey),
    uniqueIndex('email_address_primary').on(t.userId).where(sql`${t.isPrimary}`),
    index('email_address_user').on(t.userId),
  ],
);

export const membership = pgTable(
  'membership',
  {
    organizationId: bigint('organization_id', { mode: 'number' })
      .notNull()
      .references(() => account.id, { onDelete: 'cascade' }),
    userId: bigint('user_id', { mode: 'number' })
      .notNull()
      .references(() => account.id, { onDelete: 'cascade' }),
    role: text({ enum: ['owner', 'member'] }).notNull(),
    createdAt: instant('created_at').notNull().defaultNow(),
  },
  (t) => [
    primaryKey({ columns: [t.organizationId, t.userId] }),
    index('membership_user').on(t.userId),
    check('membership_role', sql`${t.role} in ('owner', 'member')`),
  ],
);
