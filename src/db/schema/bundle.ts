/** Bundles: a repository's branches and tags in one file, for clients to download before they fetch the rest. */
import { bigint, index, pgTable, text, uuid } from 'drizzle-orm/pg-core';
import { bytea, instant } from './column.ts';
import { repository } from './repository.ts';

export const bundle = pgTable(
  'bundle',
  {
    /** UUIDv7; the blob key derives from it. */
    id: uuid().primaryKey(),
    /** Null once the repository is gone: the row stays until the bytes are gone too. */
    repositoryId: bigint('repository_id', { mode: 'number' }).references(() => repository.id, { onDelete: 'set null' }),
    /** The repository's size when the bundle was made, which is what its growth is measured by. */
    repositorySizeBytes: bigint('repository_size_bytes', { mode: 'number' }).notNull(),
    /** Of the refs that it holds. */
    refsVersion: bigint('refs_version', { mode: 'number' }).notNull(),
    /** The distinct targets of those refs, one id after another: all of them must still be everybody's who may read. */
    tips: bytea().notNull(),
    /** Identifier of the multipart upload under way, so that a sweeper can abort it. */
    uploadId: text('upload_id'),
    createdAt: instant('created_at').notNull().defaultNow(),
    /** Whole and to be offered. */
    readyAt: instant('ready_at'),
    /** Replaced by a newer one; its bytes go when nobody can be reading them any more. */
    retiredAt: instant('retired_at'),
  },
  (t) => [index('bundle_repository').on(t.repositoryId, t.readyAt)],
);
