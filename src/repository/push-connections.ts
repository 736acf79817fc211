/** How the objects that a push points its refs at are connected: through its pack, or because they are visible already. */
import { fromHex } from '#bytes/hex.ts';
import type { ObjectId } from '#git/object/object-id.ts';
import type { IdTable } from '#git/walk/id-table.ts';
import type { IngestedPack } from './ingest/pack-ingest.ts';
import type { PackedObjectStore } from './packed-object-store.ts';
import type { PushRequest } from './repository-engine.ts';
import { type Connection, ConnectionSearch } from './unconnected-objects.ts';
import type { VisibleObjects } from './visible-objects.ts';

export interface PushConnectionsOptions {
  /** Of the repository and of the push. */
  readonly objects: PackedObjectStore;
  readonly visible: VisibleObjects;
  /** What the pack refers to and nobody has. */
  readonly missing: IdTable;
  readonly ingested: IngestedPack | undefined;
  readonly request: Pick<PushRequest, 'shallowIds' | 'signal'>;
}

export class PushConnections {
  readonly #options: PushConnectionsOptions;
  #search: ConnectionSearch | undefined;

  constructor(options: PushConnectionsOptions) {
    this.#options = options;
  }

  async of(id: ObjectId): Promise<Connection> {
    const { objects, visible, missing, ingested, request } = this.#options;
    const packs = await objects.load();
    const slot = fromHex(id);
    const pack = packs.find((candidate) => candidate.id === ingested?.lease.packId);
    if (pack && pack.index.find(slot, 0) >= 0) {
      if (missing.size === 0) return 'connected';
      const shallowIds = new Set(request.shallowIds);
      this.#search ??= new ConnectionSearch({ objects, pack, missing, shallowIds, signal: request.signal });
      return this.#search.connectionOf(id);
    }
    if (!objects.locate(slot)) return 'missing';
    return (await visible.findInvisible(slot)).length === 0 ? 'connected' : 'missing';
  }
}
