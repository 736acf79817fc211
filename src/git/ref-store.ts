/** What the engine asks of whoever keeps refs. Changing them is the host's business: `repository/ref-transaction.ts`. */
import type { ObjectId } from './object/object-id.ts';

export interface Ref {
  readonly name: string;
  readonly target: ObjectId;
  /** What an annotated tag leads to in the end; absent when the target is no tag. */
  readonly peeled?: ObjectId | undefined;
}

export interface RefSnapshot {
  /** The ref that HEAD names, for example `refs/heads/main`, whether or not it exists. */
  readonly headTarget: string;
  /** Sorted by name, byte by byte. */
  readonly refs: readonly Ref[];
  /** @returns undefined when there is no such ref; `HEAD` is followed */
  find(name: string): Ref | undefined;
}
