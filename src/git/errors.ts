/** Errors of the engine. Each has a stable `code`; `transport/http/` maps them to answers. */
import type { ObjectId } from './object/object-id.ts';

export abstract class GitError extends Error {
  abstract readonly code: string;
}

/** A pack that is not what it says: bad header, cut short, wrong checksum, impossible delta. The sender's fault. */
export class CorruptPackError extends GitError {
  override readonly name = 'CorruptPackError';
  readonly code = 'CORRUPT_PACK';
}

/** An object whose bytes are not of its type's format. */
export class CorruptObjectError extends GitError {
  override readonly name = 'CorruptObjectError';
  readonly code = 'CORRUPT_OBJECT';
}

/** An object made to have the same SHA-1 as another. */
export class CollisionAttackError extends GitError {
  override readonly name = 'CollisionAttackError';
  readonly code = 'COLLISION_ATTACK';
}

/** Input beyond a bound of `limits.ts`. */
export class LimitExceededError extends GitError {
  override readonly name = 'LimitExceededError';
  readonly code = 'LIMIT_EXCEEDED';
}

export class MissingObjectError extends GitError {
  override readonly name = 'MissingObjectError';
  readonly code = 'MISSING_OBJECT';
  readonly objectId: ObjectId;

  constructor(objectId: ObjectId, step = 'read object') {
    super(`${step} ${objectId}: not in this repository`);
    this.objectId = objectId;
  }
}

/** An object that cannot be held in memory; `ObjectStore.stream` reads it. */
export class ObjectTooLargeError extends GitError {
  override readonly name = 'ObjectTooLargeError';
  readonly code = 'OBJECT_TOO_LARGE';
}

/** A peer that does not speak the protocol. The message is sent to it as `ERR`. */
export class ProtocolError extends GitError {
  override readonly name = 'ProtocolError';
  readonly code = 'PROTOCOL';
}
