/** Which bundle a client may be offered — gitprotocol-v2(5), "bundle-uri". */
import { LRUCache } from 'lru-cache';
import { toHex } from '#bytes/hex.ts';
import type { Database } from '#db/client.ts';
import type { ObjectId } from '#git/object/object-id.ts';
import type { RepositorySnapshot } from '../repository-engine.ts';
import type { RepositoryRecord } from '../repository-record.ts';
import type { StoredFileAddresses } from '../stored-file-address.ts';
import { bundledRefs } from './bundled-refs.ts';

export interface BundleOffer {
  readonly id: string;
  readonly url: URL;
  /** Grows from one bundle of a repository to the next. */
  readonly creationToken: number;
}

interface BundleRow {
  readonly id: string;
  readonly refsVersion: number;
  readonly tips: Uint8Array;
  readonly createdAt: Date;
}

/** Bundles whose tips were looked at, by id and version of the refs. */
const REMEMBERED_MAX = 1_000;

export class BundleOffers {
  readonly #db: Database;
  readonly #addresses: StoredFileAddresses;
  readonly #isCurrent = new LRUCache<string, boolean>({ max: REMEMBERED_MAX });

  constructor(db: Database, addresses: StoredFileAddresses) {
    this.#db = db;
    this.#addresses = addresses;
  }

  /**
   * The repository's bundle, if it has one and all that is in it may still be fetched: what a deleted branch alone had must not
   * leave in a bundle either. One that holds such history is retired, and made anew in time.
   */
  async find(
    repository: RepositoryRecord,
    snapshot: RepositorySnapshot,
    signal: AbortSignal,
  ): Promise<BundleOffer | undefined> {
    if (!repository.gitSettings['uploadpack.advertiseBundleURIs']) return undefined;
    const bundle = await this.#findRow(repository.id);
    if (bundle === undefined) return undefined;
    if (!(await this.#isStillVisible(bundle, repository, snapshot, signal))) {
      await this.#db.sql`update bundle set retired_at = now() where id = ${bundle.id} and retired_at is null`;
      return undefined;
    }
    const url = await this.#addresses.addressOf({ kind: 'bundle', id: bundle.id });
    return { id: bundle.id, url, creationToken: Math.floor(bundle.createdAt.getTime() / 1_000) };
  }

  async #findRow(repositoryId: number): Promise<BundleRow | undefined> {
    const [row] = await this.#db.sql<BundleRow[]>`
      select id, refs_version as "refsVersion", tips, created_at as "createdAt" from bundle
      where repository_id = ${repositoryId} and ready_at is not null and retired_at is null
      order by ready_at desc limit 1`;
    return row;
  }

  async #isStillVisible(
    bundle: BundleRow,
    { gitSettings }: RepositoryRecord,
    snapshot: RepositorySnapshot,
    signal: AbortSignal,
  ): Promise<boolean> {
    const hidden = [...gitSettings['transfer.hideRefs'], ...gitSettings['uploadpack.hideRefs']];
    if (hidden.length > 0) return false;
    if (bundle.refsVersion === snapshot.refsVersion) return true;
    const question = `${bundle.id} ${snapshot.refsVersion}`;
    const known = this.#isCurrent.get(question);
    if (known !== undefined) return known;
    const visible = bundledRefs(snapshot.refs, hidden);
    const reached = await snapshot.reachableMany(idsOf(bundle.tips, snapshot.objects.format.idBytes), visible, {
      signal,
    });
    const isCurrent = reached.every(Boolean);
    this.#isCurrent.set(question, isCurrent);
    return isCurrent;
  }
}

function idsOf(bytes: Uint8Array, idBytes: number): ObjectId[] {
  return Array.from({ length: bytes.length / idBytes }, (_, index) =>
    toHex(bytes, index * idBytes, (index + 1) * idBytes),
  );
}
