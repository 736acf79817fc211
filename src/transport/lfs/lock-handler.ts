/** The locks of a repository: made, listed, looked at before a push, and released — git-lfs, docs/api/locking.md. */
import { z } from 'zod';
import type { Principal } from '#auth/principal.ts';
import { findLockPathFault, type LfsLock, type LockFilter } from '#lfs/lfs-locks.ts';
import { limits } from '#limits.ts';
import type { RepositoryAddress } from '../git/git-access.ts';
import { forbidden, HttpRefusal, notFound } from '../http/http-refusal.ts';
import { authenticateLfs, authorizeExisting, authorizeLfs } from './lfs-access.ts';
import { errorBody, type LfsExchange } from './lfs-exchange.ts';
import { refSchema } from './lfs-schema.ts';

const newLockSchema = z.object({ path: z.string(), ref: refSchema.nullish() });
const unlockSchema = z.object({ force: z.boolean().nullish(), ref: refSchema.nullish() });
const verificationSchema = z.object({
  cursor: z.string().nullish(),
  limit: z.number().int().min(0).nullish(),
  ref: refSchema.nullish(),
});

/** A second's precision, upper-case: what the client's schema takes. */
interface LockShape {
  readonly id: string;
  readonly path: string;
  readonly locked_at: string;
  readonly owner: { readonly name: string };
}

export async function answerNewLock(exchange: LfsExchange, address: RepositoryAddress): Promise<void> {
  const { repository, principal } = await authorizeExisting(exchange, address, 'write');
  if (principal.kind !== 'user') throw forbidden('A lock belongs to a user, and this is a deploy key.');
  const { path } = await exchange.readJson(newLockSchema);
  const fault = findLockPathFault(path);
  if (fault !== undefined) throw new HttpRefusal(422, fault);
  const outcome = await exchange.services.lfsLocks.lock(repository.id, path, principal.userId);
  const lock = toShape(outcome.lock);
  if (outcome.kind === 'locked') return exchange.answerJson(201, { lock });
  const message = `"${path}" is locked by ${outcome.lock.ownerLogin}.`;
  exchange.answerJson(409, { lock, ...errorBody(message, exchange.context.requestId) });
}

export async function answerLocks(
  exchange: LfsExchange,
  address: RepositoryAddress,
  query: URLSearchParams,
): Promise<void> {
  const { repository } = await authorizeExisting(exchange, address, 'read');
  const id = query.get('id') || undefined;
  const filter: LockFilter = {
    path: query.get('path')?.replaceAll('\0', '\ufffd') || undefined,
    // What is no id of ours is nobody's lock.
    id: id === undefined ? undefined : (parseId(id) ?? 0),
    afterId: parseCursor(query.get('cursor')),
    countMax: parseLimit(Number(query.get('limit') || 0)),
  };
  const { locks, nextAfterId } = await exchange.services.lfsLocks.list(repository.id, filter);
  exchange.answerJson(200, { locks: locks.map(toShape), ...nextCursor(nextAfterId) });
}

/** Before each push: whose locks could be in its way. A repository that the push is going to create has none. */
export async function answerLockVerification(exchange: LfsExchange, address: RepositoryAddress): Promise<void> {
  const client = await authenticateLfs(exchange, address);
  const access = await authorizeLfs(exchange, address, client, 'write');
  const { cursor, limit } = await exchange.readJson(verificationSchema);
  if (access.kind !== 'existing') return exchange.answerJson(200, { ours: [], theirs: [] });
  const filter = { afterId: parseCursor(cursor ?? null), countMax: parseLimit(limit ?? 0) };
  const { locks, nextAfterId } = await exchange.services.lfsLocks.list(access.repository.id, filter);
  const userId = userIdOf(client.principal);
  exchange.answerJson(200, {
    ours: locks.filter(({ ownerId }) => ownerId === userId).map(toShape),
    theirs: locks.filter(({ ownerId }) => ownerId !== userId).map(toShape),
    ...nextCursor(nextAfterId),
  });
}

/** Whoever may write releases their own locks, and with `force` anybody's. */
export async function answerUnlock(exchange: LfsExchange, address: RepositoryAddress, lockId: number): Promise<void> {
  const { repository, principal } = await authorizeExisting(exchange, address, 'write');
  const { force } = await exchange.readJson(unlockSchema);
  const mode = force ? 'force' : 'own';
  const outcome = await exchange.services.lfsLocks.unlock(repository.id, lockId, userIdOf(principal), mode);
  switch (outcome.kind) {
    case 'unlocked':
      return exchange.answerJson(200, { lock: toShape(outcome.lock) });
    case 'missing':
      throw notFound('There is no such lock in this repository.');
    case 'not-own':
      throw forbidden(`The lock is ${outcome.lock.ownerLogin}'s: releasing it takes force.`);
  }
}

function userIdOf(principal: Principal): number | undefined {
  return principal.kind === 'user' ? principal.userId : undefined;
}

function toShape({ id, path, lockedAt, ownerLogin }: LfsLock): LockShape {
  const instant = lockedAt.toISOString().replace(/\.\d+Z$/, 'Z');
  return { id: String(id), path, locked_at: instant, owner: { name: ownerLogin } };
}

function nextCursor(afterId: number | undefined): { readonly next_cursor?: string } {
  return afterId === undefined ? {} : { next_cursor: String(afterId) };
}

/** @throws {HttpRefusal} one that we did not give */
function parseCursor(text: string | null): number | undefined {
  if (text === null || text === '') return undefined;
  const afterId = parseId(text);
  if (afterId === undefined) throw new HttpRefusal(422, `"${text.slice(0, 80)}" is no cursor.`);
  return afterId;
}

/** @throws {HttpRefusal} */
function parseLimit(limit: number): number {
  if (!Number.isInteger(limit) || limit < 0) throw new HttpRefusal(422, 'A limit is a whole number, zero or more.');
  return limit === 0 ? limits.lfsLockPageCount : Math.min(limit, limits.lfsLockPageMax);
}

function parseId(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
