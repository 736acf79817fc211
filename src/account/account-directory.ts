/** Which accounts there are: users, organizations and who belongs to them. Reads only; the workflows beside it change them. */
import { and, asc, count, desc, eq, gt, ilike, or, type SQL } from 'drizzle-orm';
import { alias } from 'drizzle-orm/pg-core';
import type { Principal } from '#auth/principal.ts';
import type { Database } from '#db/client.ts';
import { toLikePattern } from '#db/like-pattern.ts';
import { account, emailAddress, membership, userCredential } from '#db/schema/account.ts';
import type { AccountRecord, EmailRecord, MemberRecord } from './account-record.ts';

export interface AccountFilter {
  readonly kind?: 'user' | 'organization' | undefined;
  /** Part of the login or of the display name, without regard to case. */
  readonly search?: string | undefined;
  /** Only accounts with a larger id: GitHub's way of paging through all of them. */
  readonly afterId?: number | undefined;
  /** Counts from 1. */
  readonly page: number;
  readonly perPage: number;
}

export interface AccountPage {
  readonly accounts: readonly AccountRecord[];
  /** On all pages together. */
  readonly totalCount: number;
}

export interface MemberPage {
  readonly members: readonly MemberRecord[];
  readonly totalCount: number;
}

/** The asking user's own membership, beside the one that a query is about. */
const own = alias(membership, 'own');

const RECORD_COLUMNS = {
  accountId: account.id,
  kind: account.kind,
  login: account.login,
  name: account.name,
  description: account.description,
  siteAdmin: userCredential.siteAdmin,
  suspendedAt: userCredential.suspendedAt,
  membershipRole: own.role,
  createdAt: account.createdAt,
  updatedAt: account.updatedAt,
};

type AccountRow = {
  readonly [Name in keyof AccountRecord]: AccountRecord[Name] | null;
} & Pick<AccountRecord, 'accountId' | 'kind' | 'login' | 'createdAt' | 'updatedAt'>;

export class AccountDirectory {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  /** Without regard to case. */
  async find(login: string, principal: Principal): Promise<AccountRecord | undefined> {
    // Postgres refuses NUL in texts, and no login has it.
    if (login.includes('\0')) return undefined;
    const rows = await this.#select(principal).where(eq(account.loginKey, login.toLowerCase()));
    return rows.map(toRecord)[0];
  }

  async findById(accountId: number, principal: Principal): Promise<AccountRecord | undefined> {
    const rows = await this.#select(principal).where(eq(account.id, accountId));
    return rows.map(toRecord)[0];
  }

  /** In order of creation. */
  async list(filter: AccountFilter, principal: Principal): Promise<AccountPage> {
    const condition = whereAccount(filter);
    const [rows, counted] = await Promise.all([
      this.#select(principal)
        .where(condition)
        .orderBy(asc(account.id))
        .limit(filter.perPage)
        .offset((filter.page - 1) * filter.perPage),
      this.#database.orm.select({ count: count() }).from(account).where(condition),
    ]);
    return { accounts: rows.map(toRecord), totalCount: counted[0]?.count ?? 0 };
  }

  /** The organizations that a user belongs to, by name, with that user's role. */
  async organizationsOf(userId: number, principal: Principal): Promise<MemberRecord[]> {
    const rows = await this.#selectMembers(principal, eq(account.id, membership.organizationId))
      .where(eq(membership.userId, userId))
      .orderBy(asc(account.loginKey));
    return rows.map(toMember);
  }

  /** The members of an organization, by name. */
  async membersOf(
    organizationId: number,
    page: { readonly page: number; readonly perPage: number },
    principal: Principal,
  ): Promise<MemberPage> {
    const condition = eq(membership.organizationId, organizationId);
    const [rows, counted] = await Promise.all([
      this.#selectMembers(principal, eq(account.id, membership.userId))
        .where(condition)
        .orderBy(asc(account.loginKey))
        .limit(page.perPage)
        .offset((page.page - 1) * page.perPage),
      this.#database.orm.select({ count: count() }).from(membership).where(condition),
    ]);
    return { members: rows.map(toMember), totalCount: counted[0]?.count ?? 0 };
  }

  /** A user's addresses, the primary one first. */
  async emailsOf(userId: number): Promise<EmailRecord[]> {
    const rows = await this.#database.orm
      .select()
      .from(emailAddress)
      .where(eq(emailAddress.userId, userId))
      .orderBy(desc(emailAddress.isPrimary), asc(emailAddress.id));
    return rows.map(({ id, address, isPrimary, verifiedAt }) => ({
      id,
      address,
      isPrimary,
      verifiedAt: verifiedAt ?? undefined,
    }));
  }

  #select(principal: Principal) {
    return this.#database.orm
      .select(RECORD_COLUMNS)
      .from(account)
      .leftJoin(userCredential, eq(userCredential.userId, account.id))
      .leftJoin(own, isOwn(principal));
  }

  #selectMembers(principal: Principal, accountOfMembership: SQL) {
    return this.#database.orm
      .select({ ...RECORD_COLUMNS, role: membership.role })
      .from(membership)
      .innerJoin(account, accountOfMembership)
      .leftJoin(userCredential, eq(userCredential.userId, account.id))
      .leftJoin(own, isOwn(principal));
  }
}

function isOwn(principal: Principal): SQL | undefined {
  // No account has the id 0.
  const userId = principal.kind === 'user' ? principal.userId : 0;
  return and(eq(own.organizationId, account.id), eq(own.userId, userId));
}

function whereAccount(filter: AccountFilter): SQL | undefined {
  const pattern = filter.search ? toLikePattern(filter.search) : undefined;
  return and(
    filter.kind === undefined ? undefined : eq(account.kind, filter.kind),
    filter.afterId === undefined ? undefined : gt(account.id, filter.afterId),
    pattern === undefined ? undefined : or(ilike(account.login, pattern), ilike(account.name, pattern)),
  );
}

function toMember(row: AccountRow & { role: 'owner' | 'member' }): MemberRecord {
  return { account: toRecord(row), role: row.role };
}

function toRecord(row: AccountRow): AccountRecord {
  return {
    accountId: row.accountId,
    kind: row.kind,
    login: row.login,
    name: row.name ?? undefined,
    description: row.description ?? undefined,
    siteAdmin: row.siteAdmin ?? false,
    suspendedAt: row.suspendedAt ?? undefined,
    membershipRole: row.membershipRole ?? undefined,
    createdAt: row.createdAt,
    updatedAt: row.updatedAt,
  };
}
