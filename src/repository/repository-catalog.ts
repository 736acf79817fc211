/**
 * Which repositories there are, and what is known of each beside its refs and objects. Finding one takes a single query,
 * which brings the asking user's own facts about it along for the policy; nothing here decides access, except that lists
 * hold only what the policy lets the principal read.
 */

import type { Principal, UserPrincipal } from '#auth/principal.ts';
import type { Database, SqlRunner, TransactionSql } from '#db/client.ts';
import { isUniqueViolation } from '#db/postgres-error.ts';
import type { ObjectFormatName } from '#git/object/object-id.ts';
import { limits } from '#limits.ts';
import {
  applyGitSettings,
  findGitSettingFaults,
  type GitSettingChanges,
  type GitSettingFault,
  type GitSettingGroup,
  listGitSettings,
} from './git-setting-list.ts';
import type { StoredGitSettings } from './git-settings.ts';
import { findDescriptionFault, findHomepageFault, findRepositoryNameFault } from './repository-name.ts';
import {
  countRecords,
  orderBy,
  type RepositoryFilter,
  type RepositoryRow,
  selectRecords,
  toRecord,
  whereVisible,
} from './repository-query.ts';
import type { RepositoryRecord } from './repository-record.ts';

export interface NewRepository {
  /** The user or organization that will own it. */
  readonly ownerId: number;
  readonly name: string;
  readonly visibility: 'public' | 'private';
  readonly description?: string | undefined;
  readonly homepage?: string | undefined;
  /** `sha1` when absent. */
  readonly objectFormat?: ObjectFormatName | undefined;
}

/** Absent: stays as it is. Null: is cleared. */
export interface RepositoryChanges {
  readonly name?: string | undefined;
  readonly description?: string | null | undefined;
  readonly homepage?: string | null | undefined;
  readonly visibility?: 'public' | 'private' | undefined;
  readonly archived?: boolean | undefined;
}

/** `reason` is a sentence for people. */
export interface InvalidRepository {
  readonly kind: 'invalid';
  readonly field: 'name' | 'description' | 'homepage';
  readonly reason: string;
}

export type CreateRepositoryOutcome =
  | { readonly kind: 'created'; readonly repository: RepositoryRecord }
  | { readonly kind: 'name-taken' }
  | InvalidRepository;

export type UpdateRepositoryOutcome =
  | { readonly kind: 'updated'; readonly repository: RepositoryRecord }
  | { readonly kind: 'name-taken' }
  /** Deleted in the meantime. */
  | { readonly kind: 'gone' }
  | InvalidRepository;

export interface RepositoryPage {
  readonly repositories: readonly RepositoryRecord[];
  /** On all pages together. */
  readonly totalCount: number;
}

export type ChangeGitSettingsOutcome =
  | { readonly kind: 'changed'; readonly groups: readonly GitSettingGroup[] }
  /** Deleted in the meantime. */
  | { readonly kind: 'gone' }
  | { readonly kind: 'invalid'; readonly faults: readonly GitSettingFault[] };

const NAME_CONSTRAINT = 'repository_owner_name';

export class RepositoryCatalog {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Without regard to case. @returns undefined when there is none; whether the principal may know of it is not asked */
  async find(ownerLogin: string, name: string, principal: Principal): Promise<RepositoryRecord | undefined> {
    const { sql } = this.#database;
    // What no name can be is not looked for: Postgres would refuse a NUL.
    if (findRepositoryNameFault(name) !== undefined || ownerLogin.includes('\0')) return undefined;
    const rows = await sql<RepositoryRow[]>`
      ${selectRecords(sql, principal)}
      where a.login_key = ${ownerLogin.toLowerCase()} and r.name_key = ${name.toLowerCase()}`;
    return rows.map(toRecord)[0];
  }

  findById(repositoryId: number, principal: Principal): Promise<RepositoryRecord | undefined> {
    return findById(this.#database.sql, repositoryId, principal);
  }

  /** The repositories that the principal may read, of those the filter describes. */
  async listVisible(principal: Principal, filter: RepositoryFilter): Promise<RepositoryPage> {
    const { sql } = this.#database;
    const condition = whereVisible(sql, principal, filter);
    const [counted, rows] = await Promise.all([
      sql<{ count: number }[]>`${countRecords(sql, principal)} ${condition}`,
      sql<RepositoryRow[]>`
        ${selectRecords(sql, principal)} ${condition} ${orderBy(sql, filter)}
        limit ${filter.perPage} offset ${(filter.page - 1) * filter.perPage}`,
    ]);
    return { repositories: rows.map(toRecord), totalCount: counted[0]?.count ?? 0 };
  }

  /** Creates an empty repository. That the creator may do so was decided before. */
  async create(creator: UserPrincipal, request: NewRepository): Promise<CreateRepositoryOutcome> {
    const fault = findFault(request);
    if (fault !== undefined) return fault;
    try {
      const repository = await this.#database.transaction((tx) => insertRepository(tx, creator, request));
      return { kind: 'created', repository };
    } catch (error) {
      if (isUniqueViolation(error, NAME_CONSTRAINT)) return { kind: 'name-taken' };
      throw error;
    }
  }

  /** Changes what is known of a repository; its default branch is `RepositoryEngine.setHead`. */
  async update(
    principal: Principal,
    repositoryId: number,
    changes: RepositoryChanges,
  ): Promise<UpdateRepositoryOutcome> {
    const fault = findFault(changes);
    if (fault !== undefined) return fault;
    try {
      const repository = await this.#database.transaction(async (tx) => {
        await updateColumns(tx, repositoryId, changes);
        return findById(tx, repositoryId, principal);
      });
      return repository === undefined ? { kind: 'gone' } : { kind: 'updated', repository };
    } catch (error) {
      if (isUniqueViolation(error, NAME_CONSTRAINT)) return { kind: 'name-taken' };
      throw error;
    }
  }

  /** @returns undefined when there is no such repository */
  async listGitSettings(repositoryId: number): Promise<readonly GitSettingGroup[] | undefined> {
    const stored = await readGitSettings(this.#database.sql, repositoryId);
    return stored && listGitSettings(stored);
  }

  /** All of the changes, or none. */
  async changeGitSettings(repositoryId: number, changes: GitSettingChanges): Promise<ChangeGitSettingsOutcome> {
    const faults = findGitSettingFaults(changes);
    if (faults.length > 0) return { kind: 'invalid', faults };
    return this.#database.transaction(async (tx) => {
      await tx`select 1 from repository where id = ${repositoryId} for update`;
      const stored = await readGitSettings(tx, repositoryId);
      if (stored === undefined) return { kind: 'gone' };
      const settings = applyGitSettings(stored, changes);
      await tx`
        update repository set git_settings = ${JSON.stringify(settings)}::text::jsonb where id = ${repositoryId}`;
      return { kind: 'changed', groups: listGitSettings(settings) };
    });
  }

  /**
   * Removes a repository and retires the packs that no other one lists, and its LFS objects; their bytes go when the sweepers' grace is over.
   *
   * @returns whether there was one
   */
  delete(repositoryId: number): Promise<boolean> {
    return this.#database.transaction((tx) => deleteRepository(tx, repositoryId));
  }

  /** Removes a repository that was made for a push which then moved nothing. @returns whether it was empty, and so went */
  deleteIfEmpty(repositoryId: number): Promise<boolean> {
    return this.#database.transaction(async (tx) => {
      // The lock that a push takes to move refs. The question comes in a second statement: one that had waited for the lock
      // would still see the refs as they were before.
      await tx`select 1 from repository where id = ${repositoryId} for update`;
      const [empty] = await tx`
        select 1 from repository r
        where r.id = ${repositoryId} and not exists (select 1 from ref where repository_id = r.id)`;
      return empty !== undefined && deleteRepository(tx, repositoryId);
    });
  }
}

function findFault(texts: NewRepository | RepositoryChanges): InvalidRepository | undefined {
  const { name, description, homepage } = texts;
  const faults = {
    name: name === undefined ? undefined : findRepositoryNameFault(name),
    description: description ? findDescriptionFault(description) : undefined,
    homepage: homepage ? findHomepageFault(homepage) : undefined,
  };
  for (const field of ['name', 'description', 'homepage'] as const) {
    const reason = faults[field];
    if (reason !== undefined) return { kind: 'invalid', field, reason };
  }
  return undefined;
}

async function findById(
  sql: SqlRunner,
  repositoryId: number,
  principal: Principal,
): Promise<RepositoryRecord | undefined> {
  const rows = await sql<RepositoryRow[]>`${selectRecords(sql, principal)} where r.id = ${repositoryId}`;
  return rows.map(toRecord)[0];
}

async function readGitSettings(sql: SqlRunner, repositoryId: number): Promise<StoredGitSettings | undefined> {
  const rows = await sql<{ stored: StoredGitSettings }[]>`
    select git_settings as stored from repository where id = ${repositoryId}`;
  return rows[0]?.stored;
}

async function insertRepository(
  tx: TransactionSql,
  creator: UserPrincipal,
  request: NewRepository,
): Promise<RepositoryRecord> {
  const [row] = await tx<{ id: number }[]>`
    insert into repository (owner_id, name, name_key, visibility, description, homepage, object_format)
    values (${request.ownerId}, ${request.name}, ${request.name.toLowerCase()}, ${request.visibility},
            ${request.description || null}, ${request.homepage || null}, ${request.objectFormat ?? 'sha1'})
    returning id`;
  const repository = row && (await findById(tx, row.id, creator));
  if (repository === undefined) throw new Error(`insert repository "${request.name}": no row came back`);
  return repository;
}

async function updateColumns(tx: TransactionSql, repositoryId: number, changes: RepositoryChanges): Promise<void> {
  const columns = {
    ...(changes.name !== undefined && { name: changes.name, name_key: changes.name.toLowerCase() }),
    ...(changes.description !== undefined && { description: changes.description || null }),
    ...(changes.homepage !== undefined && { homepage: changes.homepage || null }),
    ...(changes.visibility !== undefined && { visibility: changes.visibility }),
    ...(changes.archived !== undefined && { archived: changes.archived }),
    updated_at: new Date(),
  };
  await tx`update repository set ${tx(columns)} where id = ${repositoryId}`;
}

async function deleteRepository(tx: TransactionSql, repositoryId: number): Promise<boolean> {
  // First, since a push locks the repository before it lists a pack.
  const [repository] = await tx`select id from repository where id = ${repositoryId} for update`;
  if (repository === undefined) return false;
  const listed = await tx<{ packId: string }[]>`
    delete from repository_pack where repository_id = ${repositoryId} returning pack_id as "packId"`;
  const packIds = listed.map((row) => row.packId);
  // Whoever lists a pack for another repository at this moment has a lock on its row, by the foreign key.
  await tx`select id from pack where id = any(${packIds}::uuid[]) order by id for update`;
  await tx`
    update pack set state = 'retired', retired_at = now()
    where id = any(${packIds}::uuid[]) and state <> 'retired'
      and not exists (select 1 from repository_pack rp where rp.pack_id = pack.id)`;
  await retireLfsObjects(tx, repositoryId);
  await tx`delete from repository where id = ${repositoryId}`;
  return true;
}

/** Their rows go with the repository's; as uploads that expire they still say what is in storage, and `lfs/lfs-sweeper.ts` removes it. */
async function retireLfsObjects(tx: TransactionSql, repositoryId: number): Promise<void> {
  await tx`
    insert into lfs_upload (id, repository_id, oid, size_bytes, expires_at)
    select blob_id, repository_id, oid, size_bytes, now() + ${limits.lfsUploadGraceMs} * interval '1 millisecond'
    from lfs_object where repository_id = ${repositoryId}`;
}
