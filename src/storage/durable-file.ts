/**
 * The steps that make a file survive a power cut. Data reaches the disk by fsync of the file, its name by fsync of the folder
 * that holds it — fsync(2): "Calling fsync() does not necessarily ensure that the entry in the directory containing the file
 * has also reached disk. For that an explicit fsync() on a file descriptor for the directory is also needed."
 */
import { link, mkdir, open, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Gives a finished, fsync'ed file its name. The name appears whole or not at all and never replaces another: link(2) refuses
 * a name that is taken, where rename(2) would overwrite it.
 *
 * @throws `EEXIST` when the name is taken; the temporary file is left for the caller
 */
export async function publishFile(temporaryPath: string, path: string): Promise<void> {
  await linkIntoFolder(temporaryPath, path);
  await syncFolder(dirname(path));
  await unlink(temporaryPath);
}

/** Removes a file for good. @throws `ENOENT` when there is none */
export async function removeFile(path: string): Promise<void> {
  await unlink(path);
  await syncFolder(dirname(path));
}

/** Creates a folder and those above it that are missing, and makes their names durable. */
export async function makeFolder(path: string): Promise<void> {
  const topmostCreated = await mkdir(path, { recursive: true });
  if (topmostCreated === undefined) return;
  let created = path;
  for (;;) {
    await syncFolder(dirname(created));
    if (created === topmostCreated || created === dirname(created)) return;
    created = dirname(created);
  }
}

async function linkIntoFolder(temporaryPath: string, path: string): Promise<void> {
  // A deletion may remove the folder, then empty, between its creation and the link.
  for (let attemptsLeft = 3; ; attemptsLeft--) {
    try {
      await makeFolder(dirname(path));
      await link(temporaryPath, path);
      return;
    } catch (error) {
      if (attemptsLeft === 0 || errorCode(error) !== 'ENOENT') throw error;
    }
  }
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** The system's name of an error, such as `ENOENT`. */
export function errorCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
