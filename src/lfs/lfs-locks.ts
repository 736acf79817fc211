/**
 * Who has locked which path of a repository, so that people do not work on the same unmergeable file — git-lfs, docs/api/locking.md. The
 * locks are the clients' to heed: a push is not refused here for one.
 *
 * Every question carries the repository's id: a lock's own id finds nothing elsewhere. That the user may write was decided by
 * the caller.
 */
import type { Database } from '#db/client.ts';
import { isUniqueViolation } from '#db/postgres-error.ts';
import { limits } from '#limits.ts';

export interface LfsLock {
  readonly id: number;
  readonly path: string;
  readonly lockedAt: Date;
  readonly ownerId: number;
  readonly ownerLogin: string;
}

export interface LockFilter {
  readonly path?: string | undefined;
  readonly id?: number | undefined;
  /** Only locks after this one. */
  readonly afterId?: number | undefined;
  readonly countMax: number;
}

export interface LockPage {
  /** In the order in which they were made. */
  readonly locks: readonly LfsLock[];
  /** Undefined on the last page. */
  readonly nextAfterId: number | undefined;
}

export type LockOutcome =
  | { readonly kind: 'locked'; readonly lock: LfsLock }
  /** By somebody else, or by the same user before. */
  | { readonly kind: 'taken'; readonly lock: LfsLock };

export type UnlockOutcome =
  | { readonly kind: 'unlocked'; readonly lock: LfsLock }
  | { readonly kind: 'missing' }
  /** It is another user's, and nobody forced it. */
  | { readonly kind: 'not-own'; readonly lock: LfsLock };

const TRIES_MAX = 3;

export class LfsLocks {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async lock(repositoryId: number, path: string, ownerId: number): Promise<LockOutcome> {
    for (let tries = 1; ; tries++) {
      try {
        return { kind: 'locked', lock: await this.#insert(repositoryId, path, ownerId) };
      } catch (error) {
        if (!isUniqueViolation(error, 'lfs_lock_path')) throw error;
        const [lock] = (await this.list(repositoryId, { path, countMax: 1 })).locks;
        if (lock !== undefined) return { kind: 'taken', lock };
        // It was released in between.
        if (tries === TRIES_MAX) throw error;
      }
    }
  }

  async list(repositoryId: number, filter: LockFilter): Promise<LockPage> {
    const { sql } = this.#database;
    const { path, id, afterId = 0, countMax } = filter;
    const rows = await sql<LfsLock[]>`
      select l.id, l.path, l.locked_at as "lockedAt", l.owner_id as "ownerId", a.login as "ownerLogin"
      from lfs_lock l join account a on a.id = l.owner_id
      where l.repository_id = ${repositoryId} and l.id > ${afterId}
        ${path === undefined ? sql`` : sql`and l.path = ${path}`}
        ${id === undefined ? sql`` : sql`and l.id = ${id}`}
      order by l.id limit ${countMax + 1}`;
    const locks = rows.slice(0, countMax);
    return { locks, nextAfterId: rows.length > countMax ? locks.at(-1)?.id : undefined };
  }

  /** @param mode `force` takes away another user's lock too */
  async unlock(
    repositoryId: number,
    lockId: number,
    userId: number | undefined,
    mode: 'own' | 'force',
  ): Promise<UnlockOutcome> {
    const [lock] = (await this.list(repositoryId, { id: lockId, countMax: 1 })).locks;
    if (lock === undefined) return { kind: 'missing' };
    if (lock.ownerId !== userId && mode === 'own') return { kind: 'not-own', lock };
    const removed = await this.#database.sql`
      delete from lfs_lock where repository_id = ${repositoryId} and id = ${lockId}`;
    return removed.count > 0 ? { kind: 'unlocked', lock } : { kind: 'missing' };
  }

  async #insert(repositoryId: number, path: string, ownerId: number): Promise<LfsLock> {
    const [lock] = await this.#database.sql<LfsLock[]>`
      with made as (
        insert into lfs_lock (repository_id, path, owner_id) values (${repositoryId}, ${path}, ${ownerId}) returning *
      )
      select l.id, l.path, l.locked_at as "lockedAt", l.owner_id as "ownerId", a.login as "ownerLogin"
      from made l join account a on a.id = l.owner_id`;
    if (lock === undefined) throw new Error(`lock "${path}": no row came back`);
    return lock;
  }
}

/** @returns a sentence about what keeps the text from being the path of a file in a repository; undefined when nothing does */
export function findLockPathFault(path: string): string | undefined {
  if (Buffer.byteLength(path) > limits.lfsLockPathMaxBytes) {
    return `A path has at most ${limits.lfsLockPathMaxBytes} bytes.`;
  }
  if (path.includes('\0') || !path.isWellFormed()) return 'A path is text without NUL.';
  if (path.split('/').some((name) => ['', '.', '..'].includes(name))) {
    return 'A path is relative to the root of the repository, without empty, "." or ".." parts.';
  }
  return undefined;
}
