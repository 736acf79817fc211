/** OAuth scopes that a token may carry: GitHub's names. A wider scope includes the narrower ones below it. */
export const SCOPES = [
  'repo',
  'public_repo',
  'delete_repo',
  'read:org',
  'write:org',
  'admin:org',
  'user',
  'read:user',
  'user:email',
  'read:public_key',
  'write:public_key',
  'admin:public_key',
  'site_admin',
] as const;

export type Scope = (typeof SCOPES)[number];

/** What each scope includes beside itself, at any depth. */
const INCLUDED: Readonly<Record<Scope, readonly Scope[]>> = {
  repo: ['public_repo'],
  public_repo: [],
  delete_repo: [],
  'admin:org': ['write:org', 'read:org'],
  'write:org': ['read:org'],
  'read:org': [],
  user: ['read:user', 'user:email'],
  'read:user': [],
  'user:email': [],
  'admin:public_key': ['write:public_key', 'read:public_key'],
  'write:public_key': ['read:public_key'],
  'read:public_key': [],
  site_admin: [],
};

export function isScope(name: string): name is Scope {
  return Object.hasOwn(INCLUDED, name);
}

/** Whether one of the scopes granted is `needed`, or includes it. */
export function includesScope(granted: readonly Scope[], needed: Scope): boolean {
  return granted.some((scope) => scope === needed || INCLUDED[scope].includes(needed));
}

/** Sorted as in `SCOPES`, without repetitions and without what another one includes. */
export function normalizeScopes(scopes: readonly Scope[]): Scope[] {
  const implied = new Set(scopes.flatMap((scope) => INCLUDED[scope]));
  return SCOPES.filter((scope) => scopes.includes(scope) && !implied.has(scope));
}
