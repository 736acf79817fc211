/** What passes between the main thread and the threads that read histories. */
import type { ObjectFormatName } from '#git/object/object-id.ts';
import type { ByteRange } from '#storage/blob-store.ts';
import type { StoredPack } from '../../packed-object-store.ts';
import type { BroughtObjects, CommitTrees } from './history-scan.ts';

export interface ScanTask {
  readonly format: ObjectFormatName;
  readonly packs: readonly StoredPack[];
  readonly commits: CommitTrees;
  /** One flag, not 0 when nobody waits any more. */
  readonly cancel: Int32Array<SharedArrayBuffer>;
}

export interface FlatError {
  readonly name: string;
  readonly message: string;
}

export type ToThread =
  | { readonly kind: 'scan'; readonly scan: number; readonly task: ScanTask }
  | { readonly kind: 'answer'; readonly call: number; readonly result?: unknown; readonly error?: FlatError };

export type FromThread =
  | { readonly kind: 'found'; readonly scan: number; readonly result?: BroughtObjects; readonly error?: FlatError }
  /** Storage is asked by the main thread alone, which has its connections. */
  | { readonly kind: 'read'; readonly call: number; readonly key: string; readonly range: ByteRange }
  | { readonly kind: 'size'; readonly call: number; readonly key: string };
