/** What passes between `patch-threads.ts` and its worker threads. */
import type { FilePatch } from '#git/diff/patch.ts';

export interface PatchJob {
  readonly oldBytes: Uint8Array;
  readonly newBytes: Uint8Array;
  /** Beyond it the lines need not travel. */
  readonly linesMax: number;
}

export type PatchResult = FilePatch | { readonly kind: 'too-long' };
