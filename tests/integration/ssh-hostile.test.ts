/** Clients of git over SSH that stall, leave, flood or never say who they are; and how the server stops. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, type ClientChannel } from 'ssh2';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { DELIM, encodePktLines, FLUSH } from '#git/pkt-line/encode.ts';
import { limits } from '#limits.ts';
import type { SshServices } from '#transport/ssh/ssh-services.ts';
import { hasDatabase } from '../support/database.ts';
import { GitForge } from '../support/git-forge.ts';
import { hasSsh, type SshClientKey, SshForge } from '../support/ssh-forge.ts';

vi.mock('#limits.ts', async (original) => {
  const { limits } = await original<typeof import('#limits.ts')>();
  const short = { sshLoginTimeoutMs: 700, sshConnectionsPerCallerMax: 6, sshLoginAttemptsMax: 4, sshChannelsMax: 3 };
  return { limits: { ...limits, ...short } };
});

const MIB = 1024 * 1024;
const PACK_BYTES = 48 * MIB;
const PULL_BYTES = 128 * 1024;
/** What may be on its way to a client that reads nothing: kernel buffers, the socket, blocks of the pack. */
const UNREAD_MAX_BYTES = 24 * MIB;

/** What of the pack the server has taken from the engine, and whether it was told that the client left. */
const watched = { pulledBytes: 0, abortedCount: 0 };

describe.skipIf(!hasDatabase || !hasSsh)('git over SSH with clients of ill will', () => {
  let forge: GitForge;
  let ssh: SshForge;
  let ada: SshClientKey;
  let mainId = '';

  beforeAll(async () => {
    forge = await GitForge.start();
    ssh = await SshForge.start(forge, { wrap: watchPacks });
    ada = await ssh.makeUserKey(forge.owner);
    mainId = await pushLargeFile();
  });
  beforeEach(async () => {
    await until(() => serverSockets().length === 0);
    Object.assign(watched, { pulledBytes: 0, abortedCount: 0 });
  });
  afterAll(async () => {
    await ssh?.close();
    await forge?.close();
  });

  test('a client that announces an endless window and reads nothing makes the server keep little', async () => {
    const { client, channel } = await startFetch();
    endlessWindow(client, channel);
    socketOf(client).pause();
    channel.write(fetchRequest());
    await settled();
    expect(watched.pulledBytes).toBeGreaterThan(0);
    expect(watched.pulledBytes).toBeLessThan(UNREAD_MAX_BYTES);
    await leave(client);
    await until(() => watched.abortedCount === 1);
  });

  test('a client that begins to exchange keys and does not go on makes the server keep little', async () => {
    const { client, channel } = await startFetch();
    endlessWindow(client, channel);
    channel.write(fetchRequest());
    await once(channel, 'data');
    channel.resume();
    protocolOf(client).rekey();
    // What the server says to that is never heard, so the client does not go on.
    socketOf(client).removeAllListeners('data').resume();
    const atRekey = watched.pulledBytes;
    await settled();
    expect(watched.pulledBytes - atRekey).toBeLessThan(UNREAD_MAX_BYTES);
    await leave(client);
    await until(() => watched.abortedCount === 1);
  });

  test('a client that sends beyond its window is cut off', async () => {
    const { client, channel } = await startFetch();
    endlessWindow(client, channel);
    // It does not take its answer, so that the server does not read on.
    socketOf(client).pause();
    channel.write(fetchRequest());
    await until(() => watched.pulledBytes > 0);
    const [server] = serverSockets();
    // No part of the window: at exactly nothing left ssh2 does drop what comes.
    const piece = Buffer.alloc(30_001);
    while (server?.destroyed === false && (server.bytesRead ?? 0) < 64 * MIB) {
      protocolOf(client).channelData(channelIdOf(channel), piece);
      await sleep(1);
    }
    expect(server?.bytesRead).toBeLessThan(16 * MIB);
    await leave(client);
    await until(() => watched.abortedCount === 1);
  });

  test('keys are exchanged anew in the middle of a clone and of a push', async () => {
    const often = { key: ada, ssh: ['-o', 'RekeyLimit=2M'] };
    const copy = path.join(forge.folder, 'rekeyed');
    expect(await ssh.git(forge.folder, ['clone', '-q', ssh.url('large'), copy], often)).toMatchObject({ status: 0 });
    expect(readFileSync(path.join(copy, 'noise')).length).toBe(PACK_BYTES);
    const pushed = await ssh.git(copy, ['push', '-q', ssh.url('large-again'), 'main'], often);
    expect(pushed).toMatchObject({ status: 0 });
  });

  test('a clone that is killed ends the work for it', async () => {
    const child = ssh.spawnGit(forge.folder, ['clone', '-q', '--bare', ssh.url('large'), 'killed'], { key: ada });
    await until(() => watched.pulledBytes > 0);
    child.kill('SIGKILL');
    await once(child, 'close');
    await until(() => watched.abortedCount > 0 || watched.pulledBytes > PACK_BYTES);
  });

  test('a client that does not take its answers is not read on', async () => {
    const client = await login();
    const [server] = serverSockets();
    // Instead of filling the kernel's buffers first.
    server?.cork();
    for (let round = 0; round < 20; round++) {
      for (let count = 0; count < 2_000; count++) protocolOf(client).ping();
      await sleep(10);
    }
    expect(server?.isPaused()).toBe(true);
    expect(server?.writableLength).toBeLessThan(MIB);
    server?.uncork();
    await until(() => server?.isPaused() === false && socketOf(client).writableLength === 0);
    await leave(client);
  });

  test('whoever says nothing is cut off', async () => {
    const silent = connect(ssh.port, '127.0.0.1');
    const spoken = connect(ssh.port, '127.0.0.1');
    spoken.write('SSH-2.0-Nobody\r\n');
    for (const socket of [silent, spoken]) {
      socket.resume();
      await once(socket, 'close');
    }
  });

  test('connections of one caller are bounded', async () => {
    const sockets = Array.from({ length: limits.sshConnectionsPerCallerMax + 1 }, () => connect(ssh.port, '127.0.0.1'));
    for (const socket of sockets) socket.on('error', () => {});
    const spoke = await Promise.all(
      sockets.map((socket) =>
        Promise.race([once(socket, 'data').then(() => 'served'), once(socket, 'close').then(() => 'refused')]),
      ),
    );
    expect(spoke.filter((outcome) => outcome === 'served')).toHaveLength(limits.sshConnectionsPerCallerMax);
    for (const socket of sockets) socket.destroy();
    await until(() => serverSockets().length === 0);
  });

  test('behind a balancer each of its clients is a caller', async () => {
    const proxied = await SshForge.start(forge, { proxies: ['127.0.0.0/8'] });
    const open = (header: string) => {
      const socket = connect(proxied.port, '127.0.0.1');
      socket.on('error', () => {});
      socket.write(header);
      return socket;
    };
    const of = (address: string) => open(`PROXY TCP4 ${address} 127.0.0.1 4000 22\r\nSSH-2.0-x\r\n`);
    const sockets = Array.from({ length: limits.sshConnectionsPerCallerMax + 1 }, () => of('192.0.2.1'));
    const answers = await Promise.all(sockets.map(firstLine));
    expect(answers.filter((answer) => answer === 'closed')).toHaveLength(1);
    expect(await firstLine(of('192.0.2.2'))).toMatch(/^SSH-2.0-OpenCodeHub/);
    // Without a header nobody is served, for then anybody could be a balancer.
    expect(await firstLine(open('SSH-2.0-x\r\n'))).toBe('closed');
    await proxied.close();
    // Who is no balancer cannot say that it is.
    const forged = connect(ssh.port, '127.0.0.1');
    forged.on('error', () => {});
    forged.resume();
    forged.write('PROXY TCP4 192.0.2.1 127.0.0.1 4000 22\r\nSSH-2.0-x\r\n');
    await until(() => forged.closed || forged.destroyed);
  });

  test('offers of keys are bounded', async () => {
    const keys = Array.from({ length: limits.sshLoginAttemptsMax + 1 }, () => ['-i', ssh.makeKey().file]).flat();
    const run = await ssh.ssh(['git@127.0.0.1'], { key: ssh.makeKey(), ssh: [...keys, '-i', ada.file] });
    expect(run).toMatchObject({ status: 255, stderr: expect.stringMatching(/closed|disconnect/i) });
  });

  test('commands at once on a connection are bounded', async () => {
    const client = await login();
    const exec = () =>
      new Promise<string>((resolve) =>
        client.exec("git-upload-pack '/ada/large.git'", (error) => resolve(error ? 'refused' : 'runs')),
      );
    const outcomes = [];
    for (let count = 0; count <= limits.sshChannelsMax; count++) outcomes.push(await exec());
    expect(outcomes).toEqual([...Array(limits.sshChannelsMax).fill('runs'), 'refused']);
    await leave(client);
  });

  test.each(['SSH-1.5-old\r\n', 'GET / HTTP/1.1\r\n\r\n', randomBytes(4_000), `SSH-2.0-x\r\n${'\0'.repeat(40_000)}`])(
    'what is no SSH harms nothing (%#)',
    async (bytes) => {
      const socket = connect(ssh.port, '127.0.0.1');
      socket.on('error', () => {});
      socket.write(bytes);
      socket.resume();
      await once(socket, 'close');
      expect((await ssh.ssh(['git@127.0.0.1'], { key: ada })).stderr).toContain('Hi ada!');
    },
  );

  test('a stop lets a running clone finish, and takes no new one', async () => {
    const stopping = await SshForge.start(forge, { wrap: watchPacks });
    const copy = path.join(forge.folder, 'finished');
    const child = stopping.spawnGit(forge.folder, ['clone', '-q', '--bare', stopping.url('large'), copy], { key: ada });
    await until(() => watched.pulledBytes > 0);
    const stopped = stopping.server.stop(60_000, new AbortController().signal);
    expect((await stopping.ssh(['git@127.0.0.1'], { key: ada })).status).toBe(255);
    const [status] = await once(child, 'close');
    expect(status).toBe(0);
    expect(existsSync(path.join(copy, 'HEAD'))).toBe(true);
    await stopped;
  });

  test('a stop in a hurry cuts what runs', async () => {
    const stopping = await SshForge.start(forge, { wrap: watchPacks });
    const { client, channel } = await startFetch(stopping);
    channel.pause();
    channel.write(fetchRequest());
    await until(() => watched.pulledBytes > 0);
    const closed = closeOf(client);
    await stopping.server.stop(60_000, AbortSignal.abort());
    await closed;
    await until(() => watched.abortedCount === 1);
  });

  async function pushLargeFile(): Promise<string> {
    const copy = path.join(forge.folder, 'large');
    mkdirSync(copy);
    const git = (...args: string[]) => ssh.git(copy, args, { key: ada, config: ['core.compression=0'] });
    writeFileSync(path.join(copy, 'noise'), randomBytes(PACK_BYTES));
    for (const args of [
      ['init', '-q', '-b', 'main'],
      ['add', '-A'],
      ['commit', '-q', '-m', 'Make noise'],
    ])
      await git(...args);
    const pushed = await git('push', '-q', ssh.url('large'), 'main');
    if (pushed.status !== 0) throw new Error(pushed.stderr);
    return (await git('rev-parse', 'HEAD')).stdout.trim();
  }

  async function login(to = ssh): Promise<Client> {
    const client = new Client();
    client.on('error', () => {});
    client.connect({
      host: '127.0.0.1',
      port: to.port,
      username: 'git',
      privateKey: readFileSync(ada.file),
      keepaliveInterval: 0,
    });
    await once(client, 'ready');
    return client;
  }

  async function startFetch(from = ssh): Promise<{ client: Client; channel: ClientChannel }> {
    const client = await login(from);
    const channel = await new Promise<ClientChannel>((resolve, reject) => {
      const env = { env: { GIT_PROTOCOL: 'version=2' } };
      client.exec("git-upload-pack '/ada/large.git'", env, (error, opened) =>
        error ? reject(error) : resolve(opened),
      );
    });
    await once(channel, 'data');
    return { client, channel };
  }

  function fetchRequest(): Buffer {
    const pkts = ['command=fetch\n', 'object-format=sha1\n', DELIM, `want ${mainId}\n`, 'done\n', FLUSH];
    return Buffer.concat([...encodePktLines(pkts)]);
  }

  /** The server's sides of the connections that it has. */
  function serverSockets(): Socket[] {
    return ssh.server.sockets;
  }
});

function watchPacks(services: SshServices): SshServices {
  const { engine } = services;
  const planPack: typeof engine.planPack = async (snapshot, request) => {
    request.signal?.addEventListener('abort', () => watched.abortedCount++);
    const plan = await engine.planPack(snapshot, request);
    async function* stream() {
      // The store in memory gives a pack as one chunk; it is counted by what was asked for.
      for await (const chunk of plan.stream()) {
        for (let offset = 0; offset < chunk.length; offset += PULL_BYTES) {
          const piece = chunk.subarray(offset, offset + PULL_BYTES);
          watched.pulledBytes += piece.length;
          yield piece;
        }
      }
    }
    return { ...plan, stream };
  };
  return {
    ...services,
    engine: {
      snapshot: engine.snapshot.bind(engine),
      readableSnapshot: engine.readableSnapshot.bind(engine),
      receive: engine.receive.bind(engine),
      planPack,
    },
  };
}

interface ProtocolOfClient {
  rekey(): void;
  ping(): void;
  channelWindowAdjust(channel: number, bytes: number): void;
  channelData(channel: number, bytes: Buffer): void;
}

function protocolOf(client: Client): ProtocolOfClient {
  return (client as unknown as { _protocol: ProtocolOfClient })._protocol;
}

function socketOf(client: Client): Socket {
  return (client as unknown as { _sock: Socket })._sock;
}

function endlessWindow(client: Client, channel: ClientChannel): void {
  protocolOf(client).channelWindowAdjust(channelIdOf(channel), 1_000 * MIB);
}

function channelIdOf(channel: ClientChannel): number {
  return (channel as unknown as { outgoing: { id: number } }).outgoing.id;
}

/** What a client gets to read, with nobody else reading. */
function firstLine(socket: Socket): Promise<string> {
  return new Promise((resolve) => {
    socket.once('data', (bytes: Buffer) => resolve(bytes.toString('latin1').split('\r\n', 1)[0] ?? ''));
    socket.once('close', () => resolve('closed'));
  });
}

/** Not `once`, which an error on the way would end. */
function closeOf(client: Client): Promise<void> {
  return new Promise((resolve) => client.once('close', () => resolve()));
}

async function leave(client: Client): Promise<void> {
  const closed = closeOf(client);
  socketOf(client).destroy();
  await closed;
}

/** Waits until no more of a pack is pulled. */
async function settled(): Promise<void> {
  let before = -1;
  while (before !== watched.pulledBytes || before === 0) {
    before = watched.pulledBytes;
    await sleep(400);
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(20);
}
