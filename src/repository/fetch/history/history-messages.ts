/** What passes between the main thread and the threads that read histories. */
import type { ObjectFormatName } from '#git/object/object-id.ts';
import type { ByteRange } from '#storage/blob-store.ts';
import type { StoredPack } from '../../packed-object-store.ts';
import type { CommitTrees } from '../walk/commit-trees.ts';
import type { WalkResult, WalkTask } from '../walk/walk-task.ts';
import type { BroughtObjects } from './history-scan.ts';

export type ThreadWork =
  /** What each of the commits brings. */
  | { readonly kind: 'scan'; readonly commits: CommitTrees }
  /** What they bring together, to one client. */
  | { readonly kind: 'walk'; readonly walk: WalkTask };

export interface ThreadTask<Work extends ThreadWork = ThreadWork> {
  readonly format: ObjectFormatName;
  readonly packs: readonly StoredPack[];
  readonly work: Work;
  /** One flag, not 0 when nobody waits any more. */
  readonly cancel: Int32Array<SharedArrayBuffer>;
}

export interface ResultOf {
  readonly scan: BroughtObjects;
  readonly walk: WalkResult;
}

export interface FlatError {
  readonly name: string;
  readonly message: string;
}

export type ToThread =
  | { readonly kind: 'task'; readonly number: number; readonly task: ThreadTask }
  | { readonly kind: 'answer'; readonly call: number; readonly result?: unknown; readonly error?: FlatError };

export type FromThread =
  | {
      readonly kind: 'done';
      readonly number: number;
      readonly result?: ResultOf[keyof ResultOf];
      readonly error?: FlatError;
    }
  /** Storage is asked by the main thread alone, which has its connections. */
  | { readonly kind: 'read'; readonly call: number; readonly key: string; readonly range: ByteRange }
  | { readonly kind: 'size'; readonly call: number; readonly key: string };
