/**
 * What the engine asks of whoever keeps objects. An ObjectStore is a snapshot: it answers for the packs that were listed when
 * it was opened, however long the request takes.
 */
import type { ObjectFormat, ObjectId } from './object/object-id.ts';
import type { ObjectType } from './object/object-type.ts';
import type { CommitGraph } from './walk/commit-graph.ts';

export interface GitObject {
  readonly type: ObjectType;
  /** The inflated body, without the "type size\0" header. Shared: do not change it. */
  readonly body: Uint8Array;
}

export interface ObjectHeader {
  readonly type: ObjectType;
  readonly sizeBytes: number;
}

export interface ObjectStream extends ObjectHeader {
  readonly body: AsyncIterable<Uint8Array>;
}

export interface ObjectStore {
  readonly format: ObjectFormat;
  /** About how many objects there are: one that lies in several packs counts several times. */
  readonly objectCount: number;
  /** Type and size, without reading the body; undefined when there is no such object. */
  header(id: ObjectId): Promise<ObjectHeader | undefined>;
  /**
   * Reads a whole object.
   * @throws {MissingObjectError}
   * @throws {ObjectTooLargeError} larger than `options.sizeMaxBytes` (default `limits.objectInMemoryMaxBytes`)
   */
  read(id: ObjectId, options?: ReadOptions): Promise<GitObject>;
  /** Reads many objects with few requests to storage; a missing one rejects. In the order asked. */
  readMany(ids: readonly ObjectId[]): Promise<GitObject[]>;
  /** Streams an object of any size. @throws {MissingObjectError} */
  stream(id: ObjectId, signal?: AbortSignal): Promise<ObjectStream>;
  /** All ids that begin with `prefix` (lower-case hex, 4 digits or more), at most `countMax`. */
  findByPrefix(prefix: string, countMax: number): Promise<ObjectId[]>;
  /** Parents, trees and dates of all commits, in memory. */
  commitGraph(): Promise<CommitGraph>;
}

export interface ReadOptions {
  sizeMaxBytes?: number;
  signal?: AbortSignal;
}
