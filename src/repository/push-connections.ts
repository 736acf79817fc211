/** How the objects that a push points its refs at are connected: through its pack, or because they are visible already. */
import { fromHex } from '#bytes/hex.ts';
import type { ObjectId } from '#git/object/object-id.ts';
import type { IdTable } from '#git/walk/id-table.ts';
import type { IngestedPack } from './ingest/pack-ingest.ts';
import type { LoadedPack, PackedObjectStore } from './packed-object-store.ts';
import type { PushRequest, RefCommand } from './repository-engine.ts';
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

  /** @returns what commands point their refs at and the pack has */
  async ofPack(commands: readonly RefCommand[]): Promise<readonly ObjectId[]> {
    const pack = await this.#pack();
    return commands.map(({ newId }) => newId).filter((id) => pack && pack.index.find(fromHex(id), 0) >= 0);
  }

  async of(id: ObjectId): Promise<Connection> {
    const { objects, visible, missing, request } = this.#options;
    const slot = fromHex(id);
    const pack = await this.#pack();
    if (pack && pack.index.find(slot, 0) >= 0) {
      if (missing.size === 0) return 'connected';
      const shallowIds = new Set(request.shallowIds);
      this.#search ??= new ConnectionSearch({ objects, pack, missing, shallowIds, signal: request.signal });
      return this.#search.connectionOf(id);
    }
    if (!objects.locate(slot)) return 'missing';
    return (await visible.findInvisible(slot)).length === 0 ? 'connected' : 'missing';
  }

  async #pack(): Promise<LoadedPack | undefined> {
    const packs = await this.#options.objects.load();
    return packs.find(({ id }) => id === this.#options.ingested?.lease.packId);
  }
}
