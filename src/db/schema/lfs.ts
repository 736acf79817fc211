/** Git LFS: large files beside a repository, and who has locked which path. */
import { bigint, bigserial, index, pgTable, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core';
import { account } from './account.ts';
import { bytea, cText, instant } from './column.ts';
import { repository } from './repository.ts';

/** An object that is in bulk storage whole and was checked. Each repository has its own, so that an id opens nothing elsewhere. */
export const lfsObject = pgTable(
  'lfs_object',
  {
    repositoryId: bigint('repository_id', { mode: 'number' })
      .notNull()
      .references(() => repository.id, { onDelete: 'cascade' }),
    /** SHA-256 of the content. */
    oid: bytea().notNull(),
    sizeBytes: bigint('size_bytes', { mode: 'number' }).notNull(),
    /** UUIDv7; the blob key derives from it. */
    blobId: uuid('blob_id').notNull(),
    createdAt: instant('created_at').notNull().defaultNow(),
  },
  (t) => [primaryKey({ columns: [t.repositoryId, t.oid] })],
);

/**
 * An upload that was granted and is not verified yet; what is still here after it expired is rubbish. So are the objects of a
 * repository that was deleted: they come here, since this table outlives it.
 */
export const lfsUpload = pgTable(
  'lfs_upload',
  {
    /** Also the blob's id. */
    id: uuid().primaryKey(),
    repositoryId: bigint('repository_id', { mode: 'number' }).notNull(),
    oid: bytea().notNull(),
    sizeBytes: bigint('size_bytes', { mode: 'number' }).notNull(),
    /** Identifier of the multipart upload under way, so that a sweeper can abort it. */
    uploadId: text('upload_id'),
    /** Of an upload that passes through a process of ours it is a lease, which that process extends. */
    expiresAt: instant('expires_at').notNull(),
  },
  (t) => [index('lfs_upload_object').on(t.repositoryId, t.oid), index('lfs_upload_expiry').on(t.expiresAt)],
);

export const lfsLock = pgTable(
  'lfs_lock',
  {
    id: bigserial({ mode: 'number' }).primaryKey(),
    repositoryId: bigint('repository_id', { mode: 'number' })
      .notNull()
      .references(() => repository.id, { onDelete: 'cascade' }),
    path: cText().notNull(),
    ownerId: bigint('owner_id', { mode: 'number' })
      .notNull()
      .references(() => account.id, { onDelete: 'cascade' }),
    lockedAt: instant('locked_at').notNull().defaultNow(),
  },
  (t) => [uniqueIndex('lfs_lock_path').on(t.repositoryId, t.path)],
);
