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
  'site_admin',
] as const;

export type Scope = (typeof SCOPES)[number];
