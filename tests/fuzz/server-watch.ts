/** What a server must not have done after any number of bad requests: what it logged, left in storage or rows, or kept busy with. */
import { setTimeout as sleep } from 'node:timers/promises';
import pino from 'pino';
import type { Sql } from '#db/client.ts';
import type { RequestOptions, UploadSession } from '#storage/blob-store.ts';
import { MemoryBlobStore } from '#storage/memory-blob-store.ts';

/** Of CPU time, not of the clock: the machine may be busy with other things. Fuzzer and server share the thread. */
const TURN_MAX_MS = 500;
const TICK_MS = 20;
/** What an aborted request leaves for a moment goes by itself. */
const SETTLE_MAX_MS = 15_000;
/** The fuzzer's own, the database's, and some that are closing. */
const SOCKETS_MAX = 100;
const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;

/** Remembers what it holds, and which uploads are under way. */
class WatchedBlobStore extends MemoryBlobStore {
  readonly keys = new Set<string>();
  readonly uploads = new Set<string>();

  override async put(key: string, bytes: Uint8Array, options?: RequestOptions): Promise<void> {
    await super.put(key, bytes, options);
    this.keys.add(key);
  }

  override async startUpload(key: string, options?: RequestOptions): Promise<UploadSession> {
    const upload = await super.startUpload(key, options);
    this.uploads.add(upload.uploadId);
    const { uploadId, partSizeMinBytes } = upload;
    return {
      uploadId,
      partSizeMinBytes,
      uploadPart: (...part) => upload.uploadPart(...part),
      abort: () => this.abortUpload(key, uploadId),
      complete: async (completion) => {
        await upload.complete(completion);
        this.uploads.delete(uploadId);
        this.keys.add(key);
      },
    };
  }

  override async abortUpload(key: string, uploadId: string): Promise<void> {
    await super.abortUpload(key, uploadId);
    this.uploads.delete(uploadId);
  }

  override async delete(key: string): Promise<void> {
    await super.delete(key);
    this.keys.delete(key);
  }
}

export class ServerWatch {
  readonly blobs = new WatchedBlobStore();
  readonly #errors: string[] = [];
  /** For the server: errors alone. */
  readonly log = pino({ level: 'error' }, { write: (line: string) => void this.#errors.push(line) });
  readonly #timer: NodeJS.Timeout;
  #busyMaxMs = 0;

  constructor() {
    let before = process.threadCpuUsage();
    this.#timer = setInterval(() => {
      const { user, system } = process.threadCpuUsage(before);
      this.#busyMaxMs = Math.max(this.#busyMaxMs, (user + system) / 1_000);
      before = process.threadCpuUsage();
    }, TICK_MS);
    this.#timer.unref();
  }

  /** @throws {Error} says what is there and should not be */
  async check(sql: Sql): Promise<void> {
    if (this.#errors.length > 0) throw new Error(`the server logged: ${this.#errors.splice(0).join('')}`);
    // The first turns of a process compile what they run.
    if (this.#busyMaxMs > TURN_MAX_MS) throw new Error(`nothing else ran for ${Math.round(this.#busyMaxMs)} ms`);
    await this.#requireSettled('packs are pending', async () => {
      const rows = await sql<{ id: string }[]>`select id from pack where state = 'pending'`;
      return rows.map(({ id }) => id);
    });
    await this.#requireSettled('uploads are under way', async () => [...this.blobs.uploads]);
    await this.#requireSettled('blobs belong to nothing', () => this.#strayBlobs(sql));
    const sockets = () => process.getActiveResourcesInfo().filter((name) => name.startsWith('TCPSocket'));
    await this.#requireSettled('sockets are open', async () => sockets().slice(SOCKETS_MAX));
  }

  /** Forgets how long the thread was busy: the fuzzer itself had something long to do. */
  forgive(): void {
    this.#busyMaxMs = 0;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #requireSettled(what: string, find: () => Promise<readonly string[]>): Promise<void> {
    for (let waitedMs = 0; ; waitedMs += 50) {
      const found = await find();
      if (found.length === 0) return;
      if (waitedMs >= SETTLE_MAX_MS) throw new Error(`${what}: ${found.slice(0, 5).join(', ')} of ${found.length}`);
      await sleep(50);
    }
  }

  async #strayBlobs(sql: Sql): Promise<readonly string[]> {
    const rows = await sql<{ id: string }[]>`
      select id::text from pack union all select id::text from bundle
      union all select blob_id::text from lfs_object union all select id::text from lfs_upload`;
    const known = new Set(rows.map(({ id }) => id));
    return [...this.blobs.keys].filter((key) => !known.has(UUID.exec(key)?.[0] ?? ''));
  }
}
