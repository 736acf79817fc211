/** Shuts a user out, and lets one in again. What the user owns stays as it is. */
import type { Sessions } from '#auth/session.ts';
import type { Database } from '#db/client.ts';

/** Sessions end at once; passwords and tokens are refused from now on. @returns whether there is such a user */
export async function suspendUser(
  services: { readonly database: Database; readonly sessions: Sessions },
  userId: number,
): Promise<boolean> {
  const result = await services.database.sql`
    update user_credential set suspended_at = coalesce(suspended_at, now()) where user_id = ${userId}`;
  await services.sessions.endAllOf(userId);
  return result.count > 0;
}

/** @returns whether there is such a user */
export async function reinstateUser(database: Database, userId: number): Promise<boolean> {
  const result = await database.sql`update user_credential set suspended_at = null where user_id = ${userId}`;
  return result.count > 0;
}
