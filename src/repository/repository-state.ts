/**
 * Refs and pack list of repositories as the database has them, cached by their version counters: an unchanged repository costs one
 * query for its row. The counters, not messages, decide what is current, so a lost message costs nothing.
 */
import { LRUCache } from 'lru-cache';
import { toHex } from '#bytes/hex.ts';
import type { Database, SqlRunner } from '#db/client.ts';
import { type ObjectFormat, type ObjectFormatName, objectFormatOf } from '#git/object/object-id.ts';
import { limits } from '#limits.ts';
import { RepositoryGoneError } from './errors.ts';
import type { StoredPack } from './packed-object-store.ts';
import { SortedRefs } from './ref-snapshot.ts';

export interface RepositoryState {
  readonly format: ObjectFormat;
  readonly refsVersion: number;
  readonly packsVersion: number;
  readonly refs: SortedRefs;
  /** Oldest first. */
  readonly packs: readonly StoredPack[];
}

interface VersionRow {
  object_format: ObjectFormatName;
  head_target: string;
  refs_version: number;
  packs_version: number;
}

export class RepositoryStates {
  readonly #db: Database;
  readonly #cache = new LRUCache<number, RepositoryState>({
    maxSize: limits.cachedRefsMax,
    sizeCalculation: (state) => state.refs.refs.length + state.packs.length + 1,
  });

  constructor(db: Database) {
    this.#db = db;
  }

  /** @throws {RepositoryGoneError} */
  async read(repositoryId: number): Promise<RepositoryState> {
    const versions = await readVersions(this.#db.sql, repositoryId);
    const cached = this.#cache.get(repositoryId);
    if (cached && cached.refsVersion === versions.refs_version && cached.packsVersion === versions.packs_version) {
      return cached;
    }
    const state = await this.#db.transaction(async (tx) => {
      await tx`set transaction isolation level repeatable read, read only`;
      return readState(tx, repositoryId);
    });
    this.#cache.set(repositoryId, state);
    return state;
  }
}

async function readVersions(sql: SqlRunner, repositoryId: number): Promise<VersionRow> {
  const [row] = await sql<VersionRow[]>`
    select object_format, head_target, refs_version, packs_version from repository where id = ${repositoryId}`;
  if (!row) throw new RepositoryGoneError(repositoryId);
  return row;
}

async function readState(sql: SqlRunner, repositoryId: number): Promise<RepositoryState> {
  const versions = await readVersions(sql, repositoryId);
  const refs = await sql<{ name: string; target: Uint8Array; peeled: Uint8Array | null }[]>`
    select name, target, peeled from ref where repository_id = ${repositoryId} order by name`;
  const packs = await sql<{ id: string; object_count: number; size_bytes: number }[]>`
    select pack.id, pack.object_count, pack.size_bytes
    from repository_pack join pack on pack.id = repository_pack.pack_id
    where repository_pack.repository_id = ${repositoryId} order by repository_pack.ordinal`;
  return {
    format: objectFormatOf(versions.object_format),
    refsVersion: versions.refs_version,
    packsVersion: versions.packs_version,
    refs: new SortedRefs(
      versions.head_target,
      refs.map((ref) => ({
        name: ref.name,
        target: toHex(ref.target),
        peeled: ref.peeled ? toHex(ref.peeled) : undefined,
      })),
    ),
    packs: packs.map((pack) => ({ id: pack.id, objectCount: pack.object_count, sizeBytes: pack.size_bytes })),
  };
}
