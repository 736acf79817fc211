/** Changes what an account says about itself. */
import type { Database } from '#db/client.ts';
import { limits } from '#limits.ts';
import { findTextFault } from './account-name.ts';
import { type InvalidField, invalid } from './invalid-field.ts';

/** Absent: stays as it is. Null or empty: is cleared. */
export interface ProfileChanges {
  readonly name?: string | null | undefined;
  readonly description?: string | null | undefined;
}

export async function updateProfile(
  database: Database,
  accountId: number,
  changes: ProfileChanges,
): Promise<{ readonly kind: 'updated' } | InvalidField> {
  const { name, description } = changes;
  const nameFault = name ? findTextFault(name, limits.displayNameMaxCharacters) : undefined;
  if (nameFault !== undefined) return invalid('name', nameFault);
  const descriptionFault = description ? findTextFault(description, limits.accountDescriptionMaxCharacters) : undefined;
  if (descriptionFault !== undefined) return invalid('description', descriptionFault);
  const columns = {
    ...(name !== undefined && { name: name || null }),
    ...(description !== undefined && { description: description || null }),
    updated_at: new Date(),
  };
  await database.sql`update account set ${database.sql(columns)} where id = ${accountId}`;
  return { kind: 'updated' };
}
