/** Changes a password, and ends every session that the old one opened. Access tokens stay: they are revoked one by one. */
import { findPasswordFault, hashPassword } from '#auth/password.ts';
import type { Sessions } from '#auth/session.ts';
import type { SignIn } from '#auth/sign-in.ts';
import type { Database } from '#db/client.ts';
import { type InvalidField, invalid } from './invalid-field.ts';
import { passwordFaultReason } from './password-fault-reason.ts';

export interface PasswordChange {
  readonly userId: number;
  readonly login: string;
  readonly currentPassword: string;
  readonly newPassword: string;
  readonly clientAddress: string;
}

export type ChangePasswordOutcome =
  /** Every session is over, the one that asked included: its door starts a new one. */
  | { readonly kind: 'changed' }
  | { readonly kind: 'wrong-password' }
  | { readonly kind: 'rate-limited'; readonly retryAfterMs: number }
  | InvalidField;

/** A user's own change: a session left open is not enough, the current password is asked for. */
export async function changePassword(
  services: { readonly database: Database; readonly sessions: Sessions; readonly signIn: SignIn },
  change: PasswordChange,
): Promise<ChangePasswordOutcome> {
  const { login, currentPassword, clientAddress } = change;
  const fault = findPasswordFault(change.newPassword);
  if (fault !== undefined) return invalid('password', passwordFaultReason(fault));
  const proof = await services.signIn.verify({ name: login, password: currentPassword, clientAddress });
  if (proof.kind === 'rate-limited') return proof;
  if (proof.kind === 'refused' || proof.user.userId !== change.userId) return { kind: 'wrong-password' };
  await storePassword(services, change.userId, change.newPassword);
  return { kind: 'changed' };
}

/** An administrator's change, for a user who has no password or has lost it. */
export async function setPassword(
  services: { readonly database: Database; readonly sessions: Sessions },
  userId: number,
  newPassword: string,
): Promise<{ readonly kind: 'changed' } | InvalidField> {
  const fault = findPasswordFault(newPassword);
  if (fault !== undefined) return invalid('password', passwordFaultReason(fault));
  await storePassword(services, userId, newPassword);
  return { kind: 'changed' };
}

async function storePassword(
  { database, sessions }: { readonly database: Database; readonly sessions: Sessions },
  userId: number,
  newPassword: string,
): Promise<void> {
  const passwordHash = await hashPassword(newPassword);
  await database.sql`update user_credential set password_hash = ${passwordHash} where user_id = ${userId}`;
  await sessions.endAllOf(userId);
}
