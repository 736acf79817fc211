/** Makes a user: an account, its credential and its first e-mail address, all or none. */
import { findPasswordFault, hashPassword } from '#auth/password.ts';
import type { Database, TransactionSql } from '#db/client.ts';
import { isUniqueViolation } from '#db/postgres-error.ts';
import { limits } from '#limits.ts';
import { findEmailFault, findLoginFault, findTextFault } from './account-name.ts';
import { type InvalidField, invalid } from './invalid-field.ts';
import { passwordFaultReason } from './password-fault-reason.ts';

export interface NewUser {
  readonly login: string;
  readonly email?: string | undefined;
  /** Absent: the user signs in by token alone, until a password is set. */
  readonly password?: string | undefined;
  readonly name?: string | undefined;
  readonly siteAdmin?: boolean | undefined;
}

export interface CreatedUser {
  readonly userId: number;
  readonly login: string;
}

export type CreateUserOutcome =
  | { readonly kind: 'created'; readonly user: CreatedUser }
  | { readonly kind: 'login-taken' }
  | { readonly kind: 'email-taken' }
  | InvalidField;

/** A user whose texts were found good, and whose password is hashed. */
export interface CheckedUser extends Omit<NewUser, 'password'> {
  readonly passwordHash: string | undefined;
}

export async function createUser(database: Database, request: NewUser): Promise<CreateUserOutcome> {
  const fault = findUserFault(request);
  if (fault !== undefined) return fault;
  const checked = await hashUser(request);
  return reportTaken(async () => {
    const user = await database.transaction((tx) => insertUser(tx, checked));
    return { kind: 'created', user };
  });
}

export function findUserFault(request: NewUser): InvalidField | undefined {
  const { login, email, password, name } = request;
  const loginFault = findLoginFault(login);
  if (loginFault !== undefined) return invalid('login', loginFault);
  const emailFault = email ? findEmailFault(email) : undefined;
  if (emailFault !== undefined) return invalid('email', emailFault);
  const nameFault = name ? findTextFault(name, limits.displayNameMaxCharacters) : undefined;
  if (nameFault !== undefined) return invalid('name', nameFault);
  const passwordFault = password === undefined ? undefined : findPasswordFault(password);
  return passwordFault && invalid('password', passwordFaultReason(passwordFault));
}

/** Hashes outside of any transaction, since it takes long. */
export async function hashUser(request: NewUser): Promise<CheckedUser> {
  const { password, ...rest } = request;
  return { ...rest, passwordHash: password === undefined ? undefined : await hashPassword(password) };
}

/** Runs inside the caller's transaction. @throws a unique violation, which `reportTaken` turns into an outcome */
export async function insertUser(tx: TransactionSql, user: CheckedUser): Promise<CreatedUser> {
  const [account] = await tx<{ id: number }[]>`
    insert into account (kind, login, login_key, name)
    values ('user', ${user.login}, ${user.login.toLowerCase()}, ${user.name || null}) returning id`;
  if (account === undefined) throw new Error(`insert user "${user.login}": no row came back`);
  await tx`
    insert into user_credential (user_id, password_hash, site_admin)
    values (${account.id}, ${user.passwordHash ?? null}, ${user.siteAdmin ?? false})`;
  if (user.email) {
    await tx`
      insert into email_address (user_id, address, address_key, is_primary)
      values (${account.id}, ${user.email}, ${user.email.toLowerCase()}, true)`;
  }
  return { userId: account.id, login: user.login };
}

/** Turns the database's refusal of a second login or address into an outcome. */
export async function reportTaken<T>(
  insert: () => Promise<T>,
): Promise<T | { readonly kind: 'login-taken' } | { readonly kind: 'email-taken' }> {
  try {
    return await insert();
  } catch (error) {
    if (isUniqueViolation(error, 'account_login_key')) return { kind: 'login-taken' };
    if (isUniqueViolation(error, 'email_address_key')) return { kind: 'email-taken' };
    throw error;
  }
}
