/**
 * The hosted side of Git: snapshots to read from, packs to send, pushes to take. What transports, REST and pages call; the
 * wire formats are theirs, the authorisation was theirs before they called.
 */

import type { ObjectFilter } from '#git/filter/object-filter.ts';
import type { ObjectId } from '#git/object/object-id.ts';
import type { ObjectStore } from '#git/object-store.ts';
import type { NonceStatus } from '#git/protocol/push-certificate.ts';
import type { Ref, RefSnapshot } from '#git/ref-store.ts';
import type { GitSettings } from './git-settings.ts';
import type { RepositoryRecord } from './repository-record.ts';

export interface RepositoryEngine {
  /** Refs and objects as one transaction saw them. @throws {RepositoryGoneError} */
  snapshot(repositoryId: number, signal?: AbortSignal): Promise<RepositorySnapshot>;

  /** A snapshot without the refs that are hidden from fetches: for whatever shows a repository to its readers. @throws {RepositoryGoneError} */
  readableSnapshot(
    repository: Pick<RepositoryRecord, 'id' | 'gitSettings'>,
    signal?: AbortSignal,
  ): Promise<RepositorySnapshot>;

  /** Decides which objects answer a fetch. The pack is made while it is read. */
  planPack(snapshot: RepositorySnapshot, request: PackRequest): Promise<PackPlan>;

  /**
   * Takes a push: stores the pack, checks it, and moves the refs in one transaction with it. Resolves with an outcome for
   * everything that is the pusher's fault; rejects for what is ours, with nothing changed.
   */
  receive(request: PushRequest): Promise<PushOutcome>;

  /** Points HEAD at another branch, whether or not it exists. */
  setHead(repositoryId: number, headTarget: string): Promise<void>;
}

export interface RepositorySnapshot {
  readonly repositoryId: number;
  readonly refsVersion: number;
  readonly packsVersion: number;
  readonly refs: RefSnapshot;
  readonly objects: ObjectStore;
  /** Whether each id names an object of this snapshot, without reading from storage once the indexes are loaded. */
  containsMany(ids: readonly ObjectId[]): Promise<boolean[]>;
  /**
   * Whether each object, of whatever type, is reachable from one of the refs. What is in the packs and not reachable (deleted or
   * hidden history) must not leave the server, whoever knows its id.
   */
  reachableMany(ids: readonly ObjectId[], refs: readonly Ref[], options: ReachOptions): Promise<boolean[]>;
  /** Where a client's history will end, that asked for some of it only. @throws {ProtocolError} in git's words */
  deepen(request: DeepenRequest): Promise<ShallowUpdate>;
}

export interface ReachOptions {
  readonly signal: AbortSignal;
  /** Does work that may take seconds when its turn has come; undefined where it has come already. */
  readonly admit?: <Result>(work: () => Promise<Result>) => Promise<Result>;
}

/** What a client asks for of history — gitprotocol-pack(5), "shallow"; gitprotocol-v2(5), "fetch". */
export interface DeepenRequest {
  readonly wants: readonly ObjectId[];
  /** Commits whose parents the client lacks, as it says; unknown ones are skipped. */
  readonly clientShallow: readonly ObjectId[];
  /** What the client has, as far as it said so before it asked. */
  readonly haves: readonly ObjectId[];
  /** The refs that this client may see: of a boundary beyond their history nothing more is sent. */
  readonly visibleRefs: readonly Ref[];
  readonly signal: AbortSignal;
  readonly limit: /** Commits from each want down; or with `relative` from the client's boundary down, which cuts nothing that it has. 2^31-1 is all of history. */
    | { readonly kind: 'depth'; readonly depth: number; readonly relative: boolean }
    /** Commits of that time or later (seconds since 1970; undefined: any) which none of `notIds` reaches. */
    | { readonly kind: 'since'; readonly sinceSeconds: number | undefined; readonly notIds: readonly ObjectId[] };
}

export interface ShallowUpdate {
  /** Commits that are sent, or that the client has, and whose parents it will not have. In the order in which git names them. */
  readonly shallow: readonly ObjectId[];
  /** Of the client's boundary: commits whose parents it gets now. */
  readonly unshallow: readonly ObjectId[];
}

export interface PackRequest {
  /** Already checked: each is a visible tip, or reachable from one. */
  readonly wants: readonly ObjectId[];
  /** Objects that the client has, of which all are in the repository. */
  readonly haves: readonly ObjectId[];
  /** Deltas may name bases that only the client has. */
  readonly thinPack: boolean;
  readonly ofsDelta: boolean;
  /** Add annotated tags whose target is sent. */
  readonly includeTag: boolean;
  /** Tags that `includeTag` may add, and nothing else: the refs that this client may see. */
  readonly visibleRefs: readonly Ref[];
  /** The client's boundary as it is now: what its haves reach ends there. Empty for most. */
  readonly clientShallow: readonly ObjectId[];
  /** What `deepen` answered, when the client asked for some of history only. */
  readonly shallowUpdate: ShallowUpdate | undefined;
  /** Objects to leave out; what is asked for by id is never left out. Blobs with patterns are named by their ids. */
  readonly filter: ObjectFilter | undefined;
  readonly signal: AbortSignal;
  /** Called with lines for side band 2, such as `Enumerating objects: 12, done.\n`. */
  readonly onProgress?: (line: string) => void;
}

export interface PackPlan {
  readonly objectCount: number;
  /** Stored packs that it holds whole. Each stands by itself, and all of each may go to whoever asked. */
  readonly wholePacks: readonly WholePack[];
  /**
   * The pack, header to trailer, in chunks of any size; each chunk is valid until the next is asked for.
   *
   * @param without ids of whole packs that the client gets in another way
   */
  stream(without?: ReadonlySet<string>): AsyncIterable<Uint8Array>;
}

export interface WholePack {
  readonly packId: string;
  readonly sizeBytes: number;
  /** The checksum that it ends with. */
  readonly trailer: Uint8Array;
}

export interface PushRequest {
  readonly repositoryId: number;
  /** The account; undefined for a deploy key. */
  readonly actorId: number | undefined;
  readonly settings: GitSettings;
  /** Commits whose parents the client lacks. */
  readonly shallowIds: readonly ObjectId[];
  readonly commands: readonly RefCommand[];
  readonly atomic: boolean;
  readonly pushOptions: readonly string[];
  /** Kept with the push. */
  readonly certificate?: PushCertificate | undefined;
  /** The pack, exactly as sent; absent when every command is a deletion. */
  readonly pack: AsyncIterable<Uint8Array> | undefined;
  /**
   * Whether the pack is over when `pack` ends (the default), or already at its trailer: a client that waits for its answer may
   * leave its side open.
   */
  readonly packEnd?: 'with-source' | 'at-trailer';
  readonly signal: AbortSignal;
  /** Called once the last byte of the pack was read: only then may an answer begin. */
  readonly onPackConsumed: () => void;
  readonly onProgress: (line: string) => void;
  /** Called with errors and warnings for the person who pushes, whole lines in git's words. */
  readonly onMessage?: (line: string) => void;
}

/** What the pusher signed, with its signature, and what is to be made of the nonce in it. */
export interface PushCertificate {
  readonly bytes: Uint8Array;
  readonly nonceStatus: NonceStatus;
}

export interface RefCommand {
  readonly name: string;
  /** Zero id: the ref must not exist. */
  readonly oldId: ObjectId;
  /** Zero id: delete the ref. */
  readonly newId: ObjectId;
  /** Why the caller refuses this command; it is answered with the others. */
  readonly refusal?: string;
}

export interface PushOutcome {
  /** What `unpack` reports: undefined for `ok`. */
  readonly unpackError: string | undefined;
  /** In the order of the commands. */
  readonly refs: readonly RefOutcome[];
}

export type RefOutcome =
  | { readonly kind: 'ok'; readonly name: string }
  /** `reason` in git's own words where git has some. */
  | { readonly kind: 'rejected'; readonly name: string; readonly reason: string };
