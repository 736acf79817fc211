/**
 * The workflows on accounts, as the doors call them: each is a function in a file of its own, bound here to the services it
 * works with. Whether the caller may is decided before; reading is `account-directory.ts`.
 */
import type { RateLimiter } from '#auth/rate-limit.ts';
import type { Sessions } from '#auth/session.ts';
import type { SignIn } from '#auth/sign-in.ts';
import type { Database } from '#db/client.ts';
import { changePassword, type PasswordChange, setPassword } from './change-password.ts';
import { createOrganization, type NewOrganization } from './create-organization.ts';
import { createUser, type NewUser } from './create-user.ts';
import { addEmail, makeEmailPrimary, removeEmail } from './email-address.ts';
import { completeSetup, isSetupComplete, type SetupRequest } from './first-administrator.ts';
import { type MembershipKey, removeMembership, setMembership } from './membership.ts';
import { type SignUpMode, type SignUpRequest, signUp } from './sign-up.ts';
import { reinstateUser, suspendUser } from './suspend-user.ts';
import { type ProfileChanges, updateProfile } from './update-profile.ts';

export interface AccountWorkflowServices {
  readonly database: Database;
  readonly sessions: Sessions;
  readonly signIn: SignIn;
  readonly rateLimiter: RateLimiter;
  readonly signUpMode: SignUpMode;
}

export type AccountWorkflows = ReturnType<typeof bindAccountWorkflows>;

export function bindAccountWorkflows(services: AccountWorkflowServices) {
  const { database, rateLimiter, signUpMode } = services;
  return {
    isSetupComplete: () => isSetupComplete(database),
    completeSetup: (request: SetupRequest) => completeSetup(database, request),
    signUp: (request: SignUpRequest) => signUp({ database, rateLimiter, mode: signUpMode }, request),
    createUser: (request: NewUser) => createUser(database, request),
    suspendUser: (userId: number) => suspendUser(services, userId),
    reinstateUser: (userId: number) => reinstateUser(database, userId),
    changePassword: (change: PasswordChange) => changePassword(services, change),
    setPassword: (userId: number, newPassword: string) => setPassword(services, userId, newPassword),
    updateProfile: (accountId: number, changes: ProfileChanges) => updateProfile(database, accountId, changes),
    addEmail: (userId: number, address: string) => addEmail(database, userId, address),
    removeEmail: (userId: number, emailId: number) => removeEmail(database, userId, emailId),
    makeEmailPrimary: (userId: number, emailId: number) => makeEmailPrimary(database, userId, emailId),
    createOrganization: (request: NewOrganization) => createOrganization(database, request),
    setMembership: (key: MembershipKey, role: 'owner' | 'member') => setMembership(database, key, role),
    removeMembership: (key: MembershipKey) => removeMembership(database, key),
  };
}
