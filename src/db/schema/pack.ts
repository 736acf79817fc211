/**
 * Packs and which repositories see them. A pack row is written before its bytes (`pending`, with a lease that its
 * writer renews), becomes `live` in the transaction that moves the refs, and `retired` when nothing lists it any more.
 * Whatever is pending past its lease is rubbish, and the row says where it lies.
 */
import { sql } from 'drizzle-orm';
import { bigint, bigserial, check, index, integer, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core';
import { bytea, instant } from './column.ts';
import { repository } from './repository.ts';

export const pack = pgTable(
  'pack',
  {
    /** UUIDv7; the blob keys derive from it. */
    id: uuid().primaryKey(),
    state: text({ enum: ['pending', 'live', 'retired'] }).notNull(),
    source: text({ enum: ['receive', 'insert', 'completion'] }).notNull(),
    sizeBytes: bigint('size_bytes', { mode: 'number' }).notNull().default(0),
    objectCount: integer('object_count').notNull().default(0),
    trailer: bytea(),
    /** Identifier of the multipart upload under way, so that a sweeper can abort it. */
    uploadId: text('upload_id'),
    leaseUntil: instant('lease_until'),
    createdAt: instant('created_at').notNull().defaultNow(),
    retiredAt: instant('retired_at'),
  },
  (t) => [
    index('pack_pending').on(t.leaseUntil).where(sql`${t.state} = 'pending'`),
    index('pack_retired').on(t.retiredAt).where(sql`${t.state} = 'retired'`),
    check('pack_state', sql`${t.state} in ('pending', 'live', 'retired')`),
  ],
);

export const repositoryPack = pgTable(
  'repository_pack',
  {
    repositoryId: bigint('repository_id', { mode: 'number' })
      .notNull()
      .references(() => repository.id, { onDelete: 'cascade' }),
    packId: uuid('pack_id')
      .notNull()
      .references(() => pack.id, { onDelete: 'restrict' }),
    /** Order of arrival; readers try the newest first. */
    ordinal: bigserial({ mode: 'number' }).notNull(),
  },
  (t) => [primaryKey({ columns: [t.repositoryId, t.packId] }), index('repository_pack_pack').on(t.packId)],
);
