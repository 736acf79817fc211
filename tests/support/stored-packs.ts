/** The engine over real Postgres, of which a test asks what lies in storage after its pushes, and git what it thinks of that. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { toHex } from '#bytes/hex.ts';
import { connectDatabase, type Database } from '#db/client.ts';
import { DEFAULT_GIT_SETTINGS } from '#repository/git-settings.ts';
import { PackedRepositoryEngine } from '#repository/packed-repository-engine.ts';
import type { PushOutcome, RefCommand } from '#repository/repository-engine.ts';
import { MemoryBlobStore } from '#storage/memory-blob-store.ts';
import { packIndexKey, packKey } from '#storage/storage-key.ts';
import { createTestDatabase } from './database.ts';

/** One pack as it lies in storage, with its row. */
export interface StoredPack {
  readonly pack: Uint8Array;
  readonly index: Uint8Array;
  /** Of our row. */
  readonly objectCount: number;
  readonly trailer: string;
}

export class StoredPacksBed {
  readonly #db: Database;
  readonly #drop: () => Promise<void>;
  readonly #blobs = new MemoryBlobStore();
  readonly #engine: PackedRepositoryEngine;

  static async start(): Promise<StoredPacksBed> {
    const database = await createTestDatabase();
    return new StoredPacksBed(connectDatabase(database.url), database.drop);
  }

  private constructor(db: Database, drop: () => Promise<void>) {
    this.#db = db;
    this.#drop = drop;
    this.#engine = new PackedRepositoryEngine({ db, blobs: this.#blobs, threadCount: 2 });
  }

  async stop(): Promise<void> {
    await this.#engine.close();
    await this.#db.close();
    await this.#drop();
  }

  async createRepository(name: string, objectFormat: 'sha1' | 'sha256' = 'sha1'): Promise<number> {
    const [owner] = await this.#db.sql<[{ id: number }]>`
      insert into account (kind, login, login_key) values ('user', ${name}, ${name}) returning id`;
    const [row] = await this.#db.sql<[{ id: number }]>`
      insert into repository (owner_id, name, name_key, visibility, object_format)
      values (${owner.id}, ${name}, ${name}, 'private', ${objectFormat}) returning id`;
    return row.id;
  }

  push(repositoryId: number, pack: Uint8Array | undefined, commands: readonly RefCommand[]): Promise<PushOutcome> {
    return this.#engine.receive({
      repositoryId,
      actorId: undefined,
      settings: DEFAULT_GIT_SETTINGS,
      shallowIds: [],
      commands,
      atomic: false,
      pushOptions: [],
      pack: pack && piecesOf(pack),
      signal: AbortSignal.timeout(60_000),
      onPackConsumed: () => undefined,
      onProgress: () => undefined,
    });
  }

  /** Oldest first. */
  async packsOf(repositoryId: number): Promise<StoredPack[]> {
    const rows = await this.#db.sql<{ id: string; object_count: number; trailer: Uint8Array }[]>`
      select id, object_count, trailer from pack join repository_pack on pack_id = id
      where repository_id = ${repositoryId} order by ordinal`;
    return Promise.all(
      rows.map(async (row) => ({
        pack: await this.#wholeBlob(packKey(row.id)),
        index: await this.#wholeBlob(packIndexKey(row.id)),
        objectCount: row.object_count,
        trailer: toHex(row.trailer),
      })),
    );
  }

  async #wholeBlob(key: string): Promise<Uint8Array> {
    const lengthBytes = await this.#blobs.size(key);
    if (lengthBytes === undefined) throw new Error(`no blob ${key}`);
    return this.#blobs.read(key, { offset: 0, lengthBytes });
  }
}

/** Packs in the files of a bare repository, each judged by git before the next comes: it may lean on those before it, for links only. */
export class GitJudge implements Disposable {
  readonly #folder = mkdtempSync(path.join(tmpdir(), 'och-judge-'));
  #count = 0;

  constructor(objectFormat: 'sha1' | 'sha256' = 'sha1') {
    this.git(['init', '-q', '--bare', `--object-format=${objectFormat}`]);
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true });
  }

  /**
   * `git index-pack --strict` without `--fix-thin`, then `git verify-pack`: every object is there, sound, and links to objects there are.
   *
   * @returns the index that git makes, and how many objects it lists
   * @throws what git says
   */
  judge(pack: Uint8Array): { readonly index: Buffer; readonly objectCount: number } {
    const file = `objects/pack/pack-${String(++this.#count).padStart(40, '0')}`;
    writeFileSync(path.join(this.#folder, `${file}.pack`), pack);
    this.git(['index-pack', '--strict', '--index-version=2', `${file}.pack`]);
    const listing = this.git(['verify-pack', '-v', `${file}.idx`]).toString();
    const objects = listing.split('\n').filter((line) => OBJECT_LINE.test(line));
    return { index: readFileSync(path.join(this.#folder, `${file}.idx`)), objectCount: objects.length };
  }

  git(args: readonly string[], input: Uint8Array | string = ''): Buffer {
    const { status, stdout, stderr } = spawnSync('git', args, {
      cwd: this.#folder,
      input,
      env: { ...process.env, ...PLAIN },
      maxBuffer: 1 << 28,
    });
    if (status !== 0) throw new Error(`git ${args.join(' ')}: exit status ${status}: ${stderr}`);
    return stdout;
  }
}

const OBJECT_LINE = /^[0-9a-f]{40,64} (?:commit|tree|blob|tag) /;
const PLAIN = { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1', LC_ALL: 'C' };

async function* piecesOf(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  for (let start = 0; start < bytes.length; start += 65_536) yield bytes.subarray(start, start + 65_536);
}
