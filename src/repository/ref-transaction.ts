/**
 * Moves refs, and makes a pack visible with them, in one transaction: either all of it happened or none. Every ref is compared with
 * what its command expects while the repository's row is locked, so two pushes to one repository take turns here and nowhere else.
 */
import { compareAsUtf8 } from '#bytes/compare-bytes.ts';
import { toHex } from '#bytes/hex.ts';
import type { Database, TransactionSql } from '#db/client.ts';
import { appendToOutbox } from '#db/outbox.ts';
import type { ObjectId } from '#git/object/object-id.ts';
import { LeaseLostError, RepositoryGoneError } from './errors.ts';
import { type CheckedCommand, foldersOf, isCreation, isZero, judgeCommands } from './ref-changes.ts';
import type { PushCertificate, RefOutcome } from './repository-engine.ts';

export interface NewPack {
  readonly packId: string;
  readonly sizeBytes: number;
  readonly objectCount: number;
  readonly trailer: Uint8Array;
}

export interface RefTransaction {
  /** Names the push, so that its outcome can be asked for after a lost connection. */
  readonly pushId: string;
  readonly repositoryId: number;
  /** Undefined: no account, but a deploy key. */
  readonly actorId: number | undefined;
  readonly commands: readonly CheckedCommand[];
  readonly atomic: boolean;
  readonly pack: NewPack | undefined;
  readonly certificate?: PushCertificate | undefined;
}

export interface RefTransactionResult {
  readonly outcomes: readonly RefOutcome[];
  /** Whole lines for the person who pushes. */
  readonly messages: readonly string[];
  /** Whether the pack is visible now: it is not when no command took effect. */
  readonly packIsLive: boolean;
}

/**
 * @throws {RepositoryGoneError}
 * @throws {LeaseLostError}
 */
export function commitRefs(db: Database, transaction: RefTransaction): Promise<RefTransactionResult> {
  return db.transaction(async (tx) => {
    const headTarget = await lockRepository(tx, transaction.repositoryId);
    const current = await readRefs(tx, transaction);
    const judged = judgeCommands(transaction.commands, current, transaction.atomic ? 'atomic' : 'one by one');
    const { outcomes, messages, changes } = judged;
    if (changes.length === 0) return { outcomes, messages, packIsLive: false };
    if (transaction.pack) await publishPack(tx, transaction.repositoryId, transaction.pack);
    await moveRefs(tx, transaction.repositoryId, changes);
    await finish(tx, transaction, changes, headTarget);
    return { outcomes, messages, packIsLive: transaction.pack !== undefined };
  });
}

/** What became of a transaction whose COMMIT was not answered. @returns undefined when it did not happen */
export async function readOutcome(
  db: Database,
  transaction: RefTransaction,
): Promise<RefTransactionResult | undefined> {
  const [row] = await db.sql<
    { updates: { name: string }[] }[]
  >`select updates from push where id = ${transaction.pushId}`;
  if (!row) return undefined;
  const moved = new Set(row.updates.map((update) => update.name));
  return {
    outcomes: transaction.commands.map(({ name }) =>
      moved.has(name) ? { kind: 'ok', name } : rejected(name, 'failed to update ref'),
    ),
    messages: [],
    packIsLive: transaction.pack !== undefined,
  };
}

async function lockRepository(tx: TransactionSql, repositoryId: number): Promise<string> {
  const [row] = await tx<{ head_target: string }[]>`
    select head_target from repository where id = ${repositoryId} for update`;
  if (!row) throw new RepositoryGoneError(repositoryId);
  return row.head_target;
}

/** The refs that the commands name, and those that a new one could not stand beside. */
async function readRefs(
  tx: TransactionSql,
  { repositoryId, commands }: RefTransaction,
): Promise<ReadonlyMap<string, ObjectId>> {
  const names = commands.map((command) => command.name);
  // A deletion of nothing may not be in the way of another ref either.
  const placed = commands.filter((command) => isCreation(command) || isZero(command.newId));
  const created = [...new Set(placed.map(({ name }) => name))];
  // Of the refs below a new one, one more than go in this push is enough to know whether one stays.
  const deletionCount = commands.filter((command) => isZero(command.newId)).length;
  const rows = await tx<{ name: string; target: Uint8Array }[]>`
    select name, target from ref where repository_id = ${repositoryId}
      and name = any(${[...names, ...new Set(created.flatMap(foldersOf))]}::text[])
    union
    select below.name, below.target
    from unnest(${created}::text[]) as wanted(name)
    cross join lateral (
      select name, target from ref where repository_id = ${repositoryId}
        and name >= (wanted.name || '/') collate "C" and name < (wanted.name || '0') collate "C"
      order by name limit ${deletionCount + 1}) as below`;
  return new Map(rows.map((row) => [row.name, toHex(row.target)]));
}

async function publishPack(tx: TransactionSql, repositoryId: number, pack: NewPack): Promise<void> {
  const rows = await tx`
    update pack set state = 'live', size_bytes = ${pack.sizeBytes}, object_count = ${pack.objectCount},
      trailer = ${Buffer.from(pack.trailer)}, upload_id = null, lease_until = null
    where id = ${pack.packId} and state = 'pending' and lease_until > now() returning id`;
  if (rows.length === 0) throw new LeaseLostError(pack.packId);
  await tx`insert into repository_pack (repository_id, pack_id) values (${repositoryId}, ${pack.packId})`;
}

async function moveRefs(tx: TransactionSql, repositoryId: number, commands: readonly CheckedCommand[]): Promise<void> {
  const deleted = commands.filter((command) => isZero(command.newId)).map((command) => command.name);
  if (deleted.length > 0) {
    await tx`delete from ref where repository_id = ${repositoryId} and name = any(${deleted}::text[])`;
  }
  const set = commands.filter((command) => !isZero(command.newId)).sort((a, b) => compareAsUtf8(a.name, b.name));
  if (set.length === 0) return;
  await tx`
    insert into ref (repository_id, name, target, peeled)
    select ${repositoryId}, name, decode(target, 'hex'), decode(peeled, 'hex')
    from unnest(${set.map((command) => command.name)}::text[], ${set.map((command) => command.newId)}::text[],
      ${set.map((command) => command.peeled ?? null)}::text[]) as moved(name, target, peeled)
    on conflict (repository_id, name) do update set target = excluded.target, peeled = excluded.peeled`;
}

async function finish(
  tx: TransactionSql,
  { pushId, repositoryId, actorId, pack, certificate }: RefTransaction,
  accepted: readonly CheckedCommand[],
  headTarget: string,
): Promise<void> {
  const updates = accepted.map((command) => ({ name: command.name, old: command.oldId, new: command.newId }));
  const newHead = await adoptHead(tx, repositoryId, accepted, headTarget);
  await tx`
    update repository set refs_version = refs_version + 1, packs_version = packs_version + ${pack ? 1 : 0},
      size_bytes = size_bytes + ${pack?.sizeBytes ?? 0}, head_target = ${newHead}, pushed_at = now(), updated_at = now()
    where id = ${repositoryId}`;
  await tx`
    insert into push (id, repository_id, actor_id, pack_id, updates, certificate, nonce_status)
    values (${pushId}, ${repositoryId}, ${actorId ?? null}, ${pack?.packId ?? null}, ${JSON.stringify(updates)}::text::jsonb,
      ${certificate ? Buffer.from(certificate.bytes) : null}, ${certificate?.nonceStatus ?? null})`;
  await appendToOutbox(tx, 'push', { pushId, repositoryId });
}

/** A repository's first branch becomes its default one when the branch that HEAD names does not exist: a clone would otherwise check out nothing. */
async function adoptHead(
  tx: TransactionSql,
  repositoryId: number,
  accepted: readonly CheckedCommand[],
  headTarget: string,
): Promise<string> {
  const branches = accepted.filter((command) => isCreation(command) && command.name.startsWith('refs/heads/'));
  if (branches.length === 0) return headTarget;
  const existing = await tx<{ name: string }[]>`
    select name from ref where repository_id = ${repositoryId} and name >= 'refs/heads/' and name < 'refs/heads0'
      and (name = ${headTarget} or not name = any(${branches.map((branch) => branch.name)}::text[])) limit 1`;
  if (existing.length > 0) return headTarget;
  const names = branches.map((branch) => branch.name);
  return ['refs/heads/main', 'refs/heads/master'].find((name) => names.includes(name)) ?? (names[0] as string);
}

function rejected(name: string, reason: string): RefOutcome {
  return { kind: 'rejected', name, reason };
}
