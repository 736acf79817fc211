/** Public keys by which somebody may connect over SSH. */
import { sql } from 'drizzle-orm';
import { bigint, boolean, check, index, pgTable, text, uniqueIndex } from 'drizzle-orm/pg-core';
import { account } from './account.ts';
import { instant } from './column.ts';
import { repository } from './repository.ts';

/**
 * A key belongs to one user, or to one repository as its deploy key. Nobody can add a key that is somebody else's: the
 * fingerprint alone says who connects.
 */
export const sshKey = pgTable(
  'ssh_key',
  {
    id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    userId: bigint('user_id', { mode: 'number' }).references(() => account.id, { onDelete: 'cascade' }),
    repositoryId: bigint('repository_id', { mode: 'number' }).references(() => repository.id, { onDelete: 'cascade' }),
    title: text().notNull(),
    /** Algorithm and base64, without a comment: `ssh-ed25519 AAAA…`. */
    publicKey: text('public_key').notNull(),
    /** As `ssh-keygen -l` prints it: `SHA256:` and base64 without padding. */
    fingerprint: text().notNull(),
    /** Of a deploy key. */
    readOnly: boolean('read_only').notNull().default(true),
    createdAt: instant('created_at').notNull().defaultNow(),
    lastUsedAt: instant('last_used_at'),
  },
  (t) => [
    uniqueIndex('ssh_key_fingerprint').on(t.fingerprint),
    index('ssh_key_user').on(t.userId),
    index('ssh_key_repository').on(t.repositoryId),
    check('ssh_key_owner', sql`(${t.userId} is null) <> (${t.repositoryId} is null)`),
  ],
);
