/**
 * The hosted side of Git: snapshots to read from, packs to send, pushes to take. What transports, REST and pages call; the
 * wire formats are theirs, the authorisation was theirs before they called.
 */
import type { ObjectId } from '#git/object/object-id.ts';
import type { ObjectStore } from '#git/object-store.ts';
import type { RefSnapshot } from '#git/ref-store.ts';

export interface RepositoryEngine {
  /** Refs and objects as one transaction saw them. @throws {RepositoryGoneError} */
  snapshot(repositoryId: number, signal?: AbortSignal): Promise<RepositorySnapshot>;

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
  readonly signal: AbortSignal;
  /** Called with lines for side band 2, such as `Enumerating objects: 12, done.\n`. */
  readonly onProgress?: (line: string) => void;
}

export interface PackPlan {
  readonly objectCount: number;
  /** The pack, header to trailer, in chunks of any size; each chunk is valid until the next is asked for. */
  stream(): AsyncIterable<Uint8Array>;
}

export interface PushRequest {
  readonly repositoryId: number;
  readonly actorId: number;
  readonly commands: readonly RefCommand[];
  readonly atomic: boolean;
  readonly pushOptions: readonly string[];
  /** The pack, exactly as sent; absent when every command is a deletion. Reading past its trailer finds the end. */
  readonly pack: AsyncIterable<Uint8Array> | undefined;
  readonly signal: AbortSignal;
  /** Called once the last byte of the pack was read: only then may an answer begin. */
  readonly onPackConsumed: () => void;
  readonly onProgress: (line: string) => void;
}

export interface RefCommand {
  readonly name: string;
  /** Zero id: the ref must not exist. */
  readonly oldId: ObjectId;
  /** Zero id: delete the ref. */
  readonly newId: ObjectId;
}

export interface PushOutcome {
  /** What `unpack` reports: undefined for `ok`. */
  readonly unpackError: string | undefined;
  /** In the order of the commands. */
  readonly refs: readonly RefOutcome[];
}

export type RefOutcome =
  | { readonly kind: 'ok'; readonly name: string; readonly forced: boolean }
  /** `reason` in git's own words where git has some. */
  | { readonly kind: 'rejected'; readonly name: string; readonly reason: string };
