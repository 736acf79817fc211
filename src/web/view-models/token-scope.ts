/** The scopes that a token may have, as the form explains them. */
import type { Scope } from '#auth/scope.ts';

export interface ScopeChoice {
  readonly scope: Scope;
  readonly meaning: string;
}

const MEANINGS: Readonly<Record<Scope, string>> = {
  repo: 'Read and write repositories, private ones too; what git needs to push',
  public_repo: 'Write to public repositories only',
  delete_repo: 'Delete repositories',
  'read:org': 'Read the members of your organizations',
  'write:org': 'Change the members of your organizations',
  'admin:org': 'Administer your organizations',
  user: 'Read and change your profile',
  'read:user': 'Read your profile',
  'user:email': 'Read your e-mail addresses',
  'read:public_key': 'Read your SSH keys',
  'write:public_key': 'Add SSH keys, which can do all that you can do with git',
  'admin:public_key': 'Add and remove SSH keys',
  site_admin: 'Administer this site',
};

/** Only administrators of the site can give `site_admin`. */
export function scopeChoices(isSiteAdmin: boolean): ScopeChoice[] {
  return (Object.keys(MEANINGS) as Scope[])
    .filter((scope) => scope !== 'site_admin' || isSiteAdmin)
    .map((scope) => ({ scope, meaning: MEANINGS[scope] }));
}

/** The scopes of a form, of which it may have sent any text. */
export function chosenScopes(values: readonly string[], isSiteAdmin: boolean): Scope[] {
  return scopeChoices(isSiteAdmin)
    .map(({ scope }) => scope)
    .filter((scope) => values.includes(scope));
}

export const TOKEN_LIFETIMES_DAYS = [7, 30, 90, 365] as const;

/** @param days as the form sent it: a number of the list, or `never` @returns undefined for tokens that do not expire */
export function expiryOf(days: string, now: Date = new Date()): Date | undefined {
  const lifetimeDays = TOKEN_LIFETIMES_DAYS.find((candidate) => String(candidate) === days);
  return lifetimeDays === undefined ? undefined : new Date(now.getTime() + lifetimeDays * 86_400_000);
}
