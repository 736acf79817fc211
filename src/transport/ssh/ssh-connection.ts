/** One client: its login, then the commands that it runs, several at once if it likes. */
import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import type { Connection, ServerChannel, Session } from 'ssh2';
import { type ProtocolVersion, parseProtocolVersion } from '#git/protocol/version.ts';
import { limits } from '#limits.ts';
import type { Log } from '#log.ts';
import { runCommand } from './command-run.ts';
import { CommandStream } from './command-stream.ts';
import { parseSshCommand } from './exec-command.ts';
import { acceptLogin } from './key-login.ts';
import { findPrincipal, type ProvenKey, type SshPrincipal } from './proven-key.ts';
import type { SshServices } from './ssh-services.ts';

interface Requested {
  /** Undefined: a shell. */
  readonly line: string | undefined;
  readonly version: ProtocolVersion;
}

export interface SshConnectionOptions {
  readonly services: SshServices;
  readonly authorities: ReadonlySet<string>;
  readonly connection: Connection;
  readonly socket: Socket;
  readonly clientAddress: string;
  readonly log: Log;
  /** Called when the client has proven who it is. */
  readonly onProven: () => void;
}

const GIT_PROTOCOL_MAX_CHARACTERS = 256;
const REMOVED = 'ERROR: This key is not valid any more.';

export class SshConnection {
  readonly #options: SshConnectionOptions;
  readonly #gone = new AbortController();
  readonly #channels = new Set<ServerChannel>();
  #proven: ProvenKey | undefined;
  #channelCount = 0;
  #isStopping = false;
  #idleTimer: NodeJS.Timeout | undefined;

  constructor(options: SshConnectionOptions) {
    this.#options = options;
    const { connection, socket, services, authorities, clientAddress, log, onProven } = options;
    const { sshKeys } = services;
    // Whatever is wrong with the client's side of the protocol; nothing of it can be answered.
    connection.on('error', (error) => {
      log.debug({ err: error }, 'ssh connection broken');
      this.#gone.abort();
      socket.destroy();
    });
    connection.on('session', (accept, reject) => this.#open(accept, reject));
    socket.on('data', () => this.#watchWindows());
    socket.once('close', () => this.#close());
    void acceptLogin(connection, { sshKeys, authorities, clientAddress, log }).then((proven) => {
      this.#proven = proven;
      this.#watchIdleness();
      onProven();
    });
  }

  /** Takes no new commands, and ends when the running ones have, and their clients know it. */
  stop(): void {
    this.#isStopping = true;
    if (this.#channelCount === 0) this.#options.connection.end();
  }

  #open(accept: () => Session, reject: () => void): void {
    if (this.#isStopping || this.#channelCount >= limits.sshChannelsMax) return void reject();
    const session = accept();
    const closed = new AbortController();
    this.#channelCount++;
    this.#watchIdleness();
    session.once('close', () => {
      this.#channelCount--;
      closed.abort();
      this.#watchIdleness();
      if (this.#isStopping) this.stop();
    });
    this.#listen(session, AbortSignal.any([closed.signal, this.#gone.signal]));
  }

  /** What has no listener is refused by ssh2: terminals, subsystems, forwarding of ports, agents and X11. */
  #listen(session: Session, signal: AbortSignal): void {
    let version: ProtocolVersion = 0;
    session.on('env', (accept, reject, { key, val }) => {
      if (key !== 'GIT_PROTOCOL' || val.length > GIT_PROTOCOL_MAX_CHARACTERS) return reject?.();
      version = parseProtocolVersion(val);
      accept?.();
    });
    session.on('exec', (accept, _, { command }) => this.#start(accept(), { line: command, version }, signal));
    session.on('shell', (accept) => this.#start(accept(), { line: undefined, version }, signal));
  }

  /** @param channel undefined when the session has run something already */
  #start(channel: ServerChannel | undefined, requested: Requested, signal: AbortSignal): void {
    if (channel === undefined) return;
    const { connection, socket } = this.#options;
    this.#channels.add(channel);
    channel.once('close', () => this.#channels.delete(channel));
    const stream = new CommandStream({ channel, connection, socket, signal });
    void this.#run(stream, requested, signal);
  }

  async #run(stream: CommandStream, requested: Requested, signal: AbortSignal): Promise<void> {
    const runId = randomUUID();
    const log = this.#options.log.child({ runId });
    const startedAt = performance.now();
    let exitStatus = 255;
    try {
      exitStatus = await this.#answer(stream, requested, { runId, log, signal });
      stream.end(exitStatus);
    } catch (error) {
      log.error({ err: error }, 'ssh command failed');
      stream.tell(`fatal: internal server error (request ${runId})`);
      stream.end(exitStatus);
    }
    const { bytesIn, bytesOut } = stream.traffic;
    const durationMs = Math.round(performance.now() - startedAt);
    log.info(
      { command: requested.line, exitStatus, left: signal.aborted, durationMs, bytesIn, bytesOut },
      'ssh command',
    );
  }

  async #answer(
    stream: CommandStream,
    { line, version }: Requested,
    run: { readonly runId: string; readonly log: Log; readonly signal: AbortSignal },
  ): Promise<number> {
    const { services } = this.#options;
    const principal = this.#proven && (await findPrincipal(services.sshKeys, this.#proven));
    if (principal === undefined) {
      stream.tell(REMOVED);
      this.stop();
      return 1;
    }
    if (line === undefined) return greet(stream, principal);
    const command = parseSshCommand(line);
    if (command.kind === 'refused') {
      stream.tell(`ERROR: ${command.reason}`);
      return 1;
    }
    const log = run.log.child(describePrincipal(principal));
    return runCommand({ services, principal, version, stream, ...run, log }, command);
  }

  /** ssh2 announces a window, and takes and keeps what comes beyond it. */
  #watchWindows(): void {
    for (const channel of this.#channels) {
      if (channel.readableLength <= limits.sshUnreadMaxBytes) continue;
      this.#options.log.warn('ssh client sends more than its window: cut off');
      this.#options.socket.destroy();
      return;
    }
  }

  /** A connection that runs nothing ends after a while; one that does is watched by its commands. */
  #watchIdleness(): void {
    clearTimeout(this.#idleTimer);
    if (this.#channelCount > 0 || this.#gone.signal.aborted) return;
    this.#idleTimer = setTimeout(() => this.#options.connection.end(), limits.sshIdleTimeoutMs);
  }

  #close(): void {
    clearTimeout(this.#idleTimer);
    this.#gone.abort();
  }
}

/** For people who try whether their key works. */
function greet(stream: CommandStream, principal: SshPrincipal): number {
  const name = principal.kind === 'user' ? principal.login : `deploy key "${principal.title}"`;
  stream.tell(`Hi ${name}! You've successfully authenticated, but OpenCodeHub does not provide shell access.`);
  return 1;
}

function describePrincipal(principal: SshPrincipal): object {
  return principal.kind === 'user' ? { user: principal.login } : { deployKeyId: principal.keyId };
}
