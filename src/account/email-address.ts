/** A user's e-mail addresses. An address belongs to one user; a user who has any has one primary one. */
import type { Database, TransactionSql } from '#db/client.ts';
import { isUniqueViolation } from '#db/postgres-error.ts';
import { findEmailFault } from './account-name.ts';
import { type InvalidField, invalid } from './invalid-field.ts';

export type AddEmailOutcome = { readonly kind: 'added' } | { readonly kind: 'email-taken' } | InvalidField;
export type RemoveEmailOutcome =
  | { readonly kind: 'removed' }
  /** Another one must become primary first. */
  | { readonly kind: 'primary' }
  | { readonly kind: 'unknown' };

/** Adds an address; the first one becomes primary. */
export async function addEmail(database: Database, userId: number, address: string): Promise<AddEmailOutcome> {
  const fault = findEmailFault(address);
  if (fault !== undefined) return invalid('email', fault);
  try {
    await database.transaction(async (tx) => {
      await lockUser(tx, userId);
      await tx`
        insert into email_address (user_id, address, address_key, is_primary)
        values (${userId}, ${address}, ${address.toLowerCase()},
                not exists (select 1 from email_address where user_id = ${userId} and is_primary))`;
    });
    return { kind: 'added' };
  } catch (error) {
    if (isUniqueViolation(error, 'email_address_key')) return { kind: 'email-taken' };
    throw error;
  }
}

export function removeEmail(database: Database, userId: number, emailId: number): Promise<RemoveEmailOutcome> {
  return database.transaction(async (tx) => {
    await lockUser(tx, userId);
    const [email] = await tx<{ isPrimary: boolean }[]>`
      select is_primary as "isPrimary" from email_address where user_id = ${userId} and id = ${emailId}`;
    if (email === undefined) return { kind: 'unknown' };
    if (email.isPrimary) return { kind: 'primary' };
    await tx`delete from email_address where user_id = ${userId} and id = ${emailId}`;
    return { kind: 'removed' };
  });
}

/** @returns whether the user has such an address */
export function makeEmailPrimary(database: Database, userId: number, emailId: number): Promise<boolean> {
  return database.transaction(async (tx) => {
    await lockUser(tx, userId);
    const [email] = await tx`select 1 from email_address where user_id = ${userId} and id = ${emailId}`;
    if (email === undefined) return false;
    // Two statements: the index that allows one primary address is checked row by row.
    await tx`update email_address set is_primary = false where user_id = ${userId} and is_primary`;
    await tx`update email_address set is_primary = true where user_id = ${userId} and id = ${emailId}`;
    return true;
  });
}

/** Changes of one user's addresses take turns. */
async function lockUser(tx: TransactionSql, userId: number): Promise<void> {
  await tx`select 1 from user_credential where user_id = ${userId} for no key update`;
}
