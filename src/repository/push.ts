/**
 * A push from its first byte to its answer. One order of effects makes it safe: the pack is stored and checked first, listed nowhere; then one
 * transaction makes it visible and moves the refs; only then is anyone told.
 *
 * A crash before the transaction leaves a pending pack for the sweeper; a crash after it leaves a push that took effect and whose
 * answer was lost, which the next push of the same refs finds out.
 */
import type { Database } from '#db/client.ts';
import { announceWork } from '#db/outbox.ts';
import { GitError } from '#git/errors.ts';
import type { ObjectFormat } from '#git/object/object-id.ts';
import type { Ref } from '#git/ref-store.ts';
import { isHiddenRef } from '#git/refs/hidden-refs.ts';
import { isAncestor } from '#git/walk/ancestry.ts';
import { IdTable } from '#git/walk/id-table.ts';
import { type CommandCheck, checkCommands } from './command-checks.ts';
import { checkExternalNamedBlobs, findMissingReferences } from './connectivity.ts';
import { LeaseLostError, RepositoryGoneError } from './errors.ts';
import { fsckOptionsOf, refsHiddenFromFetches, refsHiddenFromPushes } from './git-settings.ts';
import { ingestLimitsOf } from './ingest/ingest-limits.ts';
import { type IngestedPack, ingestPack, type PackIngestDependencies } from './ingest/pack-ingest.ts';
import type { PackFiles } from './pack-files.ts';
import type { PackedObjectStore, StoredPack } from './packed-object-store.ts';
import { PushConnections } from './push-connections.ts';
import { isZero } from './ref-changes.ts';
import { commitRefs, type RefTransaction, type RefTransactionResult, readOutcome } from './ref-transaction.ts';
import type { PushOutcome, PushRequest, RefCommand, RefOutcome } from './repository-engine.ts';
import type { RepositoryState, RepositoryStates } from './repository-state.ts';
import { uuidV7 } from './uuid-v7.ts';
import { VisibleObjects } from './visible-objects.ts';

export interface PushDependencies {
  readonly db: Database;
  readonly files: PackFiles;
  readonly states: RepositoryStates;
  readonly ingest: PackIngestDependencies;
  readonly openObjects: (format: ObjectFormat, packs: readonly StoredPack[]) => PackedObjectStore;
}

export async function receivePush(dependencies: PushDependencies, request: PushRequest): Promise<PushOutcome> {
  const state = await dependencies.states.read(request.repositoryId);
  let ingested: IngestedPack | undefined;
  try {
    ingested = await takePack(dependencies, request, state);
  } catch (error) {
    if (error instanceof GitError) return unpackFailed(request, error.message);
    throw error;
  }
  for (const notice of ingested?.notices ?? []) request.onMessage?.(`${notice}\n`);
  try {
    const decision = await decide(dependencies, request, state, ingested);
    if (decision.result?.packIsLive) ingested?.lease.end();
    // A wake-up that is lost costs a few seconds; the push has happened.
    if (decision.result) void announceWork(dependencies.db).catch(() => {});
    const refs = decision.failure?.refs ?? (await describe(dependencies, request, decision));
    return { unpackError: decision.failure?.unpackError, refs };
  } finally {
    // What cannot be removed now, because storage or database do not answer, is the sweeper's.
    await ingested?.lease.abandon().catch(() => {});
  }
}

async function takePack(
  { ingest, openObjects }: PushDependencies,
  request: PushRequest,
  state: RepositoryState,
): Promise<IngestedPack | undefined> {
  if (!request.pack) {
    request.onPackConsumed();
    return undefined;
  }
  const objects = openObjects(state.format, state.packs);
  const ingested = await ingestPack(ingest, {
    format: state.format,
    pack: request.pack,
    packEnd: request.packEnd ?? 'with-source',
    objects,
    fsck: fsckOptionsOf(request.settings),
    limits: ingestLimitsOf(request.settings),
    signal: request.signal,
    onConsumed: request.onPackConsumed,
    onProgress: request.onProgress,
  });
  return ingested;
}

async function decide(
  dependencies: PushDependencies,
  request: PushRequest,
  state: RepositoryState,
  ingested: IngestedPack | undefined,
): Promise<PushDecision> {
  const { format } = state;
  const stored = dependencies.openObjects(format, state.packs);
  const visible = new VisibleObjects(stored, visibleRefs(request, state), request.signal);
  let missing = new IdTable(format);
  if (ingested) {
    const { index, summary } = ingested.report;
    dependencies.files.prime(ingested.lease.packId, format, index, summary);
    try {
      missing = await findMissingReferences(stored, visible, ingested.report);
      await checkExternalNamedBlobs(stored, ingested.report, fsckOptionsOf(request.settings));
    } catch (error) {
      if (!(error instanceof GitError)) throw error;
      return { failure: unpackFailed(request, error.message), checks: [], result: undefined };
    }
  }
  const packs = ingested ? [...state.packs, storedPack(ingested)] : state.packs;
  const objects = dependencies.openObjects(format, packs);
  const connections = new PushConnections({ objects, visible, missing, ingested, request });
  const checks = await checkCommands(
    {
      objects,
      settings: request.settings,
      headTarget: state.refs.headTarget,
      atomic: request.atomic,
      connectionOf: (id) => connections.of(id),
      onMessage: (line) => request.onMessage?.(line),
    },
    request.commands,
  );
  const commands = checks.flatMap((check) => (check.kind === 'checked' ? [check.command] : []));
  if (commands.length === 0) return { failure: undefined, checks, result: undefined };
  const result = await commit(dependencies.db, {
    pushId: uuidV7(),
    repositoryId: request.repositoryId,
    actorId: request.actorId,
    commands,
    atomic: request.atomic,
    pack: ingested && { packId: ingested.lease.packId, ...ingested },
  });
  for (const line of result.messages) request.onMessage?.(line);
  return { failure: undefined, checks, result };
}

interface PushDecision {
  /** Why nothing of the push could be looked at. */
  readonly failure: PushOutcome | undefined;
  readonly checks: readonly CommandCheck[];
  /** What the transaction did; undefined when there was none. */
  readonly result: RefTransactionResult | undefined;
}

function storedPack(ingested: IngestedPack): StoredPack {
  return { id: ingested.lease.packId, objectCount: ingested.objectCount, sizeBytes: ingested.sizeBytes };
}

/** The refs that a client sees who fetches, or who pushes: it need not send what they reach. */
function visibleRefs({ settings }: PushRequest, { refs }: RepositoryState): readonly Ref[] {
  const [fetches, pushes] = [refsHiddenFromFetches(settings), refsHiddenFromPushes(settings)];
  return refs.refs.filter(({ name }) => !isHiddenRef(name, fetches) || !isHiddenRef(name, pushes));
}

/** Commits, and finds out what happened when the answer to the commit was lost. */
async function commit(db: Database, transaction: RefTransaction): Promise<RefTransactionResult> {
  try {
    return await commitRefs(db, transaction);
  } catch (error) {
    if (error instanceof RepositoryGoneError || error instanceof LeaseLostError || isRefusedByDatabase(error))
      throw error;
    const outcome = await readOutcome(db, transaction).catch(() => undefined);
    if (outcome) return outcome;
    throw error;
  }
}

/** Whether Postgres itself said no, by an SQLSTATE: nothing was committed then. */
function isRefusedByDatabase(error: unknown): boolean {
  const code = (error as { code?: unknown }).code;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && !code.startsWith('08') && !code.startsWith('57');
}

/** Puts the outcomes in the order of the commands, and says which updates were no fast-forward. */
async function describe(
  dependencies: PushDependencies,
  request: PushRequest,
  { checks, result }: PushDecision,
): Promise<RefOutcome[]> {
  const committed = result?.outcomes.values();
  const outcomes = checks.map((check, index): RefOutcome => {
    const { name } = request.commands[index] as RefCommand;
    if (check.kind === 'rejected') return { kind: 'rejected', name, reason: check.reason };
    if (check.kind === 'implied') return { kind: 'ok', name, forced: false };
    return committed?.next().value ?? { kind: 'rejected', name, reason: 'failed to update ref' };
  });
  const updates = request.commands.filter(
    (command, index) => outcomes[index]?.kind === 'ok' && !isZero(command.oldId) && !isZero(command.newId),
  );
  // The push has happened; not being able to say more about it does not undo it.
  const forced = await findForced(dependencies, request.repositoryId, updates).catch(() => new Set<string>());
  return outcomes.map((outcome) =>
    outcome.kind === 'ok' && forced.has(outcome.name) ? { ...outcome, forced: true } : outcome,
  );
}

/** @returns names of the refs whose new commit does not descend from the old one */
async function findForced(
  { states, openObjects }: PushDependencies,
  repositoryId: number,
  updates: readonly RefCommand[],
): Promise<Set<string>> {
  if (updates.length === 0) return new Set();
  const state = await states.read(repositoryId);
  const graph = await openObjects(state.format, state.packs).commitGraph();
  const forced = updates.filter(
    ({ oldId, newId }) => !isAncestor(graph, graph.positionOf(oldId), graph.positionOf(newId)),
  );
  return new Set(forced.map(({ name }) => name));
}

/** git's own words for a pack that could not be taken: `unpack <reason>`, and each ref with `unpacker error`. */
function unpackFailed(request: PushRequest, reason: string): PushOutcome {
  return {
    unpackError: reason,
    refs: request.commands.map(({ name }) => ({ kind: 'rejected', name, reason: 'unpacker error' })),
  };
}
