/**
 * One process at a time may use a data folder. The claim is a listening socket in Linux's abstract namespace: it is taken
 * atomically, leaves no file, and the kernel releases it with the process however that ends.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, realpathSync } from 'node:fs';
import { connect, createServer, type Server } from 'node:net';

export interface FolderClaim {
  release(): Promise<void>;
}

export class FolderInUseError extends Error {
  override readonly name = 'FolderInUseError';
  readonly code = 'FOLDER_IN_USE';

  constructor(folder: string, ownerPid: string) {
    super(
      `${folder} is in use by another server (process ${ownerPid}). ` +
        'Stop that one first, or give this one a DATA_DIR of its own.',
    );
  }
}

/** Claims `folder`, which is made when missing. @throws {FolderInUseError} */
export async function claimFolder(folder: string): Promise<FolderClaim> {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const name = createHash('sha256').update(realpathSync(folder)).digest('hex');
  const address = `\0opencodehub-${name}`;
  const server = createServer((socket) => socket.end(String(process.pid)));
  try {
    await listen(server, address);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    throw new FolderInUseError(folder, await readOwner(address));
  }
  server.unref();
  return { release: () => new Promise((resolve) => server.close(() => resolve())) };
}

function listen(server: Server, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(address, resolve);
  });
}

function readOwner(address: string): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(address);
    socket.setTimeout(1_000, () => socket.destroy());
    socket.setEncoding('utf8').on('data', (chunk) => {
      text += chunk;
    });
    socket.on('error', () => undefined).once('close', () => resolve(text === '' ? 'unknown' : text));
  });
}
