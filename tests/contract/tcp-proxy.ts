/** A wire to a server that a test can watch and cut. */
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

export class TcpProxy {
  readonly url: string;
  /** Bytes that came from the server so far. */
  receivedBytes = 0;
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #cutAtBytes = Number.POSITIVE_INFINITY;

  private constructor(server: Server, target: URL) {
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('the proxy listens on no port');
    this.url = `http://127.0.0.1:${address.port}`;
    this.#server = server;
    server.on('connection', (socket) => this.#join(socket, connect(Number(target.port), target.hostname)));
  }

  static async start(targetUrl: string): Promise<TcpProxy> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new TcpProxy(server, new URL(targetUrl));
  }

  get connectionCount(): number {
    return this.#sockets.size / 2;
  }

  /** Breaks all connections once that many more bytes have come from the server; later ones work. */
  cutAfter(moreBytes: number): void {
    this.#cutAtBytes = this.receivedBytes + moreBytes;
  }

  /** The server is gone: connections break and new ones are refused. */
  async stop(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.breakAll();
    await closed;
  }

  #join(client: Socket, server: Socket): void {
    server.on('data', (bytes) => this.#count(bytes.byteLength));
    client.pipe(server).pipe(client);
    for (const [socket, other] of [
      [client, server],
      [server, client],
    ] as const) {
      this.#sockets.add(socket);
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
  }

  #count(bytes: number): void {
    this.receivedBytes += bytes;
    if (this.receivedBytes < this.#cutAtBytes) return;
    this.#cutAtBytes = Number.POSITIVE_INFINITY;
    this.breakAll();
  }

  /** Breaks all connections; new ones work. */
  breakAll(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}
