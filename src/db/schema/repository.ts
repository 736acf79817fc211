/** Repositories and their refs. Objects live in packs (`pack.ts`). */
import { sql } from 'drizzle-orm';
import {
  bigint,
  boolean,
  check,
  index,
  jsonb,
  pgTable,
  primaryKey,
  text,
  uniqueIndex,
  uuid,
} from 'drizzle-orm/pg-core';
import { account } from './account.ts';
import { bytea, cText, instant } from './column.ts';

export const repository = pgTable(
  'repository',
  {
    id: bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity(),
    ownerId: bigint('owner_id', { mode: 'number' })
      .notNull()
      .references(() => account.id, { onDelete: 'restrict' }),
    name: text().notNull(),
    nameKey: text('name_key').notNull(),
    description: text(),
    homepage: text(),
    visibility: text({ enum: ['public', 'private'] }).notNull(),
    archived: boolean().notNull().default(false),
    objectFormat: text('object_format', { enum: ['sha1', 'sha256'] })
      .notNull()
      .default('sha1'),
    /** The ref that HEAD names, whether or not it exists yet. */
    headTarget: text('head_target').notNull().default('refs/heads/main'),
    /** Counts the transactions that changed a ref or HEAD; a reader's cache key. */
    refsVersion: bigint('refs_version', { mode: 'number' }).notNull().default(0),
    /** Counts the transactions that changed the list of packs; a reader's cache key. */
    packsVersion: bigint('packs_version', { mode: 'number' }).notNull().default(0),
    sizeBytes: bigint('size_bytes', { mode: 'number' }).notNull().default(0),
    /** What was set of git's own settings, by name; `repository/git-settings.ts` has the defaults. */
    gitSettings: jsonb('git_settings').$type<Record<string, unknown>>().notNull().default({}),
    createdAt: instant('created_at').notNull().defaultNow(),
    updatedAt: instant('updated_at').notNull().defaultNow(),
    pushedAt: instant('pushed_at'),
  },
  (t) => [
    uniqueIndex('repository_owner_name').on(t.ownerId, t.nameKey),
    check('repository_visibility', sql`${t.visibility} in ('public', 'private')`),
    check('repository_object_format', sql`${t.objectFormat} in ('sha1', 'sha256')`),
  ],
);

export const ref = pgTable(
  'ref',
  {
    repositoryId: bigint('repository_id', { mode: 'number' })
      .notNull()
      .references(() => repository.id, { onDelete: 'cascade' }),
    name: cText().notNull(),
    target: bytea().notNull(),
    /** What an annotated tag leads to in the end; null when `target` is no tag. */
    peeled: bytea(),
  },
  (t) => [primaryKey({ columns: [t.repositoryId, t.name] })],
);

/** One row for each accepted push or other ref change: the record of who moved which ref, and the answer to "did it commit?". */
export const push = pgTable(
  'push',
  {
    id: uuid().primaryKey(),
    repositoryId: bigint('repository_id', { mode: 'number' })
      .notNull()
      .references(() => repository.id, { onDelete: 'cascade' }),
    actorId: bigint('actor_id', { mode: 'number' }).references(() => account.id, { onDelete: 'set null' }),
    packId: uuid('pack_id'),
    /** `[{ name, old, new }]`, ids in hex, zero ids for creation and deletion. */
    updates: jsonb().$type<{ name: string; old: string; new: string }[]>().notNull(),
    /** Of a signed push: what was signed, with its signature, and git's name for what its nonce is worth — git-push(1), `--signed`. */
    certificate: bytea(),
    nonceStatus: text('nonce_status', { enum: ['OK', 'SLOP', 'BAD', 'MISSING', 'UNSOLICITED'] }),
    createdAt: instant('created_at').notNull().defaultNow(),
  },
  (t) => [index('push_repository').on(t.repositoryId, t.createdAt)],
);
