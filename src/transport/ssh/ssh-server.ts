/**
 * Git over SSH: the listening socket, and which connections get in. ssh2 tells of a client only when it has begun to speak, so
 * connections are counted, bounded and timed here, from the first packet on.
 */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server as NetServer, type Socket } from 'node:net';
import ssh2, { type Connection, type ServerConfig } from 'ssh2';
import { callerNetwork } from '#auth/client-address.ts';
import { type NetworkList, plainAddress } from '#auth/network-list.ts';
import { limits } from '#limits.ts';
import type { Log } from '#log.ts';
import { readProxyHeader } from './proxy-protocol.ts';
import { correctExtInfo } from './server-sig-algs.ts';
import { SshConnection } from './ssh-connection.ts';
import type { SshServices } from './ssh-services.ts';

export interface SshServerOptions {
  readonly services: SshServices;
  /** In OpenSSH's format; see `host-key.ts`. */
  readonly hostKey: string;
  /** The base64 of the keys whose certificates are believed. */
  readonly authorities: ReadonlySet<string>;
  /** Whoever connects from there says first for whom, by the PROXY protocol. */
  readonly proxies: NetworkList;
  readonly log: Log;
}

/**
 * What clients of the last ten years have, less what is weak (SHA-1, CBC), what makes us compute for strangers (large groups of
 * Diffie-Hellman), and compression, which packs do not need and bombs do. The client's order decides, so ours says nothing but whether
 * a client guessed right that sent its first packet of the exchange at once — RFC 4253, section 7.1, as Dropbear does: ssh2 ignores that
 * packet always (`lib/protocol/kex.js` has replaced the list by the choice when it compares), so what stands first is nobody's guess.
 */
const ALGORITHMS = {
  kex: [
    'diffie-hellman-group14-sha256',
    'curve25519-sha256',
    'curve25519-sha256@libssh.org',
    'ecdh-sha2-nistp256',
    'ecdh-sha2-nistp384',
    'ecdh-sha2-nistp521',
  ],
  serverHostKey: [
    'ssh-ed25519',
    'ecdsa-sha2-nistp256',
    'ecdsa-sha2-nistp384',
    'ecdsa-sha2-nistp521',
    'rsa-sha2-512',
    'rsa-sha2-256',
  ],
  cipher: [
    'aes128-gcm@openssh.com',
    'aes256-gcm@openssh.com',
    'aes128-ctr',
    'aes192-ctr',
    'aes256-ctr',
    'chacha20-poly1305@openssh.com',
  ],
  hmac: ['hmac-sha2-256-etm@openssh.com', 'hmac-sha2-512-etm@openssh.com', 'hmac-sha2-256', 'hmac-sha2-512'],
  compress: ['none'],
} as const satisfies ServerConfig['algorithms'];

/** A connection, from the first packet on. */
interface Caller {
  readonly socket: Socket;
  /** Undefined until a balancer has said it. */
  address: string | undefined;
  isProven: boolean;
  /** From when the client has begun to speak. */
  connection: SshConnection | undefined;
}

export class SshServer {
  readonly #options: SshServerOptions;
  readonly #protocol: ssh2.Server;
  readonly #server: NetServer;
  readonly #callers = new Map<Socket, Caller>();
  #isStopping = false;

  constructor(options: SshServerOptions) {
    this.#options = options;
    const ident = `OpenCodeHub_${options.services.site.version}`;
    this.#protocol = new ssh2.Server({
      hostKeys: [options.hostKey],
      // The types want arrays that may be changed.
      algorithms: structuredClone(ALGORITHMS) as unknown as NonNullable<ServerConfig['algorithms']>,
      ident,
      keepaliveInterval: limits.sshKeepaliveMs,
      keepaliveCountMax: limits.sshKeepalivesMax,
    } as ServerConfig);
    this.#protocol.on('connection', (connection: Connection) => this.#greet(connection));
    this.#server = createServer({ noDelay: true, keepAlive: true }, (socket) => this.#take(socket));
  }

  /**
   * Resolves when connections are taken; rejects when the address is somebody else's.
   *
   * @param port 0 for any
   */
  async listen(port: number, host: string): Promise<AddressInfo> {
    this.#server.listen(port, host);
    await once(this.#server, 'listening');
    return this.#server.address() as AddressInfo;
  }

  /**
   * Refuses new connections and commands, lets running ones finish, and resolves when none is left. After `timeoutMs`, or when
   * `hurry` aborts, cuts those that remain.
   */
  async stop(timeoutMs: number, hurry: AbortSignal): Promise<void> {
    this.#isStopping = true;
    const closed = once(this.#server, 'close');
    this.#server.close();
    const cut = () => {
      for (const socket of this.#callers.keys()) socket.destroy();
    };
    const timer = setTimeout(cut, timeoutMs);
    hurry.addEventListener('abort', cut, { once: true });
    if (hurry.aborted) cut();
    for (const { socket, connection, isProven } of this.#callers.values()) {
      if (isProven) connection?.stop();
      else socket.destroy();
    }
    await closed;
    clearTimeout(timer);
    hurry.removeEventListener('abort', cut);
  }

  #take(socket: Socket): void {
    // What happens to the socket ends what uses it; there is nothing more to it.
    socket.on('error', () => {});
    const remoteAddress = plainAddress(socket.remoteAddress ?? '');
    const address = this.#options.proxies.has(remoteAddress) ? undefined : remoteAddress;
    if (this.#isStopping || this.#isFull(address)) return void socket.destroy();
    const caller: Caller = { socket, address, isProven: false, connection: undefined };
    this.#callers.set(socket, caller);
    const loginTimer = setTimeout(() => {
      if (!caller.isProven) socket.destroy();
    }, limits.sshLoginTimeoutMs);
    socket.once('close', () => {
      clearTimeout(loginTimer);
      this.#callers.delete(socket);
    });
    if (address === undefined) void this.#learnAddress(caller);
    else this.#begin(caller);
  }

  async #learnAddress(caller: Caller): Promise<void> {
    const address = await readProxyHeader(caller.socket);
    if (address === undefined || this.#isStopping || this.#isCrowded(address)) return void caller.socket.destroy();
    caller.address = plainAddress(address);
    this.#begin(caller);
  }

  #begin({ socket }: Caller): void {
    boundReplies(socket);
    this.#protocol.injectSocket(socket);
  }

  /** Of the connections that there are. */
  get sockets(): Socket[] {
    return [...this.#callers.keys()];
  }

  #isFull(address: string | undefined): boolean {
    const callers = [...this.#callers.values()];
    const isFull =
      callers.length >= limits.sshConnectionsMax ||
      callers.filter(({ isProven }) => !isProven).length >= limits.sshUnprovenConnectionsMax;
    if (isFull) this.#options.log.warn({ connections: callers.length }, 'ssh connection refused: too many');
    return isFull || (address !== undefined && this.#isCrowded(address));
  }

  /** Connections of the same network count as one caller's. */
  #isCrowded(address: string): boolean {
    const network = callerNetwork(address);
    const callers = [...this.#callers.values()];
    const own = callers.filter((caller) => caller.address !== undefined && callerNetwork(caller.address) === network);
    if (own.length < limits.sshConnectionsPerCallerMax) return false;
    this.#options.log.warn({ network, connections: own.length }, 'ssh connection refused: too many of one caller');
    return true;
  }

  /** ssh2 hands over a connection without its socket. */
  #greet(connection: Connection): void {
    const socket = socketOf(connection);
    const caller = this.#callers.get(socket);
    if (caller === undefined) return void socket.destroy();
    const { services, authorities, log } = this.#options;
    const clientAddress = caller.address ?? '';
    correctExtInfo(connection);
    caller.connection = new SshConnection({
      services,
      authorities,
      connection,
      socket,
      clientAddress,
      log: log.child({ connectionId: randomUUID(), clientAddress }),
      onProven: () => {
        caller.isProven = true;
        if (this.#isStopping) caller.connection?.stop();
      },
    });
  }
}

function socketOf(connection: Connection): Socket {
  return (connection as Connection & { readonly _sock: Socket })._sock;
}

/**
 * Some requests of a client are answered by ssh2 itself, whether or not the client reads the answers: one that sends them
 * without reading is not read on either.
 */
function boundReplies(socket: Socket): void {
  socket.on('data', () => {
    if (socket.writableLength <= 2 * limits.sshSocketBacklogBytes) return;
    socket.pause();
    socket.once('drain', () => socket.resume());
  });
}
