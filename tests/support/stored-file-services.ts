/** What git's doors need to offer stored files, over a test's own stores. */
import type { Database } from '#db/client.ts';
import { BundleOffers } from '#repository/bundle/bundle-offers.ts';
import { StoredFileAddresses } from '#repository/stored-file-address.ts';
import type { BlobStore } from '#storage/blob-store.ts';

export function storedFileServices(database: Database, blobs: BlobStore, publicUrl: URL) {
  const storedFiles = new StoredFileAddresses({ sql: database.sql, blobs }, publicUrl);
  return { storedFiles, bundles: new BundleOffers(database, storedFiles) };
}
