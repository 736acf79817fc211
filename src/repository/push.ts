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
import { STRICT } from '#git/fsck/finding.ts';
import type { ObjectFormat, ObjectId } from '#git/object/object-id.ts';
import { parseTag } from '#git/object/tag.ts';
import { BRANCH_PREFIX, checkPushedRefName } from '#git/refs/ref-name.ts';
import { isAncestor } from '#git/walk/ancestry.ts';
import { limits } from '#limits.ts';
import { checkExternalNamedBlobs, findMissingReference } from './connectivity.ts';
import { LeaseLostError, RepositoryGoneError } from './errors.ts';
import { type IngestedPack, ingestPack, type PackIngestDependencies } from './ingest/pack-ingest.ts';
import type { PackFiles } from './pack-files.ts';
import type { PackedObjectStore, StoredPack } from './packed-object-store.ts';
import {
  type CheckedCommand,
  commitRefs,
  isZero,
  type RefTransaction,
  type RefTransactionResult,
  readOutcome,
} from './ref-transaction.ts';
import type { PushOutcome, PushRequest, RefCommand, RefOutcome } from './repository-engine.ts';
import type { RepositoryState, RepositoryStates } from './repository-state.ts';
import { uuidV7 } from './uuid-v7.ts';

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
  for (const notice of ingested?.notices ?? []) request.onProgress(`${notice}\n`);
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
    fsck: STRICT,
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
  if (ingested) {
    const { index, summary } = ingested.report;
    dependencies.files.prime(ingested.lease.packId, format, index, summary);
    const failure = await checkReferences(dependencies.openObjects(format, state.packs), ingested);
    if (failure) return { failure: failure(request), checks: [], result: undefined };
  }
  const packs = ingested ? [...state.packs, storedPack(ingested)] : state.packs;
  const checks = await checkCommands(dependencies.openObjects(format, packs), request, state);
  const commands = checks.flatMap((check) => (check.kind === 'checked' ? [check.command] : []));
  const result =
    commands.length > 0 && !(request.atomic && commands.length < checks.length)
      ? await commit(dependencies.db, {
          pushId: uuidV7(),
          repositoryId: request.repositoryId,
          actorId: request.actorId,
          commands,
          atomic: request.atomic,
          pack: ingested && { packId: ingested.lease.packId, ...ingested },
        })
      : undefined;
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

/** @returns how the push fails, when what the pack refers to is not there */
async function checkReferences(
  objects: PackedObjectStore,
  { report }: IngestedPack,
): Promise<((request: PushRequest) => PushOutcome) | undefined> {
  try {
    const missing = await findMissingReference(objects, report);
    if (missing !== undefined) return (request) => rejectUpdates(request, 'missing necessary objects');
    await checkExternalNamedBlobs(objects, report, STRICT);
    return undefined;
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
    return (request) => unpackFailed(request, error.message);
  }
}

type CommandCheck =
  | { readonly kind: 'checked'; readonly command: CheckedCommand }
  | { readonly kind: 'rejected'; readonly outcome: RefOutcome };

function checkCommands(
  objects: PackedObjectStore,
  request: PushRequest,
  state: RepositoryState,
): Promise<CommandCheck[]> {
  return Promise.all(request.commands.map((command) => checkCommand(objects, command, state)));
}

async function checkCommand(
  objects: PackedObjectStore,
  command: RefCommand,
  state: RepositoryState,
): Promise<CommandCheck> {
  const reject = (reason: string): CommandCheck => ({
    kind: 'rejected',
    outcome: { kind: 'rejected', name: command.name, reason },
  });
  if (command.refusal !== undefined) return reject(command.refusal);
  const name = checkPushedRefName(Buffer.from(command.name), limits.refNameMaxBytes);
  if (name.kind === 'refused') return reject(name.reason);
  if (command.name.startsWith('refs/pull/')) return reject('deny updating a hidden ref');
  if (isZero(command.newId)) {
    if (command.name === state.refs.headTarget) return reject('deletion of the current branch prohibited');
    return { kind: 'checked', command: { ...command, peeled: undefined } };
  }
  const target = await objects.header(command.newId);
  if (!target) return reject('bad pack');
  if (command.name.startsWith(BRANCH_PREFIX) && target.type !== 'commit') return reject('failed to update ref');
  return { kind: 'checked', command: { ...command, peeled: await peel(objects, command.newId) } };
}

/** @returns what a tag leads to in the end; undefined for other objects */
async function peel(objects: PackedObjectStore, id: ObjectId): Promise<ObjectId | undefined> {
  let target = id;
  while ((await objects.header(target))?.type === 'tag') {
    target = parseTag((await objects.read(target)).body, objects.format).targetId;
  }
  return target === id ? undefined : target;
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
  const outcomes = checks.map((check): RefOutcome => {
    if (check.kind === 'rejected') return check.outcome;
    return committed?.next().value ?? { kind: 'rejected', name: check.command.name, reason: 'atomic push failure' };
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

/** Deletions need no objects, so they are as good as before; but nothing of a push with a broken pack takes effect here. */
function rejectUpdates(request: PushRequest, reason: string): PushOutcome {
  return { unpackError: undefined, refs: request.commands.map(({ name }) => ({ kind: 'rejected', name, reason })) };
}
