/** The SQL of the catalogue's queries: one list of columns, and the conditions and orders of lists. */
import { readableRepositories } from '#auth/policy.ts';
import type { Principal } from '#auth/principal.ts';
import type { SqlRunner } from '#db/client.ts';
import { toLikePattern } from '#db/like-pattern.ts';
import { readGitSettings, type StoredGitSettings } from './git-settings.ts';
import type { RepositoryRecord } from './repository-record.ts';

export interface RepositoryFilter {
  /** Only repositories of this user or organization. */
  readonly ownerId?: number | undefined;
  /** Only those that the principal owns, reaches as a member of an organization, or either. */
  readonly affiliation?: readonly ('owner' | 'organization_member')[] | undefined;
  readonly visibility?: 'public' | 'private' | undefined;
  /** Part of the name, of the owner's login or of the description, without regard to case. */
  readonly search?: string | undefined;
  readonly sort: 'created' | 'updated' | 'pushed' | 'full_name';
  readonly direction: 'asc' | 'desc';
  /** Counts from 1. */
  readonly page: number;
  readonly perPage: number;
}

/** A record as the database gives it. */
export type RepositoryRow = {
  readonly [Name in Exclude<keyof RepositoryRecord, 'gitSettings'>]: undefined extends RepositoryRecord[Name]
    ? Exclude<RepositoryRecord[Name], undefined> | null
    : RepositoryRecord[Name];
} & { readonly gitSettings: StoredGitSettings };

/** The start of every query for records: joins the owner and the principal's membership. */
export function selectRecords(sql: SqlRunner, principal: Principal) {
  return sql`
    select r.id, r.name, r.owner_id as "ownerId", a.login as "ownerLogin", a.kind as "ownerKind",
           m.role as "membershipRole", r.description, r.homepage, r.visibility, r.archived,
           r.object_format as "objectFormat", r.head_target as "headTarget", r.git_settings as "gitSettings", r.refs_version as "refsVersion",
           r.packs_version as "packsVersion", r.size_bytes as "sizeBytes", r.created_at as "createdAt",
           r.updated_at as "updatedAt", r.pushed_at as "pushedAt"
    ${fromRecords(sql, principal)}`;
}

export function countRecords(sql: SqlRunner, principal: Principal) {
  return sql`select count(*) as count ${fromRecords(sql, principal)}`;
}

function fromRecords(sql: SqlRunner, principal: Principal) {
  return sql`
    from repository r join account a on a.id = r.owner_id
    left join membership m on m.organization_id = r.owner_id and m.user_id = ${userIdOf(principal)}`;
}

/** Only the conditions that are asked for, so that the planner can use an index for each. */
export function whereVisible(sql: SqlRunner, principal: Principal, filter: RepositoryFilter) {
  const conditions = [
    isReadable(sql, principal),
    filter.ownerId === undefined ? undefined : sql`r.owner_id = ${filter.ownerId}`,
    filter.affiliation === undefined ? undefined : isAffiliated(sql, principal, filter.affiliation),
    filter.visibility === undefined ? undefined : sql`r.visibility = ${filter.visibility}`,
    filter.search ? matches(sql, toLikePattern(filter.search)) : undefined,
  ].filter((condition) => condition !== undefined);
  return conditions.reduce((all, condition) => sql`${all} and ${condition}`, sql`where true`);
}

/** The same as `decideAccess` says of `repository:read`. */
function isReadable(sql: SqlRunner, principal: Principal) {
  switch (readableRepositories(principal)) {
    case 'all':
      return undefined;
    case 'own-and-public':
      return sql`(r.visibility = 'public' or r.owner_id = ${userIdOf(principal)} or m.role is not null)`;
    case 'public':
      return sql`r.visibility = 'public'`;
  }
}

function isAffiliated(sql: SqlRunner, principal: Principal, affiliation: readonly ('owner' | 'organization_member')[]) {
  const userId = userIdOf(principal);
  const own = affiliation.includes('owner') ? userId : null;
  const member = affiliation.includes('organization_member') ? userId : null;
  return sql`r.owner_id = any(
    array(select organization_id from membership where user_id = ${member}) || array[${own}::bigint])`;
}

function matches(sql: SqlRunner, pattern: string) {
  return sql`(r.name ilike ${pattern} or a.login ilike ${pattern} or r.description ilike ${pattern})`;
}

export function orderBy(sql: SqlRunner, filter: RepositoryFilter) {
  const direction = filter.direction === 'asc' ? sql`asc` : sql`desc`;
  switch (filter.sort) {
    case 'created':
      return sql`order by r.created_at ${direction}, r.id ${direction}`;
    case 'updated':
      return sql`order by r.updated_at ${direction}, r.id ${direction}`;
    case 'pushed':
      return sql`order by r.pushed_at ${direction} nulls last, r.id ${direction}`;
    case 'full_name':
      return sql`order by a.login_key ${direction}, r.name_key ${direction}`;
  }
}

/** No account has the id 0. */
function userIdOf(principal: Principal): number {
  return principal.kind === 'user' ? principal.userId : 0;
}

export function toRecord(row: RepositoryRow): RepositoryRecord {
  return {
    ...row,
    membershipRole: row.membershipRole ?? undefined,
    description: row.description ?? undefined,
    homepage: row.homepage ?? undefined,
    pushedAt: row.pushedAt ?? undefined,
    gitSettings: readGitSettings(row.gitSettings),
  };
}
