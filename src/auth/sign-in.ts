/**
 * Proving who one is by password: on the sign-in page, and wherever Basic authentication is taken. Wrong ones are counted for
 * the client's network and for the account; beyond either limit nothing is tried any more until the window ends. A wrong
 * name, a wrong password, a user without a password and a suspended user are told the same and take the same time.
 */
import type { Sql } from '#db/client.ts';
import { limits } from '#limits.ts';
import { callerNetwork } from './client-address.ts';
import type { UserIdentity } from './identity.ts';
import { hashPassword, verifyPassword } from './password.ts';
import type { RateLimit, RateLimiter } from './rate-limit.ts';
import type { SessionClient, Sessions } from './session.ts';

const PER_ADDRESS: RateLimit = {
  name: 'sign-in-address',
  max: limits.signInFailuresPerAddressMax,
  windowMs: limits.signInWindowMs,
};
const PER_ACCOUNT: RateLimit = {
  name: 'sign-in-account',
  max: limits.signInFailuresPerAccountMax,
  windowMs: limits.signInWindowMs,
};
/** Longer than any login or e-mail address. */
const NAME_MAX_CHARACTERS = 254;

export interface PasswordAttempt {
  /** A login or an e-mail address, as typed. */
  readonly name: string;
  readonly password: string;
  readonly clientAddress: string;
}

export type PasswordOutcome =
  | { readonly kind: 'verified'; readonly user: UserIdentity }
  | { readonly kind: 'refused' }
  | { readonly kind: 'rate-limited'; readonly retryAfterMs: number };

export type SignInOutcome =
  | {
      readonly kind: 'signed-in';
      readonly user: UserIdentity;
      readonly sessionId: string;
      /** Value for Set-Cookie. */
      readonly setCookie: string;
    }
  | Exclude<PasswordOutcome, { kind: 'verified' }>;

interface CredentialRow extends UserIdentity {
  readonly passwordHash: string | null;
  readonly suspended: boolean;
}

export class SignIn {
  readonly #sql: Sql;
  readonly #sessions: Sessions;
  readonly #rateLimiter: RateLimiter;

  constructor(sql: Sql, sessions: Sessions, rateLimiter: RateLimiter) {
    this.#sql = sql;
    this.#sessions = sessions;
    this.#rateLimiter = rateLimiter;
  }

  /**
   * Signs a browser in. Always starts a new session and ends the one that the browser came with, so that nobody who planted
   * or saw the old cookie comes in with it.
   */
  async signIn(
    attempt: PasswordAttempt,
    browser: Pick<SessionClient, 'userAgent'> & { readonly cookieHeader: string | undefined },
  ): Promise<SignInOutcome> {
    const outcome = await this.verify(attempt);
    if (outcome.kind !== 'verified') return outcome;
    const previous = await this.#sessions.find(browser.cookieHeader);
    if (previous !== undefined) await this.#sessions.end(previous.sessionId);
    const { clientAddress } = attempt;
    const session = await this.#sessions.start(outcome.user.userId, { clientAddress, userAgent: browser.userAgent });
    return { kind: 'signed-in', user: outcome.user, ...session };
  }

  /** Checks a password without signing in. */
  async verify(attempt: PasswordAttempt): Promise<PasswordOutcome> {
    const nameKey = attempt.name.slice(0, NAME_MAX_CHARACTERS).toLowerCase();
    const counters = [
      { limit: PER_ADDRESS, subject: callerNetwork(attempt.clientAddress) },
      { limit: PER_ACCOUNT, subject: nameKey },
    ];
    // Counted before the check and given back after it, so that guesses sent at once do not all slip under the limit.
    const taken = await Promise.all(counters.map(({ limit, subject }) => this.#rateLimiter.take(limit, subject)));
    const exceeded = taken.filter((status) => status.exceeded);
    if (exceeded.length > 0) {
      return { kind: 'rate-limited', retryAfterMs: Math.max(...exceeded.map((status) => status.resetInMs)) };
    }
    const user = await this.#verifyUncounted(nameKey, attempt.password);
    if (user === undefined) return { kind: 'refused' };
    await Promise.all(counters.map(({ limit, subject }) => this.#rateLimiter.giveBack(limit, subject)));
    return { kind: 'verified', user };
  }

  async #verifyUncounted(nameKey: string, password: string): Promise<UserIdentity | undefined> {
    const row = await this.#findCredential(nameKey);
    const verdict = await verifyPassword(row?.passwordHash ?? undefined, password);
    if (row === undefined || verdict === 'wrong' || row.suspended) return undefined;
    if (verdict === 'right-but-rehash') await this.#rehash(row, password);
    return { userId: row.userId, login: row.login, siteAdmin: row.siteAdmin };
  }

  async #findCredential(nameKey: string): Promise<CredentialRow | undefined> {
    // Postgres refuses NUL in texts, and no name has it.
    if (nameKey.includes('\0')) return undefined;
    const [row] = await this.#sql<CredentialRow[]>`
      select a.id as "userId", a.login, u.site_admin as "siteAdmin", u.password_hash as "passwordHash",
             u.suspended_at is not null as suspended
      from account a join user_credential u on u.user_id = a.id
      where a.login_key = ${nameKey}
         or a.id = (select e.user_id from email_address e where e.address_key = ${nameKey})`;
    return row;
  }

  /** Moves a hash made with older parameters to today's, unless the password was changed in the meantime. */
  async #rehash(row: CredentialRow, password: string): Promise<void> {
    const renewed = await hashPassword(password);
    await this.#sql`
      update user_credential set password_hash = ${renewed}
      where user_id = ${row.userId} and password_hash = ${row.passwordHash}`;
  }
}
