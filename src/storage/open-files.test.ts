import { mkdtemp, readdir, readlink, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { OpenFiles } from './open-files.ts';

describe('OpenFiles', () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'open-files-'));
    for (const name of ['a', 'b', 'c']) await writeFile(join(folder, name), name.repeat(10));
  });
  afterEach(() => rm(folder, { recursive: true, force: true }));

  /** Names of the folder's files that this process holds open. */
  async function openNames(): Promise<string[]> {
    const links = await Promise.all(
      (await readdir('/proc/self/fd')).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')),
    );
    return links
      .filter((link) => link.startsWith(folder))
      .map((link) => link.slice(folder.length + 1))
      .sort();
  }

  test('opens a file once for all its readers', async () => {
    const files = new OpenFiles(2);
    const leases = await Promise.all([files.lease(join(folder, 'a')), files.lease(join(folder, 'a'))]);
    expect(leases.map(({ sizeBytes }) => sizeBytes)).toEqual([10, 10]);
    expect(await openNames()).toEqual(['a']);
    for (const lease of leases) await lease.release();
    expect(await openNames()).toEqual(['a']);
    await files.close();
    expect(await openNames()).toEqual([]);
  });

  test('closes the least recently used file beyond its bound', async () => {
    const files = new OpenFiles(2);
    for (const name of ['a', 'b', 'a', 'c']) await (await files.lease(join(folder, name))).release();
    expect(await openNames()).toEqual(['a', 'c']);
    await files.close();
  });

  test('never closes a file under its reader', async () => {
    const files = new OpenFiles(1);
    const lease = await files.lease(join(folder, 'a'));
    await (await files.lease(join(folder, 'b'))).release();
    await files.evict(join(folder, 'a'));
    const { bytesRead } = await lease.handle.read(Buffer.alloc(10), 0, 10, 0);
    expect(bytesRead).toBe(10);
    await lease.release();
    expect(await openNames()).toEqual(['b']);
    await files.close();
  });

  test('forgets a file that could not be opened', async () => {
    const files = new OpenFiles(2);
    await expect(files.lease(join(folder, 'd'))).rejects.toThrow('ENOENT');
    await writeFile(join(folder, 'd'), 'late');
    const lease = await files.lease(join(folder, 'd'));
    expect(lease.sizeBytes).toBe(4);
    await lease.release();
    await files.close();
  });
});
