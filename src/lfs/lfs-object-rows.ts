/**
 * The rows of LFS objects and of uploads. An object's row appears when its bytes are in storage and were checked; an upload's row
 * is there before any byte is, says where to look, and is rubbish once it has expired (`lfs-sweeper.ts`).
 */
import type { Database, SqlRunner } from '#db/client.ts';
import { RepositoryGoneError } from '#repository/errors.ts';
import type { LfsPointer } from './lfs-pointer.ts';

export interface LfsObject extends LfsPointer {
  /** Under which the bytes lie in storage. */
  readonly blobId: string;
}

export interface NewUpload extends LfsPointer {
  /** Becomes the object's `blobId`. */
  readonly uploadId: string;
  readonly repositoryId: number;
  readonly expiresInMs: number;
}

/** The repository's own objects among these; those of other repositories are not looked at. */
export async function findObjects(
  sql: SqlRunner,
  repositoryId: number,
  oids: readonly string[],
): Promise<Map<string, LfsObject>> {
  const rows = await sql<LfsObject[]>`
    select encode(oid, 'hex') as oid, size_bytes as "sizeBytes", blob_id as "blobId" from lfs_object
    where repository_id = ${repositoryId}
      and oid in (select decode(wanted, 'hex') from unnest(${[...oids]}::text[]) as wanted)`;
  return new Map(rows.map((row) => [row.oid, row]));
}

export async function insertUploads(sql: SqlRunner, uploads: readonly NewUpload[]): Promise<void> {
  await sql`
    insert into lfs_upload (id, repository_id, oid, size_bytes, expires_at)
    select u.id::uuid, u.repository_id, decode(u.oid, 'hex'), u.size_bytes, now() + u.expires_in_ms * interval '1 millisecond'
    from jsonb_to_recordset(${JSON.stringify(uploads.map(toColumns))}::text::jsonb)
      as u(id text, repository_id bigint, oid text, size_bytes bigint, expires_in_ms bigint)`;
}

function toColumns(upload: NewUpload): Record<string, string | number> {
  return {
    id: upload.uploadId,
    repository_id: upload.repositoryId,
    oid: upload.oid,
    size_bytes: upload.sizeBytes,
    expires_in_ms: upload.expiresInMs,
  };
}

export async function extendUpload(sql: SqlRunner, uploadId: string, expiresInMs: number): Promise<void> {
  await sql`
    update lfs_upload set expires_at = now() + ${expiresInMs} * interval '1 millisecond' where id = ${uploadId}`;
}

/** Notes the multipart upload, whose parts a sweeper would have to abort. */
export async function recordUploadSession(sql: SqlRunner, uploadId: string, sessionId: string): Promise<void> {
  await sql`update lfs_upload set upload_id = ${sessionId} where id = ${uploadId}`;
}

/** Removes an upload, its bytes first. One that became an object has no row any more, and keeps its bytes. */
export async function removeUpload(
  database: Database,
  uploadId: string,
  removeBytes: () => Promise<void>,
): Promise<void> {
  await database.transaction(async (tx) => {
    const [upload] = await tx`select 1 from lfs_upload where id = ${uploadId} for update`;
    if (upload === undefined) return;
    await removeBytes();
    await tx`delete from lfs_upload where id = ${uploadId}`;
  });
}

/** The newest uploads of an object that may have arrived. */
export async function findUploads(
  sql: SqlRunner,
  repositoryId: number,
  { oid, sizeBytes }: LfsPointer,
  countMax: number,
): Promise<string[]> {
  const rows = await sql<{ id: string }[]>`
    select id from lfs_upload
    where repository_id = ${repositoryId} and oid = decode(${oid}, 'hex') and size_bytes = ${sizeBytes}
    order by id desc limit ${countMax}`;
  return rows.map(({ id }) => id);
}

/**
 * Makes an upload that was checked the repository's object. Where the object is there already the upload becomes rubbish.
 *
 * @returns false when the upload's row is gone, and with it what was stored
 * @throws {RepositoryGoneError}
 */
export async function publishUpload(
  database: Database,
  repositoryId: number,
  pointer: LfsPointer,
  uploadId: string,
): Promise<boolean> {
  return database.transaction(async (tx) => {
    // The locks in the order that a deletion of the repository takes them.
    const [repository] = await tx`select 1 from repository where id = ${repositoryId} for key share`;
    if (repository === undefined) throw new RepositoryGoneError(repositoryId);
    const [upload] = await tx`select 1 from lfs_upload where id = ${uploadId} for update`;
    if (upload === undefined) return false;
    const inserted = await tx`
      insert into lfs_object (repository_id, oid, size_bytes, blob_id)
      values (${repositoryId}, decode(${pointer.oid}, 'hex'), ${pointer.sizeBytes}, ${uploadId})
      on conflict do nothing`;
    if (inserted.count > 0) await tx`delete from lfs_upload where id = ${uploadId}`;
    else await tx`update lfs_upload set expires_at = now() where id = ${uploadId}`;
    return true;
  });
}
