/**
 * A stateful door for tests: the `git://` protocol — gitprotocol-pack(5), "Git Transport". Real git speaks to it as it would over
 * SSH, and like some SSH clients it leaves its side open while it waits for the report of a push.
 */
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import pino from 'pino';
import type { Principal } from '#auth/principal.ts';
import { PktLineReader } from '#git/pkt-line/pkt-line-reader.ts';
import type { GitSession } from '#transport/git/git-session.ts';
import { serveReceivePack } from '#transport/git/receive-pack.ts';
import type { GitForge } from './git-forge.ts';

export class GitDaemon {
  readonly #server: Server;
  readonly #forge: GitForge;
  readonly #principal: Principal;
  readonly errors: unknown[] = [];

  static async start(forge: GitForge, principal: Principal = forge.owner): Promise<GitDaemon> {
    const daemon = new GitDaemon(forge, principal);
    daemon.#server.listen(0, '127.0.0.1');
    await once(daemon.#server, 'listening');
    return daemon;
  }

  private constructor(forge: GitForge, principal: Principal) {
    this.#forge = forge;
    this.#principal = principal;
    this.#server = createServer((socket) => {
      this.#serve(socket)
        .catch((error) => this.errors.push(error))
        .finally(() => socket.destroySoon());
    });
  }

  url(name: string): string {
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('the daemon does not listen');
    return `git://127.0.0.1:${address.port}/ada/${name}`;
  }

  async close(): Promise<void> {
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #serve(socket: Socket): Promise<void> {
    socket.on('error', () => {});
    const reader = new PktLineReader(socket);
    const pkt = await reader.read();
    if (pkt?.kind !== 'data') return;
    // "git-receive-pack /ada/<name>" NUL "host=…" NUL [NUL "version=1" NUL]
    const [command = '', , , extra = ''] = Buffer.from(pkt.payload).toString().split('\0');
    const name = command.split('/').at(-1) ?? '';
    const repository = await this.#forge.accounts.catalog.find('ada', name, this.#forge.owner);
    if (!repository) throw new Error(`no repository ${name}`);
    const session: GitSession = {
      services: this.#forge.services,
      repository,
      principal: this.#principal,
      version: extra === 'version=1' ? 1 : 0,
      agent: 'opencodehub/test',
      sessionId: 'session-1',
      signal: new AbortController().signal,
      output: {
        write: (bytes) =>
          new Promise((resolve, reject) => socket.write(bytes, (error) => (error ? reject(error) : resolve()))),
      },
      log: pino({ level: 'silent' }),
      describe: (error) => {
        this.errors.push(error);
        return String(error);
      },
    };
    await serveReceivePack(session, reader.rest(), 'stateful');
  }
}
