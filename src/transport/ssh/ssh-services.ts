/** What git over SSH uses of the application. */
import type { LfsTokens } from '#auth/lfs-token.ts';
import type { SshKeyStore } from '#auth/ssh-key-store.ts';
import type { GitServices } from '../git-services.ts';

export interface SshServices extends GitServices {
  readonly sshKeys: Pick<SshKeyStore, 'findOwner' | 'use' | 'findUsers'>;
  readonly lfsTokens: Pick<LfsTokens, 'issue'>;
  readonly site: GitServices['site'] & { readonly publicUrl: URL };
}
