/** What git's doors use of the application. */
import type { AccountDirectory } from '#account/account-directory.ts';
import type { Authenticator } from '#auth/authenticate.ts';
import type { Admission } from '#repository/admission.ts';
import type { BundleOffers } from '#repository/bundle/bundle-offers.ts';
import type { PushNonces } from '#repository/push-nonces.ts';
import type { RepositoryCatalog } from '#repository/repository-catalog.ts';
import type { RepositoryEngine } from '#repository/repository-engine.ts';
import type { StoredFileAddresses } from '#repository/stored-file-address.ts';
import type { RefListings } from './git/ref-listings.ts';

export interface GitServices {
  readonly engine: Pick<RepositoryEngine, 'snapshot' | 'readableSnapshot' | 'planPack' | 'receive'>;
  readonly authenticator: Pick<Authenticator, 'authenticate'>;
  readonly catalog: Pick<RepositoryCatalog, 'find' | 'create' | 'deleteIfEmpty'>;
  readonly accounts: Pick<AccountDirectory, 'find'>;
  /** Makes room for what is heavy: see `git/heavy-work.ts`. */
  readonly admission: Pick<Admission, 'run'>;
  readonly pushNonces: Pick<PushNonces, 'issue' | 'judge'>;
  /** Lists of refs that many ask for. */
  readonly refListings: RefListings;
  readonly bundles: Pick<BundleOffers, 'find'>;
  readonly storedFiles: Pick<StoredFileAddresses, 'addressOf' | 'verify'>;
  readonly site: { readonly version: string };
}
