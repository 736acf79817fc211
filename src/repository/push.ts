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
import { IdTable } from '#git/walk/id-table.ts';
import { type CommandCheck, type CommandCheckContext, checkCommands } from './command-checks.ts';
import { type ConnectedPart, ingestConnectedPart } from './connected-part.ts';
import { checkExternalNamedBlobs, findMissingReferences } from './connectivity.ts';
import { LeaseLostError, RepositoryGoneError } from './errors.ts';
import type { HistorySource } from './fetch/history/known-history.ts';
import { fsckOptionsOf, refsHiddenFromFetches, refsHiddenFromPushes } from './git-settings.ts';
import { ingestLimitsOf } from './ingest/ingest-limits.ts';
import { type IngestedPack, ingestPack, type PackIngestDependencies } from './ingest/pack-ingest.ts';
import type { PackFiles } from './pack-files.ts';
import type { PackedObjectStore, StoredPack } from './packed-object-store.ts';
import { PushConnections } from './push-connections.ts';
import { commitRefs, type RefTransaction, type RefTransactionResult, readOutcome } from './ref-transaction.ts';
import type { PushOutcome, PushRequest, RefCommand, RefOutcome } from './repository-engine.ts';
import type { RepositoryState, RepositoryStates } from './repository-state.ts';
import { findTooDeepTrees } from './tree-depth.ts';
import { uuidV7 } from './uuid-v7.ts';
import { VisibleObjects } from './visible-objects.ts';

export interface PushDependencies {
  readonly db: Database;
  readonly files: PackFiles;
  readonly states: RepositoryStates;
  readonly ingest: PackIngestDependencies;
  readonly source: HistorySource;
  readonly openObjects: (format: ObjectFormat, packs: readonly StoredPack[]) => PackedObjectStore;
}

export function receivePush(dependencies: PushDependencies, request: PushRequest): Promise<PushOutcome> {
  return new Push(dependencies, request).run();
}

class Push {
  readonly #dependencies: PushDependencies;
  readonly #request: PushRequest;
  /** Stored and listed nowhere. */
  readonly #pendingPacks: IngestedPack[] = [];

  constructor(dependencies: PushDependencies, request: PushRequest) {
    this.#dependencies = dependencies;
    this.#request = request;
  }

  async run(): Promise<PushOutcome> {
    const state = await this.#dependencies.states.read(this.#request.repositoryId);
    try {
      const decision = await this.#decide(state);
      // A wake-up that is lost costs a few seconds; the push has happened.
      if (decision.result) void announceWork(this.#dependencies.db).catch(() => {});
      return { unpackError: undefined, refs: describe(this.#request, decision) };
    } catch (error) {
      if (error instanceof GitError) return unpackFailed(this.#request, error.message);
      throw error;
    } finally {
      // What cannot be removed now, because storage or database do not answer, is the sweeper's.
      await Promise.allSettled(this.#pendingPacks.map((pack) => pack.lease.abandon()));
    }
  }

  /** @throws {GitError} what is wrong with the pack */
  async #decide(state: RepositoryState): Promise<PushDecision> {
    const request = this.#request;
    const { openObjects } = this.#dependencies;
    const refs = visibleRefs(request, state);
    const stored = openObjects(state.format, state.packs);
    const visible = new VisibleObjects(stored, refs, { signal: request.signal, source: this.#dependencies.source });
    const ingested = await this.#takePack(state, stored, visible);
    const missing = ingested ? await this.#findMissing(stored, visible, ingested) : new IdTable(state.format);
    const objects = ingested ? openObjects(state.format, [...state.packs, storedPack(ingested)]) : stored;
    if (ingested) await this.#refuseDeepTrees(objects, ingested, missing);
    const connections = new PushConnections({ objects, visible, missing, ingested, request });
    const checks = await checkCommands(this.#checkContext(state, objects, connections), request.commands);
    const commands = checks.flatMap((check) => (check.kind === 'checked' ? [check.command] : []));
    if (commands.length === 0) return { checks, result: undefined };
    const ids = await connections.ofPack(commands);
    const isPart = ids.length > 0 && missing.size > 0;
    const part = isPart ? await this.#takePart({ objects, visibleRefs: refs, ids }) : ingested;
    // A pack that no ref needs is left to go.
    const pack = ids.length > 0 ? part : undefined;
    const result = await commit(this.#dependencies.db, {
      pushId: uuidV7(),
      repositoryId: request.repositoryId,
      actorId: request.actorId,
      commands,
      atomic: request.atomic,
      pack: pack && { packId: pack.lease.packId, ...pack },
      certificate: request.certificate,
    });
    if (result.packIsLive) pack?.lease.end();
    for (const line of result.messages) request.onMessage?.(line);
    return { checks, result };
  }

  async #takePack(
    { format }: RepositoryState,
    objects: PackedObjectStore,
    bases: VisibleObjects,
  ): Promise<IngestedPack | undefined> {
    const { pack, packEnd = 'with-source', settings, signal, onPackConsumed, onProgress, onMessage } = this.#request;
    if (!pack) {
      onPackConsumed();
      return undefined;
    }
    const ingested = await ingestPack(this.#dependencies.ingest, {
      format,
      pack,
      packEnd,
      objects,
      bases,
      fsck: fsckOptionsOf(settings),
      limits: ingestLimitsOf(settings),
      signal,
      onConsumed: onPackConsumed,
      onProgress,
    });
    for (const notice of ingested?.notices ?? []) onMessage?.(`${notice}\n`);
    return this.#keep(ingested, format);
  }

  async #takePart(part: ConnectedPart): Promise<IngestedPack | undefined> {
    return this.#keep(await ingestConnectedPart(this.#dependencies, this.#request, part), part.objects.format);
  }

  #keep(ingested: IngestedPack | undefined, format: ObjectFormat): IngestedPack | undefined {
    if (!ingested) return undefined;
    this.#pendingPacks.push(ingested);
    const { index, summary } = ingested.report;
    this.#dependencies.files.prime(ingested.lease.packId, format, index, summary);
    return ingested;
  }

  async #findMissing(objects: PackedObjectStore, visible: VisibleObjects, { report }: IngestedPack): Promise<IdTable> {
    const missing = await findMissingReferences(objects, visible, report);
    await checkExternalNamedBlobs(objects, report, missing, fsckOptionsOf(this.#request.settings));
    return missing;
  }

  /** Whatever leads to a tree that is too deep counts as not connected, as in git, whose check of connections finds it. */
  async #refuseDeepTrees(objects: PackedObjectStore, { lease, report }: IngestedPack, missing: IdTable): Promise<void> {
    const { settings, signal, onMessage } = this.#request;
    const treeIds = report.deepTreeIds;
    const pack = (await objects.load()).find(({ id }) => id === lease.packId);
    if (treeIds.length === 0 || !pack) return;
    const levelsMax = settings['core.maxTreeDepth'] + 1;
    const tooDeep = await findTooDeepTrees({ objects, pack, treeIds, levelsMax, signal });
    for (let number = 0; number < tooDeep.size; number++) missing.add(tooDeep.ids, number * tooDeep.idBytes);
    if (tooDeep.size > 0) onMessage?.('fatal: exceeded maximum allowed tree depth\n');
  }

  #checkContext(
    { refs }: RepositoryState,
    objects: PackedObjectStore,
    connections: PushConnections,
  ): CommandCheckContext {
    const { settings, atomic, onMessage } = this.#request;
    return {
      objects,
      settings,
      headTarget: refs.headTarget,
      atomic,
      connectionOf: (id) => connections.of(id),
      onMessage: (line) => onMessage?.(line),
    };
  }
}

interface PushDecision {
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

/** Puts the outcomes in the order of the commands. */
function describe({ commands }: PushRequest, { checks, result }: PushDecision): RefOutcome[] {
  const committed = result?.outcomes.values();
  return checks.map((check, index): RefOutcome => {
    const { name } = commands[index] as RefCommand;
    if (check.kind === 'rejected') return { kind: 'rejected', name, reason: check.reason };
    if (check.kind === 'implied') return { kind: 'ok', name };
    return committed?.next().value ?? { kind: 'rejected', name, reason: 'failed to update ref' };
  });
}

/** git's own words for a pack that could not be taken: `unpack <reason>`, and each ref with `unpacker error`. */
function unpackFailed(request: PushRequest, reason: string): PushOutcome {
  return {
    unpackError: reason,
    refs: request.commands.map(({ name }) => ({ kind: 'rejected', name, reason: 'unpacker error' })),
  };
}
