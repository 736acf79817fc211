/**
 * How to start Postgres as this user: it refuses to run as root, and it should not outlive us. util-linux gives both,
 * `unshare(1)` a user namespace in which root is an ordinary user, `setpriv(1)` a signal at the death of the parent.
 */
import { spawnSync } from 'node:child_process';

/** nobody:nogroup, everywhere. */
const UNPRIVILEGED_ID = 65_534;

export interface PostgresLauncher {
  /** Words in front of the command. */
  readonly prefix: readonly string[];
  /** For `spawn`: the user to become, where that is another than ours. */
  readonly credentials: { readonly uid?: number; readonly gid?: number };
}

/**
 * As root: a user namespace, which needs neither another user nor other owners of the files; where those are forbidden
 * (Docker's default profile) the user nobody, who then must own the data folder. As anybody else: directly.
 */
export function choosePostgresLauncher(): PostgresLauncher {
  const guard = succeeds(DEATH_GUARD) ? DEATH_GUARD : [];
  if (process.getuid?.() !== 0) return { prefix: guard, credentials: {} };
  if (guard.length > 0 && succeeds([...ORDINARY_USER, ...guard]))
    return { prefix: [...ORDINARY_USER, ...guard], credentials: {} };
  return { prefix: guard, credentials: { uid: UNPRIVILEGED_ID, gid: UNPRIVILEGED_ID } };
}

/** SIGINT is Postgres's "fast shutdown". */
const DEATH_GUARD = ['setpriv', '--pdeathsig', 'INT', '--'];
const ORDINARY_USER = ['unshare', '--user', '--map-user=1000', '--map-group=1000', '--'];

function succeeds(prefix: readonly string[]): boolean {
  const [command = '', ...args] = [...prefix, 'true'];
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}
