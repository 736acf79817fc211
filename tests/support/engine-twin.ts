/** A generated repository twice: in the engine, over real Postgres, and beside it as a bare one that `git upload-pack` serves. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connectDatabase, type Database } from '#db/client.ts';
import { DELIM, encodePktLine, FLUSH } from '#git/pkt-line/encode.ts';
import { PackedRepositoryEngine } from '#repository/packed-repository-engine.ts';
import type { RefCommand, RepositorySnapshot } from '#repository/repository-engine.ts';
import { MemoryBlobStore } from '#storage/memory-blob-store.ts';
import { type FetchAnswer, takeApart } from '../differential/fetch-answer.ts';
import { type GeneratedRepository, HIDDEN_PREFIX } from '../differential/generated-repository.ts';
import { createTestDatabase } from './database.ts';
import { pushIntoEngine } from './engine-push.ts';

export class EngineBed {
  readonly engine: PackedRepositoryEngine;
  readonly blobs = new MemoryBlobStore();
  readonly folder: string;
  readonly #db: Database;
  readonly #drop: () => Promise<void>;

  static async start(): Promise<EngineBed> {
    const database = await createTestDatabase();
    return new EngineBed(connectDatabase(database.url), database.drop);
  }

  private constructor(db: Database, drop: () => Promise<void>) {
    this.#db = db;
    this.#drop = drop;
    this.engine = new PackedRepositoryEngine({
      db,
      blobs: this.blobs,
      threadCount: 1,
      historyCommitsMin: 2,
    });
    this.folder = mkdtempSync(path.join(tmpdir(), 'och-engine-'));
  }

  async stop(): Promise<void> {
    await this.engine.close();
    await this.#db.close();
    await this.#drop();
    rmSync(this.folder, { recursive: true });
  }

  async createRepository(name: string, objectFormat: string): Promise<number> {
    const [owner] = await this.#db.sql<[{ id: number }]>`
      insert into account (kind, login, login_key) values ('user', ${name}, ${name}) returning id`;
    const [row] = await this.#db.sql<[{ id: number }]>`
      insert into repository (owner_id, name, name_key, visibility, object_format)
      values (${owner.id}, ${name}, ${name}, 'private', ${objectFormat}) returning id`;
    return row.id;
  }
}

export class EngineTwin {
  readonly bed: EngineBed;
  readonly repository: GeneratedRepository;
  readonly #repositoryId: number;
  readonly #bare: string;

  static async create(bed: EngineBed, name: string, repository: GeneratedRepository): Promise<EngineTwin> {
    const twin = new EngineTwin(bed, name, repository, await bed.createRepository(name, repository.model.format));
    twin.#makeBare();
    await twin.#pushAll();
    return twin;
  }

  private constructor(bed: EngineBed, name: string, repository: GeneratedRepository, repositoryId: number) {
    this.bed = bed;
    this.repository = repository;
    this.#repositoryId = repositoryId;
    this.#bare = path.join(bed.folder, `${name}.git`);
  }

  snapshot(): Promise<RepositorySnapshot> {
    return this.bed.engine.snapshot(this.#repositoryId);
  }

  /** What git answers to a fetch of protocol version 2 with these lines. `log` is what it says when it dies. */
  askGit(lines: readonly string[]): FetchAnswer & { readonly log: string } {
    const format = this.repository.model.format;
    const request = ['command=fetch', `object-format=${format}`, DELIM, ...lines.map((line) => `${line}\n`), FLUSH];
    const { stdout, stderr } = spawnSync('git', ['upload-pack', '--stateless-rpc', '.'], {
      cwd: this.#bare,
      input: Buffer.concat(request.map(encodePktLine)),
      env: { ...process.env, ...PLAIN, GIT_PROTOCOL: 'version=2' },
      maxBuffer: 1 << 28,
    });
    return { ...takeApart(stdout, 'side-band'), log: stderr.toString() };
  }

  git(args: readonly string[], input: Uint8Array | string = ''): Buffer {
    const { status, stdout, stderr } = spawnSync('git', args, {
      cwd: this.#bare,
      input,
      env: { ...process.env, ...PLAIN },
      maxBuffer: 1 << 28,
    });
    if (status !== 0) throw new Error(`git ${args.join(' ')}: exit status ${status}: ${stderr}`);
    return stdout;
  }

  #makeBare(): void {
    const { model, refs, headTarget } = this.repository;
    const init = ['init', '-q', '--bare', `--object-format=${model.format}`, this.#bare];
    spawnSync('git', init, { env: { ...process.env, ...PLAIN } });
    for (const [key, value] of CONFIG) this.git(['config', key, value]);
    if (model.objects.size > 0) this.git(['index-pack', '--stdin'], model.pack());
    this.git(['update-ref', '--stdin'], [...refs].map(([ref, id]) => `create ${ref} ${id}\n`).join(''));
    this.git(['symbolic-ref', 'HEAD', headTarget]);
    this.git(['repack', '-q', '-d', '-a', '-k']);
  }

  /** In two pushes, so that there are several packs; before them what no ref leads to, pushed and deleted again. */
  async #pushAll(): Promise<void> {
    const { model, refs, unreachable } = this.repository;
    const had = new Set<string>();
    const create = (name: string, newId: string): RefCommand => ({ name, oldId: model.zeroId, newId });
    const lost = unreachable.filter((id) => model.get(id).type === 'commit');
    const lostRefs = lost.map((id, index) => create(`refs/lost/${index}`, id));
    await this.#push(lostRefs, had);
    const names = [...refs.keys()].sort();
    const half = Math.ceil(names.length / 2);
    for (const part of [names.slice(0, half), names.slice(half)]) {
      await this.#push(
        part.map((name) => create(name, refs.get(name) ?? '')),
        had,
      );
    }
    await this.#push(
      lostRefs.map(({ name, newId }) => ({ name, oldId: newId, newId: model.zeroId })),
      had,
    );
  }

  async #push(commands: RefCommand[], had: Set<string>): Promise<void> {
    if (commands.length === 0) return;
    const { model } = this.repository;
    const wanted = commands.map(({ newId }) => newId).filter((id) => id !== model.zeroId);
    const lacking = [...model.closure(wanted)].filter((id) => !had.has(id));
    for (const id of lacking) had.add(id);
    const args = ['pack-objects', '--stdout', '--delta-base-offset', '-q'];
    const pack = wanted.length > 0 ? this.git(args, lacking.map((id) => `${id}\n`).join('')) : undefined;
    await pushIntoEngine(this.bed.engine, { repositoryId: this.#repositoryId, commands, pack });
  }
}

const PLAIN = { GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_NOSYSTEM: '1', LC_ALL: 'C' };
const CONFIG: readonly (readonly [string, string])[] = [
  ['uploadpack.allowFilter', 'true'],
  ['transfer.hideRefs', HIDDEN_PREFIX],
];
