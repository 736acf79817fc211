/** Makes an organization with its first owner. */
import type { Database } from '#db/client.ts';
import { isUniqueViolation } from '#db/postgres-error.ts';
import { limits } from '#limits.ts';
import { findLoginFault, findTextFault } from './account-name.ts';
import { type InvalidField, invalid } from './invalid-field.ts';

export interface NewOrganization {
  readonly login: string;
  readonly name?: string | undefined;
  readonly description?: string | undefined;
  /** The user who will own it. */
  readonly ownerUserId: number;
}

export type CreateOrganizationOutcome =
  | { readonly kind: 'created'; readonly organizationId: number }
  | { readonly kind: 'login-taken' }
  | InvalidField;

export async function createOrganization(
  database: Database,
  request: NewOrganization,
): Promise<CreateOrganizationOutcome> {
  const fault = findFault(request);
  if (fault !== undefined) return fault;
  try {
    return { kind: 'created', organizationId: await insertOrganization(database, request) };
  } catch (error) {
    if (isUniqueViolation(error, 'account_login_key')) return { kind: 'login-taken' };
    throw error;
  }
}

function findFault({ login, name, description }: NewOrganization): InvalidField | undefined {
  const loginFault = findLoginFault(login);
  if (loginFault !== undefined) return invalid('login', loginFault);
  const nameFault = name ? findTextFault(name, limits.displayNameMaxCharacters) : undefined;
  if (nameFault !== undefined) return invalid('name', nameFault);
  const descriptionFault = description ? findTextFault(description, limits.accountDescriptionMaxCharacters) : undefined;
  return descriptionFault === undefined ? undefined : invalid('description', descriptionFault);
}

function insertOrganization(database: Database, request: NewOrganization): Promise<number> {
  const { login, name, description, ownerUserId } = request;
  return database.transaction(async (tx) => {
    const [organization] = await tx<{ id: number }[]>`
      insert into account (kind, login, login_key, name, description)
      values ('organization', ${login}, ${login.toLowerCase()}, ${name || null}, ${description || null}) returning id`;
    if (organization === undefined) throw new Error(`insert organization "${login}": no row came back`);
    await tx`
      insert into membership (organization_id, user_id, role)
      values (${organization.id}, ${ownerUserId}, 'owner')`;
    return organization.id;
  });
}
