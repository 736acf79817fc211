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
import type { RefCommand, RefOutcome } from './repository-engine.ts';

/** A command that passed its checks against objects; what is left to check are the other refs. */
export interface CheckedCommand extends RefCommand {
  /** Of the new object, when it is a tag. */
  readonly peeled: ObjectId | undefined;
}

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
}

export interface RefTransactionResult {
  readonly outcomes: readonly RefOutcome[];
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
    const judged = await judge(tx, transaction);
    const accepted = transaction.commands.filter((_, index) => judged[index]?.kind === 'ok');
    if (accepted.length === 0) return { outcomes: judged, packIsLive: false };
    if (transaction.pack) await publishPack(tx, transaction.repositoryId, transaction.pack);
    await moveRefs(tx, transaction.repositoryId, accepted);
    await finish(tx, transaction, accepted, headTarget);
    return { outcomes: judged, packIsLive: transaction.pack !== undefined };
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
      moved.has(name) ? { kind: 'ok', name, forced: false } : rejected(name, 'failed to update ref'),
    ),
    packIsLive: transaction.pack !== undefined,
  };
}

async function lockRepository(tx: TransactionSql, repositoryId: number): Promise<string> {
  const [row] = await tx<{ head_target: string }[]>`
    select head_target from repository where id = ${repositoryId} for update`;
  if (!row) throw new RepositoryGoneError(repositoryId);
  return row.head_target;
}

/** Decides command by command; with `atomic`, one that fails fails all. */
async function judge(tx: TransactionSql, transaction: RefTransaction): Promise<RefOutcome[]> {
  const names = transaction.commands.map((command) => command.name);
  const current = await readTargets(tx, transaction.repositoryId, names);
  const outcomes = transaction.commands.map((command) => compareAndSet(command, current.get(command.name)));
  const creates = transaction.commands.filter(
    (command, index) => outcomes[index]?.kind === 'ok' && isCreation(command),
  );
  if (creates.length > 0) {
    const conflicts = await findNameConflicts(tx, transaction, outcomes);
    transaction.commands.forEach((command, index) => {
      const other = conflicts.get(command.name);
      if (other !== undefined) outcomes[index] = rejected(command.name, `refname conflict: '${other}' exists`);
    });
  }
  if (!transaction.atomic || outcomes.every((outcome) => outcome.kind === 'ok')) return outcomes;
  return outcomes.map((outcome) =>
    outcome.kind === 'ok' ? rejected(outcome.name, 'atomic transaction failed') : outcome,
  );
}

function compareAndSet(command: CheckedCommand, current: ObjectId | undefined): RefOutcome {
  if (isZero(command.oldId) && current !== undefined) return rejected(command.name, 'reference already exists');
  const isDeletionOfNothing = current === undefined && isZero(command.newId);
  if (isDeletionOfNothing) return { kind: 'ok', name: command.name, forced: false };
  if (!isZero(command.oldId) && current !== command.oldId) return rejected(command.name, 'failed to update ref');
  return { kind: 'ok', name: command.name, forced: false };
}

/**
 * Refs are paths: `a` and `a/b` cannot both exist, whichever came first — git-check-ref-format(1), git-update-ref(1).
 *
 * @returns of each new name that clashes, the name it clashes with
 */
async function findNameConflicts(
  tx: TransactionSql,
  transaction: RefTransaction,
  outcomes: readonly RefOutcome[],
): Promise<Map<string, string>> {
  const accepted = transaction.commands.filter((_, index) => outcomes[index]?.kind === 'ok');
  const deleted = new Set(accepted.filter((command) => isZero(command.newId)).map((command) => command.name));
  const created = accepted.filter(isCreation).map((command) => command.name);
  const conflicts = new Map<string, string>();
  const taken = new Set(created);
  for (const name of created) {
    const parents = parentNames(name);
    const sibling = parents.find((parent) => taken.has(parent));
    if (sibling !== undefined) conflicts.set(name, sibling);
  }
  const existing = await tx<{ created: string; name: string }[]>`
    select wanted.name as created, ref.name
    from unnest(${created}::text[]) as wanted(name)
    join ref on ref.repository_id = ${transaction.repositoryId}
      and ((ref.name >= (wanted.name || '/') collate "C" and ref.name < (wanted.name || '0') collate "C")
        or ref.name = any(${[...new Set(created.flatMap(parentNames))]}::text[]) and starts_with(wanted.name, ref.name || '/'))`;
  for (const row of existing) {
    if (!deleted.has(row.name)) conflicts.set(row.created, row.name);
  }
  return conflicts;
}

function parentNames(name: string): string[] {
  const parts = name.split('/');
  return parts.slice(0, -1).map((_, index) => parts.slice(0, index + 1).join('/'));
}

async function readTargets(tx: TransactionSql, repositoryId: number, names: string[]): Promise<Map<string, ObjectId>> {
  const rows = await tx<{ name: string; target: Uint8Array }[]>`
    select name, target from ref where repository_id = ${repositoryId} and name = any(${names}::text[])`;
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
  { pushId, repositoryId, actorId, pack }: RefTransaction,
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
    insert into push (id, repository_id, actor_id, pack_id, updates)
    values (${pushId}, ${repositoryId}, ${actorId ?? null}, ${pack?.packId ?? null}, ${JSON.stringify(updates)}::text::jsonb)`;
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

function isCreation(command: RefCommand): boolean {
  return isZero(command.oldId) && !isZero(command.newId);
}

export function isZero(id: ObjectId): boolean {
  return /^0+$/.test(id);
}

function rejected(name: string, reason: string): RefOutcome {
  return { kind: 'rejected', name, reason };
}
