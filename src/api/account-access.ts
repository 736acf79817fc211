/** Permissions about accounts: one's own, one that will own a repository, and the whole site. */
import type { SelfAction } from '#auth/permission.ts';
import type { UserPrincipal } from '#auth/principal.ts';
import type { AccessPermission } from './route.ts';

/** For what is the caller's own; the target is the caller. */
export function selfAccess(action: SelfAction): AccessPermission<unknown, UserPrincipal> {
  return {
    action,
    find: ({ principal }) => ({
      access: { action },
      target: principal.kind === 'user' ? principal : undefined,
    }),
  };
}

/** For what administers the whole site; the target is the administrator. */
export const siteAdministration: AccessPermission<unknown, UserPrincipal> = {
  action: 'site:admin',
  find: ({ principal }) => ({
    access: { action: 'site:admin' },
    target: principal.kind === 'user' ? principal : undefined,
  }),
};
