/** Bundles: a repository's packs in one file, for clients to download before they fetch the rest. */
import { bigint, index, pgTable, uuid } from 'drizzle-orm/pg-core';
import { instant } from './column.ts';
import { repository } from './repository.ts';

export const bundle = pgTable(
  'bundle',
  {
    /** UUIDv7; the blob key derives from it. */
    id: uuid().primaryKey(),
    repositoryId: bigint('repository_id', { mode: 'number' })
      .notNull()
      .references(() => repository.id, { onDelete: 'cascade' }),
    sizeBytes: bigint('size_bytes', { mode: 'number' }).notNull(),
    /** Of the refs that it holds. */
    refsVersion: bigint('refs_version', { mode: 'number' }).notNull(),
    createdAt: instant('created_at').notNull().defaultNow(),
    /** Replaced by a newer one; its bytes go when nobody can be reading them any more. */
    retiredAt: instant('retired_at'),
  },
  (t) => [index('bundle_repository').on(t.repositoryId, t.createdAt)],
);
