/** What the LFS door uses of the application. */
import type { LfsTokens } from '#auth/lfs-token.ts';
import type { LfsLocks } from '#lfs/lfs-locks.ts';
import type { LfsObjects } from '#lfs/lfs-objects.ts';
import type { GitServices } from '../git-services.ts';

export interface LfsServices extends Pick<GitServices, 'authenticator' | 'accounts' | 'catalog'> {
  readonly lfsObjects: Pick<LfsObjects, keyof LfsObjects>;
  readonly lfsLocks: Pick<LfsLocks, keyof LfsLocks>;
  readonly lfsTokens: Pick<LfsTokens, 'issue' | 'verify'>;
  readonly site: { readonly publicUrl: URL };
}
