/** An account as the directory knows it. */
import type { AccountFacts } from '#auth/permission.ts';

export interface AccountRecord extends AccountFacts {
  readonly login: string;
  /** Display name. */
  readonly name: string | undefined;
  readonly description: string | undefined;
  /** False for organizations. */
  readonly siteAdmin: boolean;
  /** Since when the user may not sign in; undefined for everybody else. */
  readonly suspendedAt: Date | undefined;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface EmailRecord {
  readonly id: number;
  readonly address: string;
  readonly isPrimary: boolean;
  readonly verifiedAt: Date | undefined;
}

export interface MemberRecord {
  readonly account: AccountRecord;
  readonly role: 'owner' | 'member';
}
