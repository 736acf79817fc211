/**
 * The bytes of one command: what the client sends, pulled, and what it is sent, at its own pace.
 *
 * ssh2 keeps to the client's window but not to the socket: it writes on while nobody reads, and while keys are exchanged anew
 * it queues without an end. So each piece of an answer waits here until the socket has room and keys are there; a client may
 * announce any window, and holds no more than a few pieces of memory.
 */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { Connection, ServerChannel } from 'ssh2';
import type { ByteSink } from '#git/pkt-line/side-band.ts';
import { limits } from '#limits.ts';

/** Nobody is there to be told. */
export class SshClientLeftError extends Error {
  override readonly name = 'SshClientLeftError';
  readonly code = 'SSH_CLIENT_LEFT';
}

export interface CommandWire {
  readonly channel: ServerChannel;
  readonly connection: Connection;
  readonly socket: Socket;
  /** Aborted when the client closes the channel or the connection. */
  readonly signal: AbortSignal;
}

export class CommandStream implements ByteSink {
  readonly #wire: CommandWire;
  /** The piece that is being written: later ones wait for it, so that what the socket takes is known to be of one. */
  #last: Promise<void> = Promise.resolve();
  #bytesIn = 0;
  #bytesOut = 0;

  constructor(wire: CommandWire) {
    this.#wire = wire;
    // What follows the end of a command is thrown away, and a channel that breaks is told by its signal.
    wire.channel.on('error', () => {});
    wire.channel.stderr.on('error', () => {});
  }

  get traffic(): { readonly bytesIn: number; readonly bytesOut: number } {
    return { bytesIn: this.#bytesIn, bytesOut: this.#bytesOut };
  }

  /** What the client sends until it ends its side. @throws {SshClientLeftError} when it leaves, or is silent for too long */
  async *input(): AsyncGenerator<Uint8Array, void, undefined> {
    const { channel, signal } = this.#wire;
    for (;;) {
      if (signal.aborted) throw clientLeft();
      const chunk = channel.read() as Buffer | null;
      if (chunk !== null) {
        this.#bytesIn += chunk.length;
        yield chunk;
      } else if (channel.readableEnded) {
        return;
      } else {
        await this.#within(limits.sshInputIdleTimeoutMs, (stopped) => arrival(channel, stopped));
      }
    }
  }

  /** @returns resolves when the socket has taken the bytes; rejects when the client has left, or took none for too long */
  write(bytes: Uint8Array): Promise<void> {
    const written = this.#last.then(() => this.#writePieces(bytes));
    this.#last = written.catch(() => {});
    return written;
  }

  /** Shows the client's user a line. */
  tell(line: string): void {
    if (!this.#wire.signal.aborted) this.#wire.channel.stderr.write(`${line}\n`);
  }

  /** Ends the command; what the client goes on to send is thrown away. */
  end(exitStatus: number): void {
    const { channel, signal } = this.#wire;
    channel.resume();
    if (signal.aborted) return;
    channel.exit(exitStatus);
    channel.end();
  }

  async #writePieces(bytes: Uint8Array): Promise<void> {
    for (let offset = 0; offset < bytes.length; offset += limits.sshPieceBytes) {
      const piece = bytes.subarray(offset, offset + limits.sshPieceBytes);
      if (this.#wire.signal.aborted) throw clientLeft();
      await this.#within(limits.gitIdleTimeoutMs, (stopped) => this.#writePiece(piece, stopped));
      this.#bytesOut += piece.length;
    }
  }

  async #writePiece(piece: Uint8Array, stopped: AbortSignal): Promise<void> {
    const { channel, connection, socket } = this.#wire;
    const sentBefore = socket.bytesWritten;
    await new Promise<void>((resolve) => channel.write(piece, () => resolve()));
    const isHeldBack = socket.bytesWritten - sentBefore < piece.length;
    if (isHeldBack && !stopped.aborted) await once(connection, 'rekey', { signal: stopped });
    if (socket.writableLength > limits.sshSocketBacklogBytes) await once(socket, 'drain', { signal: stopped });
  }

  /** Waits until something has happened, the client leaves, or time is over: then the connection is cut. */
  async #within(timeoutMs: number, wait: (stopped: AbortSignal) => Promise<unknown>): Promise<void> {
    const { signal, socket } = this.#wire;
    const stop = new AbortController();
    const timer = setTimeout(() => socket.destroy(), timeoutMs);
    const left = new Promise<never>((_, reject) => {
      const onAbort = () => reject(clientLeft());
      signal.addEventListener('abort', onAbort, { signal: stop.signal });
      if (signal.aborted) onAbort();
    });
    try {
      await Promise.race([wait(stop.signal), left]);
    } catch {
      // What was waited for broke: that can only be the connection.
      throw clientLeft();
    } finally {
      clearTimeout(timer);
      stop.abort();
    }
  }
}

async function arrival(channel: ServerChannel, stopped: AbortSignal): Promise<void> {
  const events = ['readable', 'end'].map((event) => once(channel, event, { signal: stopped }));
  await Promise.race(events);
}

function clientLeft(): SshClientLeftError {
  return new SshClientLeftError('the client closed the connection');
}
