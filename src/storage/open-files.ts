/** Files kept open between reads, so that a ranged read costs one system call instead of three. */
import { type FileHandle, open } from 'node:fs/promises';

/** The use of an open file. `release` it once, when the last read has settled. */
export interface FileLease {
  readonly handle: FileHandle;
  /** The file's size when it was opened: blobs never change. */
  readonly sizeBytes: number;
  release(): Promise<void>;
}

/**
 * The least recently used file is closed once more than `filesMax` are open, but never under a reader: a file leaves the
 * cache at once and is closed when its last lease ends.
 */
export class OpenFiles {
  readonly #filesMax: number;
  /** In order of use, the oldest first. */
  readonly #files = new Map<string, OpenFile>();

  constructor(filesMax: number) {
    this.#filesMax = filesMax;
  }

  /** @throws `ENOENT` and the like, from open(2) */
  async lease(path: string): Promise<FileLease> {
    const file = this.#files.get(path) ?? { opening: openSized(path), leases: 0, evicted: false };
    file.leases++;
    this.#files.delete(path);
    this.#files.set(path, file);
    await this.#evictOldest();
    try {
      return { ...(await file.opening), release: () => this.#release(file) };
    } catch (error) {
      if (this.#files.get(path) === file) this.#files.delete(path);
      throw error;
    }
  }

  /** Lets go of a file that has been removed, so that its space on the disk is freed. */
  async evict(path: string): Promise<void> {
    const file = this.#files.get(path);
    if (!file) return;
    this.#files.delete(path);
    file.evicted = true;
    if (file.leases === 0) await closeFile(file);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#files.keys()].map((path) => this.evict(path)));
  }

  async #evictOldest(): Promise<void> {
    for (const path of this.#files.keys()) {
      if (this.#files.size <= this.#filesMax) return;
      await this.evict(path);
    }
  }

  async #release(file: OpenFile): Promise<void> {
    file.leases--;
    if (file.evicted && file.leases === 0) await closeFile(file);
  }
}

interface OpenFile {
  readonly opening: Promise<SizedFile>;
  leases: number;
  evicted: boolean;
}

async function closeFile(file: OpenFile): Promise<void> {
  const { handle } = await file.opening;
  await handle.close();
}

interface SizedFile {
  readonly handle: FileHandle;
  readonly sizeBytes: number;
}

async function openSized(path: string): Promise<SizedFile> {
  const handle = await open(path, 'r');
  try {
    const { size: sizeBytes } = await handle.stat();
    return { handle, sizeBytes };
  } catch (error) {
    await handle.close();
    throw error;
  }
}
