/**
 * What the application is made of, as its doors (pages, REST, git) see it: each member is an interface or a class that
 * `context.ts` has built with concrete adapters. Doors take from here only what they use.
 */
import type { AccountDirectory } from '#account/account-directory.ts';
import type { AccountWorkflows } from '#account/account-workflows.ts';
import type { AccessTokenStore } from '#auth/access-token-store.ts';
import type { Authenticator } from '#auth/authenticate.ts';
import type { LfsTokens } from '#auth/lfs-token.ts';
import type { decideAccess } from '#auth/policy.ts';
import type { RateLimiter } from '#auth/rate-limit.ts';
import type { Sessions } from '#auth/session.ts';
import type { SignIn } from '#auth/sign-in.ts';
import type { SshKeyStore } from '#auth/ssh-key-store.ts';
import type { PageReader } from '#browse/page-reader.ts';
import type { Bus } from '#bus/bus.ts';
import type { Cache } from '#bus/cache.ts';
import type { LfsLocks } from '#lfs/lfs-locks.ts';
import type { LfsObjects } from '#lfs/lfs-objects.ts';
import type { Admission } from '#repository/admission.ts';
import type { BundleOffers } from '#repository/bundle/bundle-offers.ts';
import type { PushLog } from '#repository/push-log.ts';
import type { PushNonces } from '#repository/push-nonces.ts';
import type { RepositoryCatalog } from '#repository/repository-catalog.ts';
import type { RepositoryEngine } from '#repository/repository-engine.ts';
import type { StoredFileAddresses } from '#repository/stored-file-address.ts';
import type { RefListings } from '#transport/git/ref-listings.ts';
import type { TextRenderer } from '#web/text/text-renderer.ts';

export interface Services {
  readonly site: Site;
  readonly accounts: AccountDirectory;
  readonly accountWorkflows: AccountWorkflows;
  readonly catalog: RepositoryCatalog;
  readonly bundles: BundleOffers;
  readonly pushNonces: PushNonces;
  readonly pushLog: PushLog;
  readonly refListings: RefListings;
  readonly storedFiles: StoredFileAddresses;
  readonly engine: RepositoryEngine;
  /** Makes room for clones, pushes and archives. */
  readonly admission: Admission;
  readonly authenticator: Authenticator;
  readonly rateLimiter: RateLimiter;
  readonly sessions: Sessions;
  readonly signIn: SignIn;
  readonly tokens: AccessTokenStore;
  readonly sshKeys: SshKeyStore;
  readonly lfsTokens: LfsTokens;
  readonly lfsObjects: LfsObjects;
  readonly lfsLocks: LfsLocks;
  /** The policy, for pages, which hold no code of ours but their own. */
  readonly decideAccess: typeof decideAccess;
  /** Trees, files and history, for pages. */
  readonly browse: PageReader;
  readonly textRenderer: TextRenderer;
  readonly bus: Bus;
  readonly cache: Cache;
}

/** What users may know of the configuration. */
export interface Site {
  /** Scheme and host that users see, without a path. */
  readonly publicUrl: URL;
  /** Where clients find git over SSH, at the host of `publicUrl`; undefined where it is off. */
  readonly sshPort: number | undefined;
  readonly signup: 'open' | 'invite' | 'closed';
  readonly version: string;
}
