/** Who belongs to an organization. It never loses its last owner, also not when two owners leave at the same moment. */
import type { Database, TransactionSql } from '#db/client.ts';

export interface MembershipKey {
  readonly organizationId: number;
  readonly userId: number;
}

export type SetMembershipOutcome =
  | { readonly kind: 'set' }
  | { readonly kind: 'last-owner' }
  /** There is no such organization, or no such user. */
  | { readonly kind: 'unknown' };
export type RemoveMembershipOutcome =
  | { readonly kind: 'removed' }
  | { readonly kind: 'last-owner' }
  | { readonly kind: 'not-a-member' };

/** Adds a user to an organization, or changes the role of one who belongs to it. */
export function setMembership(
  database: Database,
  key: MembershipKey,
  role: 'owner' | 'member',
): Promise<SetMembershipOutcome> {
  return database.transaction(async (tx) => {
    await lockOrganization(tx, key.organizationId);
    if (role === 'member' && (await isLastOwner(tx, key))) return { kind: 'last-owner' };
    const set = await tx`
      insert into membership (organization_id, user_id, role)
      select a.id, u.user_id, ${role} from account a, user_credential u
      where a.id = ${key.organizationId} and a.kind = 'organization' and u.user_id = ${key.userId}
      on conflict (organization_id, user_id) do update set role = excluded.role`;
    return { kind: set.count > 0 ? 'set' : 'unknown' };
  });
}

/** Ends a membership, and with it the access to every repository that came with it. */
export function removeMembership(database: Database, key: MembershipKey): Promise<RemoveMembershipOutcome> {
  return database.transaction(async (tx) => {
    await lockOrganization(tx, key.organizationId);
    if (await isLastOwner(tx, key)) return { kind: 'last-owner' };
    const removed = await tx`
      delete from membership where organization_id = ${key.organizationId} and user_id = ${key.userId}`;
    return { kind: removed.count > 0 ? 'removed' : 'not-a-member' };
  });
}

/** Changes of one organization's members take turns. */
async function lockOrganization(tx: TransactionSql, organizationId: number): Promise<void> {
  await tx`select 1 from account where id = ${organizationId} for no key update`;
}

async function isLastOwner(tx: TransactionSql, key: MembershipKey): Promise<boolean> {
  const owners = await tx<{ userId: number }[]>`
    select user_id as "userId" from membership where organization_id = ${key.organizationId} and role = 'owner'`;
  return owners.length === 1 && owners[0]?.userId === key.userId;
}
